package org.batchnorm4j.statistics;

/**
 * Count, mean and sum of squared deviations from the mean (M2) of the values of one channel: all
 * that batch normalisation needs to know about them, and what can be merged exactly as if the
 * values had been seen together.
 *
 * <p>Immutable and safe to share between threads.
 *
 * @param count how many values; 0 is the neutral element of {@link #merge}
 * @param mean their mean; 0 when there are none
 * @param m2 {@code sum((x - mean)^2)}; NaN or infinite values propagate
 */
public record ChannelMoments(long count, double mean, double m2) {

  /** The moments of no values. */
  public static final ChannelMoments EMPTY = new ChannelMoments(0, 0.0, 0.0);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if {@code count} or {@code m2} is negative, or if {@code
   *     count} is 0 and {@code mean} or {@code m2} is not 0
   */
  public ChannelMoments {
    if (count < 0) {
      throw new IllegalArgumentException(
          "count of channel moments is " + count + ", expected 0 or more");
    }
    if (m2 < 0) {
      throw new IllegalArgumentException("m2 of channel moments is " + m2 + ", expected 0 or more");
    }
    if (count == 0 && (mean != 0 || m2 != 0)) {
      throw new IllegalArgumentException(
          "channel moments of 0 values have mean " + mean + " and m2 " + m2 + ", expected 0 and 0");
    }
  }

  /**
   * The moments of the values of both sides together: with {@code delta = other.mean - mean} and
   * {@code n = count + other.count}, {@code mean + delta * other.count / n} and {@code m2 +
   * other.m2 + delta^2 * count * other.count / n}.
   *
   * <ul>
   *   <li>An empty side leaves the other as it is, bit for bit.
   *   <li>Equal means stay exactly equal and add nothing to M2.
   *   <li>NaN and infinite means propagate.
   * </ul>
   *
   * <p>Source: Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance",
   * equation 2.1.
   *
   * @throws ArithmeticException if the counts add up to more than {@code Long.MAX_VALUE}
   */
  public ChannelMoments merge(ChannelMoments other) {
    if (other.count == 0) {
      return this;
    }
    if (count == 0) {
      return other;
    }
    long total = Math.addExact(count, other.count);
    double delta = other.mean - mean;
    return new ChannelMoments(
        total,
        mergedMean(mean, delta, other.count, total),
        mergedM2(m2, other.m2, delta, count, other.count, total));
  }

  /**
   * Merges {@code addedCount} values with mean {@code addedMeans[meansFrom + c]} and M2 {@code
   * addedM2s[m2sFrom + c]} into the {@code count} values described by {@code means[at + c]} and
   * {@code m2s[at + c]}, for {@code channels} channels {@code c}, as {@link #merge} does, and
   * returns the new count. For merging many blocks without allocation; call it in a fixed order of
   * blocks to get the same bits each time. If {@code count} is 0 the old contents of {@code means}
   * and {@code m2s} are ignored. The two added arrays may be one array of pairs (mean, M2) with
   * {@code m2sFrom = meansFrom + 1} and one channel.
   *
   * @throws ArithmeticException if the counts add up to more than {@code Long.MAX_VALUE}
   */
  public static long mergeInto(
      long count,
      double[] means,
      double[] m2s,
      int at,
      long addedCount,
      double[] addedMeans,
      int meansFrom,
      double[] addedM2s,
      int m2sFrom,
      int channels) {
    if (addedCount == 0) {
      return count;
    }
    if (count == 0) {
      System.arraycopy(addedMeans, meansFrom, means, at, channels);
      System.arraycopy(addedM2s, m2sFrom, m2s, at, channels);
      return addedCount;
    }
    long total = Math.addExact(count, addedCount);
    for (int c = 0; c < channels; c++) {
      double delta = addedMeans[meansFrom + c] - means[at + c];
      means[at + c] = mergedMean(means[at + c], delta, addedCount, total);
      m2s[at + c] = mergedM2(m2s[at + c], addedM2s[m2sFrom + c], delta, count, addedCount, total);
    }
    return total;
  }

  private static double mergedMean(double mean, double delta, long added, long total) {
    return mean + delta * ((double) added / total);
  }

  private static double mergedM2(
      double m2, double addedM2, double delta, long count, long added, long total) {
    return m2 + addedM2 + delta * delta * ((double) count * ((double) added / total));
  }

  /**
   * The variance by the given estimator. Without values it is NaN (0 / 0), and so is the unbiased
   * variance of a single value; callers that cannot accept that refuse such batches.
   */
  public double variance(VarianceEstimator estimator) {
    return variance(count, m2, estimator);
  }

  static double variance(long count, double m2, VarianceEstimator estimator) {
    return switch (estimator) {
      case BIASED -> m2 / count;
      case UNBIASED -> count == 0 ? Double.NaN : m2 / (count - 1);
    };
  }
}
