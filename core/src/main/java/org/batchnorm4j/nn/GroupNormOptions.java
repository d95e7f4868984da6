package org.batchnorm4j.nn;

/**
 * How a group normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, weight and bias per channel.
 */
public final class GroupNormOptions {
  private static final GroupNormOptions DEFAULTS = new GroupNormOptions(1e-5, true, false);

  private final double eps;
  private final boolean affine;
  private final boolean affinePerGroup;

  private GroupNormOptions(double eps, boolean affine, boolean affinePerGroup) {
    this.eps = eps;
    this.affine = affine;
    this.affinePerGroup = affinePerGroup;
  }

  /** PyTorch's defaults. */
  public static GroupNormOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number
   */
  public GroupNormOptions withEps(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException("group_norm eps must be non-negative, but got " + value);
    }
    return new GroupNormOptions(value, affine, affinePerGroup);
  }

  /** Whether there are weight and bias. */
  public GroupNormOptions withAffine(boolean value) {
    return new GroupNormOptions(eps, value, affinePerGroup);
  }

  /**
   * Whether weight and bias have a value per group instead of one per channel: labml's {@code
   * ChannelNorm} and ONNX's GroupNormalization of opset 18; that of opset 21 has one per channel,
   * as PyTorch has.
   */
  public GroupNormOptions withAffinePerGroup(boolean value) {
    return new GroupNormOptions(eps, affine, value);
  }

  /** Added to the variance inside the root. */
  public double eps() {
    return eps;
  }

  /** Whether there are weight and bias. */
  public boolean affine() {
    return affine;
  }

  /** Whether weight and bias have a value per group instead of one per channel. */
  public boolean affinePerGroup() {
    return affinePerGroup;
  }

  @Override
  public String toString() {
    return "eps="
        + PythonText.of(eps)
        + ", affine="
        + PythonText.of(affine)
        + (affine && affinePerGroup ? ", affine_per_group=True" : "");
  }
}
