package org.batchnorm4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.training.BatchParts;
import org.batchnorm4j.training.EpochMetrics;
import org.batchnorm4j.training.Position;
import org.batchnorm4j.training.RunDirectory;
import org.batchnorm4j.training.TrainingOptions;
import org.batchnorm4j.training.TrainingResult;
import org.jspecify.annotations.Nullable;

/**
 * What {@code train} says before and after a run, on one screen.
 *
 * @param plan what was trained
 * @param data on what
 * @param parameters how many values the network has to learn
 * @param backend what computes, in one line
 * @param directory where the files lie
 */
record RunReport(
    RunPlan plan, DataSplit data, long parameters, String backend, RunDirectory directory) {
  private static final int ROWS = 14;

  /** What is about to happen. */
  String opening(Position position, @Nullable Path resumed) {
    TrainingOptions options = plan.options();
    StringBuilder text = new StringBuilder();
    text.append(resumed == null ? "Training " : "Going on to train ").append(subject());
    text.append(options()).append(backend).append('\n');
    if (resumed != null) {
      text.append("from ").append(resumed).append(", ").append(reached(position)).append('\n');
    }
    int size = data.training().size();
    if (options.batchSize() > 1 && size % options.batchSize() == 1) {
      text.append(
          String.format(
              Locale.ROOT,
              "each epoch leaves one picture out, another one each time: %,d pictures in batches of"
                  + " %d would end with a batch of one, which has no variance\n",
              size,
              options.batchSize()));
    }
    return text.toString();
  }

  /** How far a run has come: {@code 1 epoch and 3 batches done}. */
  static String reached(Position position) {
    return position.epoch()
        + (position.epoch() == 1 ? " epoch" : " epochs")
        + " and "
        + position.batch()
        + (position.batch() == 1 ? " batch done" : " batches done");
  }

  private String subject() {
    return String.format(
        Locale.ROOT,
        "%s (norm %s, %,d parameters) on %s: %,d pictures %dx%dx%d to train, %,d to test\n",
        plan.model().option(),
        plan.norm().name(),
        parameters,
        plan.data(),
        data.training().size(),
        data.training().shape().channels(),
        data.training().shape().height(),
        data.training().shape().width(),
        data.test().size());
  }

  private String options() {
    TrainingOptions options = plan.options();
    String augmentation =
        (options.crop() > 0 ? ", crop " + options.crop() : "") + (options.flip() ? ", flip" : "");
    return options.epochs()
        + (options.epochs() == 1 ? " epoch" : " epochs")
        + ", batches of "
        + options.batchSize()
        + ", "
        + options.optimizer().option()
        + " at "
        + options.learningRate()
        + " ("
        + options.schedule().option()
        + ")"
        + augmentation
        + parts(options.parts())
        + ", seed "
        + options.seed()
        + "; ";
  }

  private static String parts(BatchParts parts) {
    return (parts.replicas() > 1 ? ", " + parts.replicas() + " replicas" : "")
        + (parts.microBatches() > 1 ? ", " + parts.microBatches() + " micro-batches" : "")
        + (parts.ghost() > 0 ? ", ghost batches of " + parts.ghost() : "");
  }

  /** The summary of a run that has finished; the last line is the test accuracy in percent. */
  String closing(TrainingResult result) {
    StringBuilder text = new StringBuilder("\nTrained ").append(subject());
    text.append(options()).append(backend).append("\n\n");
    text.append("epoch  loss    accuracy   test loss  test accuracy  images/s   time\n");
    List<EpochMetrics> rows = result.metrics();
    if (rows.size() > ROWS) {
      text.append("       ... (all epochs are in metrics.csv)\n");
      rows = rows.subList(rows.size() - ROWS, rows.size());
    }
    rows.forEach(row -> text.append(row(row)));
    text.append(
        String.format(
            Locale.ROOT,
            "\n%s of training and testing, %s images/s\n",
            Progress.duration(result.seconds()),
            number(result.imagesPerSecond())));
    text.append("weights and state  ").append(directory.checkpoint()).append('\n');
    text.append("metrics            ").append(directory.metrics()).append('\n');
    text.append("summary            ").append(directory.summary()).append('\n');
    text.append(
        String.format(
            Locale.ROOT, "test accuracy: %.2f %%\n", 100 * result.lastEpoch().testAccuracy()));
    return text.toString();
  }

  private static String row(EpochMetrics row) {
    return String.format(
        Locale.ROOT,
        "%5d  %.4f  %7.2f %%  %9.4f  %11.2f %%  %8s  %5s\n",
        row.epoch(),
        row.trainLoss(),
        100 * row.trainAccuracy(),
        row.testLoss(),
        100 * row.testAccuracy(),
        number(row.imagesPerSecond()),
        Double.isNaN(row.seconds()) ? "-" : Progress.duration(row.seconds()));
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%,.0f", value);
  }

  /**
   * What to say when a run was asked to stop and has saved.
   *
   * @param again options that a run does not remember, as they were given
   */
  String stopped(Position position, int batches, List<String> again) {
    List<String> words = new ArrayList<>();
    words.add(System.getProperty("batchnorm4j.command", "./batchnorm4j"));
    words.addAll(List.of("train", "--resume", directory.checkpoint().toString()));
    words.addAll(again);
    return "\nStopped and saved behind batch "
        + position.batch()
        + " of "
        + batches
        + " in epoch "
        + (position.epoch() + 1)
        + ". Go on with:\n  "
        // paths may be relative, that of the data too: from another directory they would name
        // nothing, or another run
        + ShellWords.join(List.of("cd", Path.of("").toAbsolutePath().toString()))
        + " && "
        + ShellWords.join(words);
  }
}
