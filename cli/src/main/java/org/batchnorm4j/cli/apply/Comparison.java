package org.batchnorm4j.cli.apply;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * One computed tensor against the expected one: how many values are beyond their bound, and the one
 * that is furthest from what was expected, measured in bounds. Immutable and safe for use by many
 * threads.
 *
 * @param name name of the computed tensor
 * @param wrong number of values beyond their bound
 * @param share largest difference divided by bound; 0 without values, infinite where a bound of 0,
 *     NaN or an infinite value is missed
 * @param detail the value with that share in words
 */
public record Comparison(String name, int wrong, double share, String detail) {

  /** The bound of one value. */
  @FunctionalInterface
  interface BoundOfValue {
    double at(int index, double expected);
  }

  /** A tensor that cannot be compared. */
  static Comparison impossible(String name, String why) {
    return new Comparison(name, 1, Double.POSITIVE_INFINITY, name + " " + why);
  }

  /** Whether every value is within its bound. */
  public boolean passed() {
    return wrong == 0;
  }

  /**
   * Compares value by value. NaN equals NaN, and an infinite value one of its sign.
   *
   * @param bound gives the bound of the value at an index in row-major order
   */
  static Comparison of(String name, Tensor actual, Tensor expected, BoundOfValue bound) {
    if (!actual.shape().equals(expected.shape())) {
      return impossible(
          name, "has shape " + actual.shape() + ", expected." + name + " " + expected.shape());
    }
    double[] is = actual.toDoubles();
    double[] should = expected.toDoubles();
    int wrong = 0;
    int worst = -1;
    double largest = 0;
    for (int i = 0; i < is.length; i++) {
      double share = ErrorBound.share(is[i], should[i], bound.at(i, should[i]));
      wrong += share <= 1 ? 0 : 1;
      if (share > largest) {
        largest = share;
        worst = i;
      }
    }
    if (worst < 0) {
      return new Comparison(name, 0, 0, name + " is as expected");
    }
    String detail =
        name
            + index(actual.shape(), worst)
            + " is "
            + text(is[worst], actual.dtype())
            + ", expected "
            + text(should[worst], expected.dtype())
            + ", bound "
            + (float) bound.at(worst, should[worst])
            + (wrong > 1 ? " (and " + (wrong - 1) + " more of " + is.length + ")" : "");
    return new Comparison(name, wrong, largest, detail);
  }

  /** Compares a whole number. */
  static Comparison ofCounter(String name, Tensor actual, Tensor expected) {
    if (expected.size() != 1) {
      return impossible(name, "is one number, expected." + name + " has shape " + expected.shape());
    }
    long is = actual.itemAsLong();
    long should = expected.itemAsLong();
    return is == should
        ? new Comparison(name, 0, 0, name + " is as expected")
        : impossible(name, "is " + is + ", expected " + should);
  }

  private static String text(double value, DType dtype) {
    return dtype == DType.FLOAT64 ? Double.toString(value) : Float.toString((float) value);
  }

  private static String index(Shape shape, int at) {
    long[] sizes = shape.toArray();
    long rest = at;
    StringBuilder text = new StringBuilder();
    for (int axis = sizes.length - 1; axis >= 0; axis--) {
      text.insert(0, rest % sizes[axis]).insert(0, axis == 0 ? "[" : ", ");
      rest /= sizes[axis];
    }
    return text.append("]").toString();
  }
}
