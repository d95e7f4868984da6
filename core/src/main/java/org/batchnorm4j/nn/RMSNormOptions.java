package org.batchnorm4j.nn;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How a root-mean-square normalisation behaves. Immutable and safe for use by many threads; each
 * {@code with...} gives a changed copy. The defaults are PyTorch's: a weight, and for eps the
 * machine epsilon of the type that is computed in, 2^-23 for float32 and the half types, 2^-52 for
 * float64.
 */
public final class RMSNormOptions {
  private static final RMSNormOptions DEFAULTS = new RMSNormOptions(null, true);

  private final @Nullable Double eps;
  private final boolean elementwiseAffine;

  private RMSNormOptions(@Nullable Double eps, boolean elementwiseAffine) {
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
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
    return new RMSNormOptions(value, elementwiseAffine);
  }

  /** Whether there is a weight. */
  public RMSNormOptions withElementwiseAffine(boolean value) {
    return new RMSNormOptions(eps, value);
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

  @Override
  public String toString() {
    return "eps="
        + (eps == null ? "None" : PythonText.of(eps.doubleValue()))
        + ", elementwise_affine="
        + PythonText.of(elementwiseAffine);
  }
}
