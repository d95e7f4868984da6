package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * Compares gradients in float64 with central differences. An output y is contracted with random
 * numbers r, so that one backward pass meets every element of the Jacobian.
 */
final class CentralDifferences {
  /** Something to differentiate: operations of the pass on the inputs. */
  @FunctionalInterface
  interface Computation {
    Tensor apply(Pass pass, Tensor... inputs);
  }

  private static final double STEP = 1e-5;

  private CentralDifferences() {}

  /** Gradients of {@code sum(r * f(inputs))} with respect to every input. */
  static void check(Computation computation, Tensor... inputs) {
    Tensor r = contraction(computation, inputs);
    Gradients gradients = gradients(computation, r, inputs);
    DoubleSupplier value = () -> dot(computation.apply(Pass.inference(), inputs), r);
    for (int k = 0; k < inputs.length; k++) {
      compare("input " + k, inputs[k], gradients.of(inputs[k]), value);
    }
  }

  /**
   * Gradients of {@code F = sum_k sum(v_k * g_k)}, where g_k are the gradients that {@link #check}
   * checks, with respect to every input and to r. The differences are those of gradients without a
   * graph, so both ways to compute a gradient have to agree.
   */
  static void checkTwice(Computation computation, Tensor... inputs) {
    Tensor r = contraction(computation, inputs);
    Tensor[] directions = new Tensor[inputs.length];
    for (int k = 0; k < inputs.length; k++) {
      directions[k] = gaussian(1000 + k, inputs[k].shape().toArray());
    }
    Pass pass = Pass.inference().recording();
    for (Tensor input : inputs) {
      pass.watch(input);
    }
    pass.watch(r);
    Gradients first = pass.backward(computation.apply(pass, inputs), r, true);
    Gradients plain = gradients(computation, r, inputs);
    Tensor total = Tensor.full(0, DType.FLOAT64);
    for (int k = 0; k < inputs.length; k++) {
      double[] expected = plain.of(inputs[k]).toDoubles();
      // the two ways order some ten operations differently; each rounds to 1.1e-16
      double bound = 1e-13 * (1 + largest(expected));
      double[] recorded = first.of(inputs[k]).toDoubles();
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], recorded[i], bound, "gradient with a graph, input " + k);
      }
      total = pass.add(total, pass.sum(pass.mul(first.of(inputs[k]), directions[k])));
    }
    Gradients second = pass.backward(total);
    DoubleSupplier value =
        () -> {
          Gradients g = gradients(computation, r, inputs);
          double sum = 0;
          for (int k = 0; k < inputs.length; k++) {
            sum += dot(g.of(inputs[k]), directions[k]);
          }
          return sum;
        };
    List<Tensor> variables = new ArrayList<>(Arrays.asList(inputs));
    variables.add(r);
    for (int k = 0; k < variables.size(); k++) {
      Tensor variable = variables.get(k);
      Tensor none = Tensor.zeros(DType.FLOAT64, variable.shape().toArray());
      compare("second, variable " + k, variable, second.find(variable).orElse(none), value);
    }
  }

  private static Tensor contraction(Computation computation, Tensor... inputs) {
    Tensor y = computation.apply(Pass.inference(), inputs);
    return gaussian(999, y.shape().toArray()).to(y.layout());
  }

  private static Gradients gradients(Computation computation, Tensor r, Tensor... inputs) {
    Pass pass = Pass.inference().recording();
    for (Tensor input : inputs) {
      pass.watch(input);
    }
    return pass.backward(computation.apply(pass, inputs), r, false);
  }

  private static void compare(String what, Tensor variable, Tensor gradient, DoubleSupplier value) {
    assertEquals(variable.shape(), gradient.shape(), what);
    assertEquals(DType.FLOAT64, gradient.dtype(), what);
    double[] analytic = gradient.toDoubles();
    double[] numeric = differences(variable, value);
    // With values and derivatives up to about 10: the truncation is step^2 / 6 times a third
    // derivative, some 1e-9. The contraction of 100 terms is off by up to 1e-14, over the step
    // 1e-9.
    // 1e-7 of the largest gradient leaves room for steeper functions, and a missing or wrong term
    // is a million times larger.
    double bound = 1e-7 * (1 + largest(numeric));
    for (int i = 0; i < analytic.length; i++) {
      assertEquals(numeric[i], analytic[i], bound, what + ", element " + i);
    }
  }

  /** In row-major order of the shape. */
  private static double[] differences(Tensor variable, DoubleSupplier value) {
    double[] array = variable.unsafeDoubleArray();
    Tensor slopes = variable.detach();
    for (int i = 0; i < variable.size(); i++) {
      int at = variable.offset() + i;
      double kept = array[at];
      array[at] = kept + STEP;
      double above = value.getAsDouble();
      array[at] = kept - STEP;
      double below = value.getAsDouble();
      array[at] = kept;
      slopes.unsafeDoubleArray()[i] = (above - below) / (2 * STEP);
    }
    return slopes.toDoubles();
  }

  private static double dot(Tensor a, Tensor b) {
    double[] x = a.toDoubles();
    double[] y = b.toDoubles();
    assertTrue(x.length == y.length);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  private static double largest(double... values) {
    return Arrays.stream(values).map(Math::abs).max().orElse(0);
  }

  /** Standard normal float64. */
  static Tensor gaussian(long seed, long... shape) {
    return filled(RandomStream.of(seed), Layout.CHANNELS_FIRST, false, shape);
  }

  /** Standard normal float64 in a layout, behind a range of axis 0 so that the offset is not 0. */
  static Tensor gaussian(long seed, Layout layout, long... shape) {
    return filled(RandomStream.of(seed), layout, false, shape);
  }

  /** Sizes from 0.1 on, of either sign: away from kinks at 0. */
  static Tensor awayFromZero(long seed, long... shape) {
    Tensor x = gaussian(seed, shape);
    double[] array = x.unsafeDoubleArray();
    for (int i = x.offset(); i < x.offset() + x.size(); i++) {
      array[i] += Math.copySign(0.1, array[i]);
    }
    return x;
  }

  /** Sizes from 0.1 on, all positive. */
  static Tensor positive(long seed, long... shape) {
    return filled(RandomStream.of(seed), Layout.CHANNELS_FIRST, true, shape);
  }

  /** 0.1, 0.2, ... shuffled: no two values so close that a step could swap them. */
  static Tensor distinct(long seed, Layout layout, long... shape) {
    RandomStream random = RandomStream.of(seed);
    double[] values = new double[(int) Shape.of(shape).size()];
    for (int i = 0; i < values.length; i++) {
      int j = random.nextInt(i + 1);
      values[i] = values[j];
      values[j] = 0.1 * (i + 1);
    }
    return Tensor.of(values, shape).to(layout);
  }

  private static Tensor filled(
      RandomStream random, Layout layout, boolean positive, long... shape) {
    long[] larger = shape.clone();
    if (shape.length > 0) {
      larger[0] += 2;
    }
    Tensor whole = Tensor.zeros(DType.FLOAT64, larger).to(layout);
    double[] array = whole.unsafeDoubleArray();
    for (int i = 0; i < array.length; i++) {
      double value = random.nextGaussian();
      array[i] = positive ? 0.1 + Math.abs(value) : value;
    }
    return shape.length == 0 ? whole : whole.range(1, 1 + (int) shape[0]);
  }
}
