package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * How a group normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, weight and bias per channel.
 */
public final class GroupNormOptions {
  private static final GroupNormOptions DEFAULTS =
      new GroupNormOptions(1e-5, true, false, DType.FLOAT32);

  private final double eps;
  private final boolean affine;
  private final boolean affinePerGroup;
  private final DType dtype;

  private GroupNormOptions(double eps, boolean affine, boolean affinePerGroup, DType dtype) {
    this.eps = eps;
    this.affine = affine;
    this.affinePerGroup = affinePerGroup;
    this.dtype = dtype;
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
    return new GroupNormOptions(value, affine, affinePerGroup, dtype);
  }

  /** Whether there are weight and bias. */
  public GroupNormOptions withAffine(boolean value) {
    return new GroupNormOptions(eps, value, affinePerGroup, dtype);
  }

  /**
   * Whether weight and bias have a value per group instead of one per channel: labml's {@code
   * ChannelNorm} and ONNX's GroupNormalization of opset 18; that of opset 21 has one per channel,
   * as PyTorch has.
   */
  public GroupNormOptions withAffinePerGroup(boolean value) {
    return new GroupNormOptions(eps, affine, value, dtype);
  }

  /**
   * Type of weight and bias, float32 at first. An input that meets them has the same type, or is
   * float16 or bfloat16 beside float32.
   *
   * @throws IllegalArgumentException if it is neither float32 nor float64
   */
  public GroupNormOptions withDtype(DType value) {
    Members.checkParameterType("GroupNorm", value);
    return new GroupNormOptions(eps, affine, affinePerGroup, value);
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

  /** Type of weight and bias. */
  public DType dtype() {
    return dtype;
  }

  @Override
  public String toString() {
    return "eps="
        + PythonText.of(eps)
        + ", affine="
        + PythonText.of(affine)
        + (affine && affinePerGroup ? ", affine_per_group=True" : "")
        + (dtype == DType.FLOAT32 ? "" : ", dtype=" + dtype);
  }
}
