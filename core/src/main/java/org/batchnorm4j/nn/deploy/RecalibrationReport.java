package org.batchnorm4j.nn.deploy;

import java.util.List;

/**
 * What {@link Recalibration} did. Immutable and safe for use by many threads.
 *
 * @param batches number of batches in one pass
 * @param changed the layers with new statistics, in the order in which the model uses them
 * @param kept the batch norms that were left alone
 */
public record RecalibrationReport(int batches, List<Change> changed, List<KeptBatchNorm> kept) {

  /** Copies the lists. */
  public RecalibrationReport {
    changed = List.copyOf(changed);
    kept = List.copyOf(kept);
  }

  /**
   * New statistics of a layer, beside the old ones.
   *
   * @param path the layer
   * @param values number of values in each channel that they were taken from
   * @param meanShift largest {@code |new mean - old mean| / sqrt(new variance + eps)} of a channel
   * @param varianceRatio the {@code (new variance + eps) / (old variance + eps)} of a channel that
   *     is farthest from 1, up or down
   */
  public record Change(String path, long values, double meanShift, double varianceRatio) {}
}
