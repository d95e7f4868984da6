package org.batchnorm4j.cli.apply;

import org.batchnorm4j.tensor.DType;

/**
 * How far a result of a type may be from the exact one rounded to that type; docs/numerics.md has
 * the derivation. C is the condition of the value, S that of all sums behind it, see {@link
 * Conditions}, and n the additions in them.
 *
 * <ul>
 *   <li>float64: {@code (8 + n) 2^-53 S}, as each addition, here or in the reference, may cost u.
 *   <li>float32: {@code 8 * 2^-24 C + (32 + n) 2^-53 S}, as sums are kept in float64.
 *   <li>float16, bfloat16: as float32, which computes, and two roundings of the value itself: the
 *       one here and that of the reference.
 * </ul>
 *
 * <p>Some spacings of the numbers around 0 are added, for what is below the normal numbers.
 *
 * @param dtype type of the result
 * @param summands additions behind a value
 */
record ErrorBound(DType dtype, long summands) {

  /**
   * The bound for a value.
   *
   * @param floor how many spacings of the numbers around 0 it may be off
   */
  double of(double expected, double condition, double conditionOfSums, double floor) {
    return switch (dtype) {
      case FLOAT64 -> (8 + summands) * 0x1p-53 * conditionOfSums + floor * Double.MIN_VALUE;
      case FLOAT16 -> single(condition, conditionOfSums, floor) + half(expected, 0x1p-11, 0x1p-24);
      case BFLOAT16 -> single(condition, conditionOfSums, floor) + half(expected, 0x1p-8, 0x1p-133);
      case FLOAT32, INT64, INT32, UINT8, BOOL -> single(condition, conditionOfSums, floor);
    };
  }

  private double single(double condition, double conditionOfSums, double floor) {
    return 8 * 0x1p-24 * condition
        + (32 + summands) * 0x1p-53 * conditionOfSums
        + floor * Float.MIN_VALUE;
  }

  private static double half(double expected, double u, double spacing) {
    return 2 * u * Math.abs(expected) + spacing;
  }

  /**
   * The difference divided by the bound; 0 for equal values and for two NaN. It is infinite where
   * values differ of which one is NaN or infinite, or where the bound is: conditions beyond float64
   * excuse nothing.
   */
  static double share(double actual, double expected, double bound) {
    if (actual == expected || (Double.isNaN(actual) && Double.isNaN(expected))) {
      return 0;
    }
    double difference = Math.abs(actual - expected);
    return Double.isFinite(difference) && Double.isFinite(bound)
        ? difference / bound
        : Double.POSITIVE_INFINITY;
  }
}
