package org.batchnorm4j.autograd;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * The statistics by which one tensor is normalised: moments of all of it, or of each of several
 * parts, reduced as its pass says ({@link Pass#withStatistics}). The same reduction serves the
 * backward pass.
 *
 * <p>As safe for use by many threads as the reducer of the pass.
 */
public final class BatchStatistics {
  private final String layer;
  private final StatisticsReducer reducer;
  private final int[] cuts;
  private final BatchMoments[] moments;

  private BatchStatistics(
      String layer, StatisticsReducer reducer, int[] cuts, BatchMoments[] moments) {
    this.layer = layer;
    this.reducer = reducer;
    this.cuts = cuts;
    this.moments = moments;
  }

  /**
   * Takes the moments of a tensor and reduces them.
   *
   * @param layer which layer asks, as errors name it
   * @param x (N, C, ...)
   * @param samples how many samples axis 0 holds; N, or a divisor where axes were merged into it
   * @param pass whose backend computes and whose reducer reduces
   */
  public static BatchStatistics of(String layer, Tensor x, int samples, Pass pass) {
    StatisticsReducer reducer = pass.statistics();
    int[] cuts = reducer.cuts(samples);
    int rowsPerSample = samples == 0 ? 1 : x.axis(0) / samples;
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] *= rowsPerSample;
    }
    BatchMoments[] moments = new BatchMoments[cuts.length - 1];
    for (int i = 0; i < moments.length; i++) {
      Tensor part = moments.length == 1 ? x : x.range(cuts[i], cuts[i + 1]);
      moments[i] = reducer.moments(layer, pass.backend().channelMoments(part));
    }
    return new BatchStatistics(layer, reducer, cuts, moments);
  }

  /** Moments of x that need no reduction. */
  static BatchStatistics own(Tensor x, BatchMoments moments) {
    if (moments.count() * moments.channels() != x.size()) {
      throw new ShapeException(
          "batch_norm: moments of "
              + moments.count()
              + " values in each of "
              + moments.channels()
              + " channels are not those of the input shape "
              + x.shape());
    }
    return new BatchStatistics(
        "batch_norm",
        StatisticsReducer.local(),
        new int[] {0, x.axis(0)},
        new BatchMoments[] {moments});
  }

  /** Number of parts that are normalised one by one. */
  public int parts() {
    return moments.length;
  }

  /** The moments that normalise a part. */
  public BatchMoments moments(int part) {
    return moments[part];
  }

  /** The samples of a part, recorded. */
  public Tensor range(Tensor x, int part, Pass pass) {
    return Shaping.range(x, from(part), to(part), pass);
  }

  /** The statistics of a part alone, for what {@link #range} gives. */
  public BatchStatistics part(int part) {
    return new BatchStatistics(
        layer, reducer, new int[] {0, to(part) - from(part)}, new BatchMoments[] {moments[part]});
  }

  /**
   * Moves running statistics as the reducer says, see {@link StatisticsReducer#update}.
   *
   * @param target what holds them
   * @param change moves them by the moments of each part
   */
  public void update(Object target, Runnable change) {
    reducer.update(target, change);
  }

  int from(int part) {
    return cuts[part];
  }

  int to(int part) {
    return cuts[part + 1];
  }

  GradientSums reduced(GradientSums local) {
    return reducer.sums(layer, local);
  }

  /** The sum over everyone of a share that each has, recorded, for gradients of gradients. */
  Tensor total(Tensor share, Pass pass) {
    return Totals.of(layer + " sums of its gradient", share, reducer, pass);
  }
}
