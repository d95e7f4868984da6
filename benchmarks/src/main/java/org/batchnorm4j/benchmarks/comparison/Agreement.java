package org.batchnorm4j.benchmarks.comparison;

import org.batchnorm4j.tensor.DType;

/**
 * Whether a contender computed what we did. Coarse on purpose: it tells another formula from other
 * rounding; docs/accuracy.md compares digits.
 *
 * <p>A sum of M values of order one in float32 lanes, of which every peer has at least 8, is off by
 * at most {@code M * k * u}, with {@code k = M / 8 + 64} and {@code u = 2^-24}. All results are
 * made from few such sums divided by M, with factors below 8 for the data of {@link Problem};
 * gradients of gamma and beta are the sums themselves. A tensor stored in bfloat16 is rounded by
 * each side once, by {@code 2^-8} of the value.
 *
 * <p>Behind a ReLU a value that rounding alone makes positive or not passes its gradient or not:
 * there one value in 10,000 may differ by any amount, and sums by as many of their summands. Such
 * sums, divided by M, move the gradients of all of the channel's values.
 */
final class Agreement {
  private static final double MAY_FLIP = 1e-4;

  private Agreement() {}

  /** The largest difference as a share of what is allowed; NaN if there is a NaN. */
  static double share(Problem problem, Outputs ours, Outputs theirs) {
    double count = problem.shape().perChannel();
    double bound = 8 * (count / 8 + 64) * 0x1p-24;
    boolean backward = problem.operation().isBackward();
    boolean gated = backward && problem.operation().rectifies();
    double rounding = problem.storage() == DType.FLOAT32 ? 0 : 0x1p-7;
    // summands of gradients of gamma and beta are below 16
    double flipped = gated ? 16 * (1 + MAY_FLIP * count) : 0;
    double sums = backward ? count * bound + flipped : bound;
    double moved = 8 * flipped / count;
    double flips = gated ? MAY_FLIP : 0;
    return Math.max(
        Math.max(
            share(ours.tensor(), theirs.tensor(), bound + rounding + moved, flips),
            share(ours.residual(), theirs.residual(), bound + rounding, flips)),
        Math.max(
            share(ours.first(), theirs.first(), sums, 0),
            share(ours.second(), theirs.second(), sums, 0)));
  }

  private static double share(float[] ours, float[] theirs, double bound, double mayDiffer) {
    if (ours.length != theirs.length) {
      return Double.NaN;
    }
    double largest = 0;
    double largestAllowed = 0;
    long beyond = 0;
    for (int i = 0; i < ours.length; i++) {
      double allowed = bound * (1 + Math.abs((double) ours[i]));
      double share = Math.abs((double) ours[i] - theirs[i]) / allowed;
      largest = Math.max(largest, share);
      if (share > 1) {
        beyond++;
      } else {
        largestAllowed = Math.max(largestAllowed, share);
      }
    }
    return beyond <= mayDiffer * ours.length && !Double.isNaN(largest) ? largestAllowed : largest;
  }
}
