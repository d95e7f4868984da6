package org.batchnorm4j.cli;

import java.io.PrintStream;
import java.util.Locale;
import org.batchnorm4j.training.EpochMetrics;
import org.batchnorm4j.training.Position;
import org.batchnorm4j.training.TrainingListener;

/**
 * How a run goes: on a terminal one line that is drawn anew, else a line every few seconds; with
 * {@code --quiet} nothing. Belongs to the thread that trains.
 */
final class Progress implements TrainingListener {
  private static final double BAR_SECONDS = 0.1;
  private static final double LINE_SECONDS = 5;
  private static final int BAR = 12; // with all numbers at their longest the line fits 80 columns

  private final PrintStream out;
  private final boolean terminal;
  private final boolean quiet;
  private final int epochs;
  private long start = System.nanoTime();
  private long lastShown = start;
  private long firstBatch;
  private int drawn;

  private Progress(PrintStream out, boolean terminal, boolean quiet, int epochs) {
    this.out = out;
    this.terminal = terminal;
    this.quiet = quiet;
    this.epochs = epochs;
  }

  static Progress of(Surroundings surroundings, boolean quiet, int epochs) {
    return new Progress(surroundings.out(), surroundings.terminal(), quiet, epochs);
  }

  /** Training is about to begin, or to go on, at the given position. */
  void begin(Position position, int batches) {
    start = System.nanoTime();
    lastShown = start;
    firstBatch = (long) position.epoch() * batches + position.batch();
  }

  @Override
  public void batchDone(Position position, int batches, double imagesPerSecond) {
    if (quiet) {
      return;
    }
    long now = System.nanoTime();
    boolean last = position.batch() == batches;
    if ((now - lastShown) / 1e9 < (terminal ? BAR_SECONDS : LINE_SECONDS) && !(terminal && last)) {
      return;
    }
    lastShown = now;
    String numbers =
        String.format(
            Locale.ROOT,
            "%,.0f images/s, loss %.4f, ETA %s",
            imagesPerSecond,
            position.meanLoss(),
            duration(remaining(position, batches, now)));
    String epoch = "epoch " + (position.epoch() + 1) + "/" + epochs;
    if (terminal) {
      draw(
          String.format(
              Locale.ROOT,
              "%s [%s] %d/%d, %s",
              epoch,
              bar(position.batch(), batches),
              position.batch(),
              batches,
              numbers));
    } else {
      out.printf(Locale.ROOT, "%s, batch %d/%d, %s\n", epoch, position.batch(), batches, numbers);
      out.flush();
    }
  }

  @Override
  public void testing(Position position) {
    if (!quiet && terminal) {
      draw("epoch " + (position.epoch() + 1) + "/" + epochs + " testing");
    }
  }

  @Override
  public void epochDone(EpochMetrics row) {
    if (quiet) {
      return;
    }
    if (terminal) {
      draw("");
      out.print('\r');
    }
    out.printf(
        Locale.ROOT,
        "epoch %d/%d: loss %.4f, accuracy %.2f %%; test loss %.4f, test accuracy %.2f %%;"
            + " %s images/s, %s\n",
        row.epoch(),
        epochs,
        row.trainLoss(),
        100 * row.trainAccuracy(),
        row.testLoss(),
        100 * row.testAccuracy(),
        speed(row.imagesPerSecond()),
        duration(row.seconds()));
    out.flush();
  }

  /** Pictures per second; a dash where a resumed run had none left to train on. */
  private static String speed(double imagesPerSecond) {
    return Double.isNaN(imagesPerSecond)
        ? "-"
        : String.format(Locale.ROOT, "%,.0f", imagesPerSecond);
  }

  /** Seconds that the batches to come will take if they are like those since the start. */
  private double remaining(Position position, int batches, long now) {
    long done = (long) position.epoch() * batches + position.batch();
    long all = (long) epochs * batches;
    return (now - start) / 1e9 / Math.max(1, done - firstBatch) * (all - done);
  }

  /** Replaces the last line of the terminal; a shorter text is filled up with spaces. */
  private void draw(String text) {
    out.print("\r" + text + " ".repeat(Math.max(0, drawn - text.length())));
    out.flush();
    drawn = text.length();
  }

  private static String bar(int done, int all) {
    int full = (int) ((long) BAR * done / all);
    return "=".repeat(full) + (full < BAR ? ">" : "") + " ".repeat(Math.max(0, BAR - full - 1));
  }

  /**
   * Minutes and seconds, with hours where need be: {@code 0:07}, {@code 12:05}, {@code 1:00:00}.
   */
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    String minutes = String.format(Locale.ROOT, "%d:%02d", whole / 60 % 60, whole % 60);
    return whole < 3600
        ? minutes
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
