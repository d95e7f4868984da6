package org.batchnorm4j.nn;

import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.statistics.VarianceEstimator;

/**
 * How a batch normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, momentum 0.1, affine with
 * bias, running statistics with the <em>unbiased</em> variance.
 */
public final class BatchNormOptions {
  private static final BatchNormOptions DEFAULTS =
      new BatchNormOptions(
          1e-5, AveragingRule.exponential(0.1), VarianceEstimator.UNBIASED, true, true, true);

  private final double eps;
  private final AveragingRule averaging;
  private final VarianceEstimator runningVariance;
  private final boolean affine;
  private final boolean bias;
  private final boolean trackRunningStats;

  private BatchNormOptions(
      double eps,
      AveragingRule averaging,
      VarianceEstimator runningVariance,
      boolean affine,
      boolean bias,
      boolean trackRunningStats) {
    this.eps = eps;
    this.averaging = averaging;
    this.runningVariance = runningVariance;
    this.affine = affine;
    this.bias = bias;
    this.trackRunningStats = trackRunningStats;
  }

  /** PyTorch's defaults. */
  public static BatchNormOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number; training needs more than 0
   */
  public BatchNormOptions withEps(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException("batch_norm eps must be non-negative, but got " + value);
    }
    return new BatchNormOptions(value, averaging, runningVariance, affine, bias, trackRunningStats);
  }

  /** Momentum as PyTorch means it: the weight of the <em>new</em> batch in the running averages. */
  public BatchNormOptions withMomentum(double weightOfNewBatch) {
    return withAveraging(AveragingRule.exponential(weightOfNewBatch));
  }

  /** Running averages that are the plain mean of all batches: PyTorch's {@code momentum=None}. */
  public BatchNormOptions withCumulativeAverage() {
    return withAveraging(AveragingRule.cumulative());
  }

  /** Any rule for the running averages. */
  public BatchNormOptions withAveraging(AveragingRule rule) {
    return new BatchNormOptions(eps, rule, runningVariance, affine, bias, trackRunningStats);
  }

  /** Which variance the running average follows; the biased one normalises in any case. */
  public BatchNormOptions withRunningVariance(VarianceEstimator estimator) {
    return new BatchNormOptions(eps, averaging, estimator, affine, bias, trackRunningStats);
  }

  /** Whether there is a gamma, and a beta unless {@link #withBias} says no. */
  public BatchNormOptions withAffine(boolean value) {
    return new BatchNormOptions(eps, averaging, runningVariance, value, bias, trackRunningStats);
  }

  /** Whether an affine layer has a beta. */
  public BatchNormOptions withBias(boolean value) {
    return new BatchNormOptions(eps, averaging, runningVariance, affine, value, trackRunningStats);
  }

  /** Whether there are running statistics; without them inference uses those of its batch. */
  public BatchNormOptions withTrackRunningStats(boolean value) {
    return new BatchNormOptions(eps, averaging, runningVariance, affine, bias, value);
  }

  /** Added to the variance inside the root. */
  public double eps() {
    return eps;
  }

  /** How running averages move. */
  public AveragingRule averaging() {
    return averaging;
  }

  /** Which variance the running average follows. */
  public VarianceEstimator runningVariance() {
    return runningVariance;
  }

  /** Whether there is a gamma. */
  public boolean affine() {
    return affine;
  }

  /** Whether an affine layer has a beta. */
  public boolean bias() {
    return bias;
  }

  /** Whether there are running statistics. */
  public boolean trackRunningStats() {
    return trackRunningStats;
  }

  @Override
  public String toString() {
    return "eps="
        + eps
        + ", averaging="
        + averaging
        + ", running_variance="
        + runningVariance
        + ", affine="
        + affine
        + ", bias="
        + bias
        + ", track_running_stats="
        + trackRunningStats;
  }
}
