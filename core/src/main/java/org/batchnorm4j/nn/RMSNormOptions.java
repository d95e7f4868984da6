package org.batchnorm4j.nn;

import java.util.OptionalDouble;
import org.batchnorm4j.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * How a root-mean-square normalisation behaves. Immutable and safe for use by many threads; each
 * {@code with...} gives a changed copy. The defaults are PyTorch's: a weight, and for eps the
 * machine epsilon of the type that is computed in, 2^-23 for float32 and the half types, 2^-52 for
 * float64.
 */
public final class RMSNormOptions {
  private static final RMSNormOptions DEFAULTS = new RMSNormOptions(null, true, DType.FLOAT32);

  private final @Nullable Double eps;
  private final boolean elementwiseAffine;
  private final DType dtype;

  private RMSNormOptions(@Nullable Double eps, boolean elementwiseAffine, DType dtype) {
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.dtype = dtype;
  }

  /** PyTorch's defaults. */
  public static RMSNormOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Added to the mean square inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number
   */
  public RMSNormOptions withEps(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException("rms_norm eps must be non-negative, but got " + value);
    }
    return new RMSNormOptions(value, elementwiseAffine, dtype);
  }

  /** Whether there is a weight. */
  public RMSNormOptions withElementwiseAffine(boolean value) {
    return new RMSNormOptions(eps, value, dtype);
  }

  /**
   * Type of the weight, float32 at first. An input that meets them has the same type, or is float16
   * or bfloat16 beside float32.
   *
   * @throws IllegalArgumentException if it is neither float32 nor float64
   */
  public RMSNormOptions withDtype(DType value) {
    Members.checkParameterType("RMSNorm", value);
    return new RMSNormOptions(eps, elementwiseAffine, value);
  }

  /**
   * Added to the mean square inside the root; empty for the machine epsilon of the computed type.
   */
  public OptionalDouble eps() {
    return eps == null ? OptionalDouble.empty() : OptionalDouble.of(eps);
  }

  /** Whether there is a weight. */
  public boolean elementwiseAffine() {
    return elementwiseAffine;
  }

  /** Type of the weight. */
  public DType dtype() {
    return dtype;
  }

  @Override
  public String toString() {
    return "eps="
        + (eps == null ? "None" : PythonText.of(eps.doubleValue()))
        + ", elementwise_affine="
        + PythonText.of(elementwiseAffine)
        + (dtype == DType.FLOAT32 ? "" : ", dtype=" + dtype);
  }
}
