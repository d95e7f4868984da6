package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.batchnorm4j.data.DataSource;
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
   * @throws IllegalArgumentException if it was not made by this program
   */
  static RunPlan of(Checkpoint checkpoint) {
    Map<String, String> labels = checkpoint.labels();
    return new RunPlan(
        Network.named(required(labels, MODEL)),
        Norm.named(required(labels, NORM)),
        DataSource.parse(required(labels, DATA)),
        Integer.parseInt(required(labels, HOLDOUT)),
        checkpoint.options());
  }

  private static String required(Map<String, String> labels, String name) {
    String text = labels.get(name);
    if (text == null) {
      throw new IllegalArgumentException(
          "the checkpoint does not say its " + name + "; batchnorm4j train did not write it");
    }
    return text;
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

  /** The plan as values of the command line's options, by name. */
  Map<String, String> values() {
    Map<String, String> values = labels();
    values.putAll(options.toMap());
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
