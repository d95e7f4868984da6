package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.DoubleSupplier;
import org.batchnorm4j.tensor.Tensor;

/** Central differences of a number as a function of a float64 tensor that is computed with. */
public final class Slopes {
  private static final double STEP = 1e-5;

  private Slopes() {}

  /**
   * Compares a gradient with them. Truncation is step^2 / 6 times a third derivative up to some
   * 100, rounding 1e-15 / step.
   */
  public static void assertSlopes(Tensor variable, Tensor gradient, DoubleSupplier value) {
    double[] array = variable.unsafeDoubleArray();
    double[] analytic = gradient.toDoubles();
    for (int i = 0; i < array.length; i++) {
      double kept = array[i];
      array[i] = kept + STEP;
      double above = value.getAsDouble();
      array[i] = kept - STEP;
      double below = value.getAsDouble();
      array[i] = kept;
      assertEquals((above - below) / (2 * STEP), analytic[i], 1e-7 * (1 + Math.abs(analytic[i])));
    }
  }
}
