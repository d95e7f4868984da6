package org.batchnorm4j.statistics;

import java.util.Arrays;

/**
 * {@link ChannelMoments} of every channel of a batch, as arrays. All channels share one count.
 * Immutable by convention: nobody writes to the arrays once they are filled. Safe for use by many
 * threads.
 */
public final class BatchMoments {
  private final long count;
  private final double[] mean;
  private final double[] m2;

  /**
   * Takes over the arrays.
   *
   * @param count values per channel
   * @param mean mean of each channel
   * @param m2 sum of squared deviations from the mean, per channel
   */
  public BatchMoments(long count, double[] mean, double[] m2) {
    if (mean.length != m2.length) {
      throw new IllegalArgumentException(
          "means of " + mean.length + " channels but M2 of " + m2.length);
    }
    this.count = count;
    this.mean = mean;
    this.m2 = m2;
  }

  /** Values per channel. */
  public long count() {
    return count;
  }

  /** Number of channels. */
  public int channels() {
    return mean.length;
  }

  /** Mean of one channel. */
  public double mean(int channel) {
    return mean[channel];
  }

  /** The means, as a new array. */
  public double[] means() {
    return mean.clone();
  }

  /** Sum of squared deviations of one channel. */
  public double m2(int channel) {
    return m2[channel];
  }

  /** Variance of one channel: M2 / M or M2 / (M - 1); NaN where that has no meaning. */
  public double variance(int channel, VarianceEstimator estimator) {
    return ChannelMoments.variance(count, m2[channel], estimator);
  }

  /** The moments of both batches together (Chan, Golub, LeVeque 1983), channel by channel. */
  public BatchMoments merge(BatchMoments other) {
    if (other.channels() != channels()) {
      throw new IllegalArgumentException(
          "cannot merge moments of " + channels() + " channels with " + other.channels());
    }
    double[] mergedMean = new double[mean.length];
    double[] mergedM2 = new double[mean.length];
    for (int c = 0; c < mean.length; c++) {
      ChannelMoments merged =
          new ChannelMoments(count, mean[c], m2[c])
              .merge(new ChannelMoments(other.count, other.mean[c], other.m2[c]));
      mergedMean[c] = merged.mean();
      mergedM2[c] = merged.m2();
    }
    return new BatchMoments(count + other.count, mergedMean, mergedM2);
  }

  @Override
  public String toString() {
    return "count=" + count + " mean=" + Arrays.toString(mean) + " m2=" + Arrays.toString(m2);
  }
}
