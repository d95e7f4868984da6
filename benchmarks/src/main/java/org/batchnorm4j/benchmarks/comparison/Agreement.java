package org.batchnorm4j.benchmarks.comparison;

/**
 * Whether a contender computed what we did. Coarse on purpose: it tells another formula from other
 * rounding; docs/accuracy.md compares digits.
 *
 * <p>A sum of M values of order one in float32 lanes, of which every peer has at least 8, is off by
 * at most {@code M * k * u}, with {@code k = M / 8 + 64} and {@code u = 2^-24}. All results are
 * made from few such sums divided by M, with factors below 8 for the data of {@link Problem};
 * gradients of gamma and beta are the sums themselves.
 */
final class Agreement {
  private Agreement() {}

  /** The largest difference as a share of what is allowed; NaN if there is a NaN. */
  static double share(Problem problem, Outputs ours, Outputs theirs) {
    double count = problem.shape().perChannel();
    double bound = 8 * (count / 8 + 64) * 0x1p-24;
    double sums = problem.direction() == Direction.BACKWARD ? count : 1;
    return Math.max(
        share(ours.tensor(), theirs.tensor(), bound),
        Math.max(
            share(ours.first(), theirs.first(), bound * sums),
            share(ours.second(), theirs.second(), bound * sums)));
  }

  private static double share(float[] ours, float[] theirs, double bound) {
    if (ours.length != theirs.length) {
      return Double.NaN;
    }
    double largest = 0;
    for (int i = 0; i < ours.length; i++) {
      double allowed = bound * (1 + Math.abs((double) ours[i]));
      largest = Math.max(largest, Math.abs((double) ours[i] - theirs[i]) / allowed);
    }
    return largest;
  }
}
