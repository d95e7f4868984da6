package org.batchnorm4j.tensor;

/** Element-wise operations of two operands; comparisons give {@link DType#BOOL}. */
public enum BinaryOperation {
  /** {@code a + b}. */
  ADD,
  /** {@code a - b}. */
  SUB,
  /** {@code a * b}. */
  MUL,
  /** {@code a / b}. */
  DIV,
  /** The larger; NaN wins. */
  MAX,
  /** The smaller; NaN wins. */
  MIN,
  /** {@code a} to the power {@code b}, by {@link StrictMath}. */
  POW,
  /** {@code a == b}. */
  EQ,
  /** {@code a != b}. */
  NE,
  /** {@code a < b}. */
  LT,
  /** {@code a <= b}. */
  LE,
  /** {@code a > b}. */
  GT,
  /** {@code a >= b}. */
  GE;

  boolean isComparison() {
    return ordinal() >= EQ.ordinal();
  }

  double apply(double a, double b) {
    return switch (this) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case POW -> StrictMath.pow(a, b);
      case EQ -> a == b ? 1 : 0;
      case NE -> a != b ? 1 : 0;
      case LT -> a < b ? 1 : 0;
      case LE -> a <= b ? 1 : 0;
      case GT -> a > b ? 1 : 0;
      case GE -> a >= b ? 1 : 0;
    };
  }
}
