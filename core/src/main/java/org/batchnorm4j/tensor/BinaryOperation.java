package org.batchnorm4j.tensor;

import java.util.Locale;

/**
 * Element-wise operations of two operands of one type. Comparisons take every type and give {@link
 * DType#BOOL}; those with NaN are false, {@link #NE} apart. Arithmetic takes float32 and float64;
 * sums, differences, products, maxima and minima also int64 and int32, exactly, wrapping around at
 * the ends of the type. Immutable and safe for use by many threads.
 */
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
    return switch (this) {
      case EQ, NE, LT, LE, GT, GE -> true;
      case ADD, SUB, MUL, DIV, MAX, MIN, POW -> false;
    };
  }

  /** Whether the operation has an exact result for integers, apart from wrapping around. */
  boolean isExactOnIntegers() {
    return this != DIV && this != POW;
  }

  /** The name in errors: {@code add}. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
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

  long apply(long a, long b) {
    return switch (this) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case EQ -> a == b ? 1 : 0;
      case NE -> a != b ? 1 : 0;
      case LT -> a < b ? 1 : 0;
      case LE -> a <= b ? 1 : 0;
      case GT -> a > b ? 1 : 0;
      case GE -> a >= b ? 1 : 0;
      case DIV, POW -> throw new IllegalArgumentException(label() + " of integers is not exact");
    };
  }
}
