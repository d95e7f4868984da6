package org.batchnorm4j.tensor;

/** Element-wise operations of one operand. Immutable and safe for use by many threads. */
public enum UnaryOperation {
  /** {@code -x}. */
  NEG,
  /** {@code |x|}. */
  ABS,
  /** {@code e^x}, by {@link StrictMath}. */
  EXP,
  /** Natural logarithm, by {@link StrictMath}. */
  LOG,
  /** Square root, correctly rounded. */
  SQRT,
  /** {@code 1 / x}. */
  RECIPROCAL,
  /** {@code x * x}. */
  SQUARE,
  /** Hyperbolic tangent, by {@link StrictMath}. */
  TANH,
  /** {@code 1 / (1 + e^-x)}. */
  SIGMOID,
  /** {@code max(x, 0)}; NaN stays NaN. */
  RELU,
  /** -1, 0 or 1; NaN stays NaN. */
  SIGN,
  /**
   * Distribution function of the standard normal distribution, {@code (1 + erf(x / sqrt(2))) / 2},
   * with the relative precision of float64 in the lower tail too.
   */
  NORMAL_CDF,
  /** Density of the standard normal distribution, {@code e^(-x^2 / 2) / sqrt(2 pi)}. */
  NORMAL_PDF;

  double apply(double x) {
    return switch (this) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case EXP -> StrictMath.exp(x);
      case LOG -> StrictMath.log(x);
      case SQRT -> Math.sqrt(x);
      case RECIPROCAL -> 1 / x;
      case SQUARE -> x * x;
      case TANH -> StrictMath.tanh(x);
      case SIGMOID -> 1 / (1 + StrictMath.exp(-x));
      case RELU -> Math.max(x, 0);
      case SIGN -> Math.signum(x);
      case NORMAL_CDF -> NormalDistribution.cdf(x);
      case NORMAL_PDF -> NormalDistribution.pdf(x);
    };
  }
}
