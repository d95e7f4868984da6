package org.batchnorm4j.cli.line;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that somebody may have meant. Stateless. */
final class Nearest {
  private Nearest() {}

  /**
   * Returns the known word with the fewest edits (insert, delete, replace, swap neighbours) from
   * {@code word}, if these are at most a third of its letters, and at least one may differ; a word
   * that begins with {@code word} counts as one edit away.
   */
  static Optional<String> of(String word, List<String> known) {
    int bound = Math.max(1, letters(word).length() / 3);
    return known.stream()
        .filter(candidate -> distance(word, candidate) <= bound)
        .min(Comparator.comparingInt(candidate -> distance(word, candidate)));
  }

  private static String letters(String word) {
    return word.toLowerCase(Locale.ROOT).replaceAll("^-+", "");
  }

  private static int distance(String word, String candidate) {
    String a = letters(word);
    String b = letters(candidate);
    if (a.length() > 1 && b.startsWith(a)) {
      return 1;
    }
    return edits(a, b);
  }

  /** Damerau's distance without edits between swapped letters (optimal string alignment). */
  private static int edits(String a, String b) {
    int[][] edits = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          edits[i][j] = i + j;
          continue;
        }
        int replaced = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int best = Math.min(edits[i - 1][j], edits[i][j - 1]) + 1;
        best = Math.min(best, edits[i - 1][j - 1] + replaced);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        edits[i][j] = swapped ? Math.min(best, edits[i - 2][j - 2] + 1) : best;
      }
    }
    return edits[a.length()][b.length()];
  }
}
