package org.batchnorm4j.training;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.data.Normalisation;

/**
 * What a checkpoint knows of the pictures it was trained on. Immutable and safe for use by several
 * threads.
 *
 * @param shape shape of each picture
 * @param classes number of classes
 * @param normalisation constants that turned bytes into what the network saw
 * @param fingerprint SHA-256 of all training pixels and labels in their order, in hexadecimal
 */
public record DataFacts(
    ImageShape shape, int classes, Normalisation normalisation, String fingerprint) {
  private static final String SHAPE = "data.shape";
  private static final String CLASSES = "data.classes";
  private static final String MEAN = "data.mean";
  private static final String DEVIATION = "data.deviation";
  private static final String FINGERPRINT = "data.fingerprint";
  private static final int MOST_CLASSES = 1_000_000;

  /** Returns the facts of a training set. */
  public static DataFacts of(Dataset training) {
    MessageDigest digest = sha256();
    byte[] picture = new byte[training.shape().values() + 1];
    for (int i = 0; i < training.size(); i++) {
      training.copyPixels(i, picture, 0);
      picture[picture.length - 1] = (byte) training.label(i);
      digest.update(picture);
    }
    return new DataFacts(
        training.shape(),
        training.classes(),
        training.normalisation(),
        HexFormat.of().formatHex(digest.digest()));
  }

  /**
   * Returns pictures as the network saw its training pictures: with the constants of these facts,
   * whatever the constants of the data set. One that has other channels is returned as it is.
   */
  public Dataset normalised(Dataset data) {
    if (data.normalisation().equals(normalisation)
        || data.shape().channels() != normalisation.channels()) {
      return data;
    }
    int values = data.shape().values();
    byte[] pixels = new byte[data.size() * values];
    byte[] labels = new byte[data.size()];
    for (int i = 0; i < data.size(); i++) {
      data.copyPixels(i, pixels, i * values);
      labels[i] = (byte) data.label(i);
    }
    return Dataset.of(data.name(), data.shape(), data.classes(), normalisation, pixels, labels);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Adds these facts to the metadata of a checkpoint. */
  void putTo(Map<String, String> metadata) {
    metadata.put(SHAPE, shape.channels() + "x" + shape.height() + "x" + shape.width());
    metadata.put(CLASSES, Integer.toString(classes));
    metadata.put(MEAN, text(normalisation.mean()));
    metadata.put(DEVIATION, text(normalisation.deviation()));
    metadata.put(FINGERPRINT, fingerprint);
  }

  /** Reads the facts from the metadata of a checkpoint. */
  static DataFacts from(MetadataReader metadata) {
    return new DataFacts(
        metadata.parsed(SHAPE, "sizes such as 1x28x28", DataFacts::shape),
        (int) metadata.count(CLASSES, MOST_CLASSES),
        normalisation(metadata),
        metadata.parsed(FINGERPRINT, "64 hexadecimal digits", DataFacts::digest));
  }

  private static ImageShape shape(String text) {
    String[] sizes = text.split("x", -1);
    if (sizes.length != 3) {
      throw new IllegalArgumentException("three sizes are needed");
    }
    return new ImageShape(
        Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2]));
  }

  private static Normalisation normalisation(MetadataReader metadata) {
    List<Double> mean = metadata.parsed(MEAN, "numbers with a space between", DataFacts::numbers);
    return metadata.parsed(
        DEVIATION,
        "numbers above 0 with a space between, as many as in \"" + MEAN + "\"",
        text -> new Normalisation(mean, numbers(text)));
  }

  private static String digest(String text) {
    if (!text.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("no SHA-256");
    }
    return text;
  }

  private static String text(List<Double> numbers) {
    return String.join(" ", numbers.stream().map(number -> Double.toString(number)).toList());
  }

  private static List<Double> numbers(String text) {
    List<Double> numbers = new ArrayList<>();
    for (String word : text.split(" ", -1)) {
      numbers.add(Double.parseDouble(word));
    }
    return numbers;
  }
}
