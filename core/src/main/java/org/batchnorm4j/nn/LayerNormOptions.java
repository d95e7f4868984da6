package org.batchnorm4j.nn;

/**
 * How a layer normalisation behaves. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. The defaults are PyTorch's: eps 1e-5, weight and bias.
 */
public final class LayerNormOptions {
  private static final LayerNormOptions DEFAULTS = new LayerNormOptions(1e-5, true, true);

  private final double eps;
  private final boolean elementwiseAffine;
  private final boolean bias;

  private LayerNormOptions(double eps, boolean elementwiseAffine, boolean bias) {
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.bias = bias;
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
    return new LayerNormOptions(value, elementwiseAffine, bias);
  }

  /** Whether there is a weight, and a bias unless {@link #withBias} says no. */
  public LayerNormOptions withElementwiseAffine(boolean value) {
    return new LayerNormOptions(eps, value, bias);
  }

  /** Whether an affine layer has a bias. */
  public LayerNormOptions withBias(boolean value) {
    return new LayerNormOptions(eps, elementwiseAffine, value);
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

  @Override
  public String toString() {
    return "eps="
        + PythonText.of(eps)
        + ", elementwise_affine="
        + PythonText.of(elementwiseAffine)
        + (elementwiseAffine && !bias ? ", bias=False" : "");
  }
}
