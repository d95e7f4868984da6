package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * How a layer normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, weight and bias.
 */
public final class LayerNormOptions {
  private static final LayerNormOptions DEFAULTS =
      new LayerNormOptions(1e-5, true, true, DType.FLOAT32);

  private final double eps;
  private final boolean elementwiseAffine;
  private final boolean bias;
  private final DType dtype;

  private LayerNormOptions(double eps, boolean elementwiseAffine, boolean bias, DType dtype) {
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.bias = bias;
    this.dtype = dtype;
  }

  /** PyTorch's defaults. */
  public static LayerNormOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number
   */
  public LayerNormOptions withEps(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException("layer_norm eps must be non-negative, but got " + value);
    }
    return new LayerNormOptions(value, elementwiseAffine, bias, dtype);
  }

  /** Whether there is a weight, and a bias unless {@link #withBias} says no. */
  public LayerNormOptions withElementwiseAffine(boolean value) {
    return new LayerNormOptions(eps, value, bias, dtype);
  }

  /** Whether an affine layer has a bias. */
  public LayerNormOptions withBias(boolean value) {
    return new LayerNormOptions(eps, elementwiseAffine, value, dtype);
  }

  /**
   * Type of weight and bias, float32 at first. An input that meets them has the same type, or is
   * float16 or bfloat16 beside float32.
   *
   * @throws IllegalArgumentException if it is neither float32 nor float64
   */
  public LayerNormOptions withDtype(DType value) {
    Members.checkParameterType("LayerNorm", value);
    return new LayerNormOptions(eps, elementwiseAffine, bias, value);
  }

  /** Added to the variance inside the root. */
  public double eps() {
    return eps;
  }

  /** Whether there is a weight. */
  public boolean elementwiseAffine() {
    return elementwiseAffine;
  }

  /** Whether an affine layer has a bias. */
  public boolean bias() {
    return bias;
  }

  /** Type of weight and bias. */
  public DType dtype() {
    return dtype;
  }

  @Override
  public String toString() {
    return "eps="
        + PythonText.of(eps)
        + ", elementwise_affine="
        + PythonText.of(elementwiseAffine)
        + (elementwiseAffine && !bias ? ", bias=False" : "")
        + (dtype == DType.FLOAT32 ? "" : ", dtype=" + dtype);
  }
}
