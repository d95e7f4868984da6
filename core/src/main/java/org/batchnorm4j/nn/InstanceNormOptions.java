package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * How an instance normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, momentum 0.1, neither weight
 * nor bias, no running statistics.
 */
public final class InstanceNormOptions {
  private static final InstanceNormOptions DEFAULTS =
      new InstanceNormOptions(1e-5, 0.1, false, false, DType.FLOAT32);

  private final double eps;
  private final double momentum;
  private final boolean affine;
  private final boolean trackRunningStats;
  private final DType dtype;

  private InstanceNormOptions(
      double eps, double momentum, boolean affine, boolean trackRunningStats, DType dtype) {
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.dtype = dtype;
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
    return new InstanceNormOptions(value, momentum, affine, trackRunningStats, dtype);
  }

  /**
   * Weight of the <em>new</em> batch in the running statistics. 0 leaves them as they are, which is
   * what PyTorch makes of {@code momentum=None} here.
   *
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  public InstanceNormOptions withMomentum(double value) {
    RunningStatistics.checkMomentum("instance_norm", value);
    return new InstanceNormOptions(eps, value, affine, trackRunningStats, dtype);
  }

  /** Whether there are weight and bias. */
  public InstanceNormOptions withAffine(boolean value) {
    return new InstanceNormOptions(eps, momentum, value, trackRunningStats, dtype);
  }

  /** Whether there are running statistics, which then normalise in inference. */
  public InstanceNormOptions withTrackRunningStats(boolean value) {
    return new InstanceNormOptions(eps, momentum, affine, value, dtype);
  }

  /**
   * Type of weight, bias and running statistics, float32 at first. An input that meets them has the
   * same type, or is float16 or bfloat16 beside float32.
   *
   * @throws IllegalArgumentException if it is neither float32 nor float64
   */
  public InstanceNormOptions withDtype(DType value) {
    Members.checkParameterType("InstanceNorm", value);
    return new InstanceNormOptions(eps, momentum, affine, trackRunningStats, value);
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

  /** Type of weight, bias and running statistics. */
  public DType dtype() {
    return dtype;
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
        + PythonText.of(trackRunningStats)
        + (dtype == DType.FLOAT32 ? "" : ", dtype=" + dtype);
  }
}
