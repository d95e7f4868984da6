package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.TreeMap;
import org.batchnorm4j.tensor.DType;

/**
 * Compares results with the judge's under the bound of docs/numerics.md, and keeps the largest
 * share of it.
 */
final class Comparison {
  private final Map<String, Double> largest = new TreeMap<>();
  private final Map<String, Long> compared = new TreeMap<>();

  /**
   * Every value must be within the bound of docs/numerics.md; NaN and infinities must be equal.
   *
   * @param kind shown in the table, such as the type of the input
   * @param stored the type that holds the result
   * @param computed the type of the arithmetic, at least float32
   */
  void check(
      String where,
      String kind,
      String quantity,
      DType stored,
      DType computed,
      double[] actual,
      double[] expected,
      double[] condition,
      double[] ofSums,
      int largestSum) {
    double[] bounds = bounds(computed, condition, ofSums, largestSum);
    if (stored != computed) {
      for (int i = 0; i < bounds.length; i++) {
        // rounded once more, to the nearest number of the narrower type
        bounds[i] += roundoff(stored) * (Math.abs(expected[i]) + bounds[i]);
      }
    }
    within(where, kind, quantity, stored, actual, expected, bounds);
  }

  /** The bound of docs/numerics.md for each value of a norm, from its two conditions. */
  static double[] bounds(DType computed, double[] condition, double[] ofSums, int largestSum) {
    double[] bounds = new double[condition.length];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] =
          computed == DType.FLOAT64
              ? (8 + largestSum) * 0x1p-53 * ofSums[i]
              : 8 * 0x1p-24 * condition[i] + (32 + largestSum) * 0x1p-53 * ofSums[i];
    }
    return bounds;
  }

  /**
   * Every value must be within its bound and the least number of its type; NaN and infinities must
   * be equal.
   *
   * @param kind shown in the table, such as the type of the input
   * @param stored the type that holds the result
   */
  void within(
      String where,
      String kind,
      String quantity,
      DType stored,
      double[] actual,
      double[] expected,
      double[] bounds) {
    assertEquals(expected.length, actual.length, where + " " + quantity + ": number of values");
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double bound = bounds[i] + least(stored);
      double difference = Math.abs(actual[i] - expected[i]);
      boolean same =
          actual[i] == expected[i]
              || (Double.isNaN(actual[i]) && Double.isNaN(expected[i]))
              || (actual[i] == Math.copySign(Double.POSITIVE_INFINITY, expected[i])
                  && Math.abs(expected[i]) + bound >= overflow(stored));
      assertTrue(
          same || difference <= bound,
          where
              + " "
              + quantity
              + "["
              + i
              + "]: "
              + actual[i]
              + " instead of "
              + expected[i]
              + ", bound "
              + bound);
      worst = Math.max(worst, same ? 0 : difference / bound);
    }
    String row = quantity + ", " + kind;
    largest.merge(row, worst, Math::max);
    compared.merge(row, (long) actual.length, Long::sum);
  }

  /** Half the distance from 1 to the next number. */
  static double roundoff(DType type) {
    return switch (type) {
      case FLOAT64 -> 0x1p-53;
      case FLOAT32 -> 0x1p-24;
      case FLOAT16 -> 0x1p-11;
      case BFLOAT16 -> 0x1p-8;
      default -> throw new IllegalArgumentException(type + " holds no results");
    };
  }

  /** From where on a number rounds to infinity. */
  private static double overflow(DType type) {
    return switch (type) {
      case FLOAT64 -> Double.POSITIVE_INFINITY;
      case FLOAT32, BFLOAT16 -> 0x1p128 * (1 - roundoff(type) / 2);
      case FLOAT16 -> 65520;
      default -> throw new IllegalArgumentException(type + " holds no results");
    };
  }

  /** The least positive number. */
  private static double least(DType type) {
    return switch (type) {
      case FLOAT64 -> Double.MIN_VALUE;
      case FLOAT32 -> Float.MIN_VALUE;
      case FLOAT16 -> 0x1p-24;
      case BFLOAT16 -> 0x1p-133;
      default -> throw new IllegalArgumentException(type + " holds no results");
    };
  }

  /** One line for each quantity and kind. */
  void print(String title) {
    System.out.println(title + ": largest difference / bound, and values compared");
    largest.forEach(
        (row, worst) -> System.out.printf("  %-36s %.3f  %,d%n", row, worst, compared.get(row)));
  }
}
