package org.batchnorm4j.nn;

/**
 * How an instance normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, momentum 0.1, neither weight
 * nor bias, no running statistics.
 */
public final class InstanceNormOptions {
  private static final InstanceNormOptions DEFAULTS =
      new InstanceNormOptions(1e-5, 0.1, false, false);

  private final double eps;
  private final double momentum;
  private final boolean affine;
  private final boolean trackRunningStats;

  private InstanceNormOptions(
      double eps, double momentum, boolean affine, boolean trackRunningStats) {
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
  }

  /** PyTorch's defaults. */
  public static InstanceNormOptions defaults() {
    return DEFAULTS;
  }

  /** labml's layer, and PuzzleLib's {@code InstanceNorm2D}: weight and bias, nothing tracked. */
  public static InstanceNormOptions labml() {
    return DEFAULTS.withAffine(true);
  }

  /**
   * Added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number
   */
  public InstanceNormOptions withEps(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException(
          "instance_norm eps must be non-negative, but got " + value);
    }
    return new InstanceNormOptions(value, momentum, affine, trackRunningStats);
  }

  /**
   * Weight of the <em>new</em> batch in the running statistics. 0 leaves them as they are, which is
   * what PyTorch makes of {@code momentum=None} here.
   *
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  public InstanceNormOptions withMomentum(double value) {
    RunningStatistics.checkMomentum("instance_norm", value);
    return new InstanceNormOptions(eps, value, affine, trackRunningStats);
  }

  /** Whether there are weight and bias. */
  public InstanceNormOptions withAffine(boolean value) {
    return new InstanceNormOptions(eps, momentum, value, trackRunningStats);
  }

  /** Whether there are running statistics, which then normalise in inference. */
  public InstanceNormOptions withTrackRunningStats(boolean value) {
    return new InstanceNormOptions(eps, momentum, affine, value);
  }

  /** Added to the variance inside the root. */
  public double eps() {
    return eps;
  }

  /** Weight of the <em>new</em> batch in the running statistics. */
  public double momentum() {
    return momentum;
  }

  /** Whether there are weight and bias. */
  public boolean affine() {
    return affine;
  }

  /** Whether there are running statistics. */
  public boolean trackRunningStats() {
    return trackRunningStats;
  }

  @Override
  public String toString() {
    return "eps="
        + PythonText.of(eps)
        + ", momentum="
        + PythonText.of(momentum)
        + ", affine="
        + PythonText.of(affine)
        + ", track_running_stats="
        + PythonText.of(trackRunningStats);
  }
}
