package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.model.Network;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.training.Checkpoint;
import org.batchnorm4j.training.TrainingOptions;

/**
 * Everything that decides the bits of a run. Immutable.
 *
 * @param model which network
 * @param norm what normalises it
 * @param data where its pictures come from
 * @param holdout how many of them are kept for testing, 0 where there is a test set
 * @param options how it trains
 */
record RunPlan(Network model, Norm norm, DataSource data, int holdout, TrainingOptions options) {
  private static final String MODEL = "model";
  private static final String NORM = "norm";
  private static final String DATA = "data";
  private static final String HOLDOUT = "holdout";

  /** What a run does without options. */
  static RunPlan defaults() {
    return new RunPlan(
        Network.LABML_MNIST, Norm.batch(), DataSource.digits(), 0, TrainingOptions.defaults());
  }

  /**
   * The plan that a checkpoint was made by.
   *
   * @param file where it was read, for the message
   * @throws FormatException if it was not made by this program
   */
  static RunPlan of(Checkpoint checkpoint, Path file) throws FormatException {
    Map<String, String> labels = checkpoint.labels();
    String models = "one of " + String.join(", ", Network.options());
    String norms = String.join(" or ", Norm.names());
    return new RunPlan(
        label(labels, file, MODEL, models, Network::named),
        label(labels, file, NORM, norms, Norm::named),
        label(
            labels,
            file,
            DATA,
            "digits, mnist:DIR, fashion-mnist:DIR or cifar10:DIR",
            DataSource::parse),
        label(labels, file, HOLDOUT, "a whole number", Integer::valueOf),
        checkpoint.options());
  }

  private static <T> T label(
      Map<String, String> labels,
      Path file,
      String name,
      String expected,
      Function<String, T> parse)
      throws FormatException {
    String text = labels.get(name);
    String key = "metadata \"label." + name + "\"";
    if (text == null) {
      throw new FormatException(
          file, key + " is missing, expected " + expected + "; batchnorm4j train did not write it");
    }
    try {
      return parse.apply(text);
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file, key + " is " + FormatException.quote(text) + ", expected " + expected, e);
    }
  }

  /** What a checkpoint has to say about this plan beyond its options. */
  Map<String, String> labels() {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(MODEL, model.option());
    labels.put(NORM, norm.name());
    labels.put(DATA, data.toString());
    labels.put(HOLDOUT, Integer.toString(holdout));
    return labels;
  }

  /** The plan as values of the command line's options, by name: numbers, truths and words. */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>(labels());
    values.put(HOLDOUT, holdout);
    values.putAll(options.values());
    return values;
  }

  /** The word before the directory: {@code mnist} of {@code mnist:data/mnist}. */
  String dataWord() {
    return wordOf(data.toString());
  }

  private static String wordOf(String data) {
    int colon = data.indexOf(':');
    return colon < 0 ? data : data.substring(0, colon);
  }

  /** Whether two values of {@code --data} mean the same files, however the directory is spelled. */
  static boolean sameData(String one, String other) throws IOException {
    if (one.equals(other)) {
      return true;
    }
    String word = wordOf(one);
    if (!word.equals(wordOf(other)) || one.equals(word) || other.equals(word)) {
      return false;
    }
    Path first = Path.of(one.substring(word.length() + 1));
    Path second = Path.of(other.substring(word.length() + 1));
    return Files.exists(first) && Files.exists(second) && Files.isSameFile(first, second);
  }
}
