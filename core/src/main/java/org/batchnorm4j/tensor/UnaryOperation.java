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
  SIGN;

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
    };
  }
}
