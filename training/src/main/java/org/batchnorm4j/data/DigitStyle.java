package org.batchnorm4j.data;

import java.util.ArrayList;
import java.util.List;

/**
 * One way to write a digit.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param weight how often the style is met relative to the others of its digit
 * @param strokes the pen's paths, each without lifting the pen
 */
record DigitStyle(int weight, List<Stroke> strokes) {

  DigitStyle {
    strokes = List.copyOf(strokes);
  }

  /**
   * One path of the pen.
   *
   * @param points x and y of each point by turns, in units of the digit's height
   * @param corners whether the pen turns sharply at the point of the same number
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared; read only inside this package
  record Stroke(double[] points, boolean[] corners) {
    int size() {
      return corners.length;
    }
  }

  /** Reads {@code "weight: x,y x,y! ... | x,y ..."} as {@link DigitStyles} describes it. */
  static DigitStyle parse(String text) {
    int colon = text.indexOf(':');
    List<Stroke> strokes = new ArrayList<>();
    for (String path : text.substring(colon + 1).split("\\|", -1)) {
      String[] words = path.strip().split(" +", -1);
      double[] points = new double[2 * words.length];
      boolean[] corners = new boolean[words.length];
      for (int i = 0; i < words.length; i++) {
        corners[i] = words[i].endsWith("!");
        String word = corners[i] ? words[i].substring(0, words[i].length() - 1) : words[i];
        int comma = word.indexOf(',');
        points[2 * i] = Integer.parseInt(word.substring(0, comma)) / 100.0;
        points[2 * i + 1] = Integer.parseInt(word.substring(comma + 1)) / 100.0;
      }
      strokes.add(new Stroke(points, corners));
    }
    return new DigitStyle(Integer.parseInt(text.substring(0, colon)), strokes);
  }
}
