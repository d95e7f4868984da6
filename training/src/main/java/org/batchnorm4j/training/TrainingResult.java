package org.batchnorm4j.training;

import java.util.List;

/**
 * Where a run ended. Immutable and safe for use by several threads.
 *
 * @param position how far it came
 * @param metrics one row for each finished epoch
 * @param finished whether all epochs are done; false if it was asked to stop before
 */
public record TrainingResult(Position position, List<EpochMetrics> metrics, boolean finished) {

  /** Copies the rows. */
  public TrainingResult {
    metrics = List.copyOf(metrics);
  }

  /**
   * Returns the last row.
   *
   * @throws IllegalStateException if no epoch was finished
   */
  public EpochMetrics lastEpoch() {
    if (metrics.isEmpty()) {
      throw new IllegalStateException("the run has finished no epoch yet");
    }
    return metrics.getLast();
  }

  /** Returns the seconds of all epochs whose time is known. */
  public double seconds() {
    return metrics.stream()
        .mapToDouble(EpochMetrics::seconds)
        .filter(seconds -> !Double.isNaN(seconds))
        .sum();
  }

  /**
   * Returns the training pictures per second over all epochs whose time is known, NaN if none is.
   */
  public double imagesPerSecond() {
    double secondsPerImage =
        metrics.stream()
            .mapToDouble(row -> 1 / row.imagesPerSecond())
            .filter(value -> !Double.isNaN(value))
            .average()
            .orElse(Double.NaN);
    return 1 / secondsPerImage;
  }
}
