package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleUnaryOperator;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ActivationLayersTest {
  private static final Pass INFERENCE = Pass.inference();

  /** float32 against a definition in float64; u is 2^-24. */
  private static void assertFollows(
      Module layer, DoubleUnaryOperator definition, double roundings) {
    for (Layout layout : Layout.values()) {
      Tensor x = Tensor.randn(RandomStream.of(3), 2, 3, 4, 5).mul(3).to(layout);
      double[] in = x.toDoubles();
      double[] out = layer.forward(x, INFERENCE).toDoubles();
      for (int i = 0; i < in.length; i++) {
        double expected = definition.applyAsDouble(in[i]);
        assertEquals(expected, out[i], roundings * 0x1p-24 * Math.abs(expected), "at " + in[i]);
      }
    }
  }

  /** Error function by its Taylor series, right to about e^(z^2) 1e-16. */
  private static double erf(double z) {
    double term = z;
    double sum = z;
    for (int n = 1; n < 400; n++) {
      term *= -z * z / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  @Test
  void leakyReluScalesWhatIsNotPositive() {
    assertFollows(new LeakyReLU(), x -> x > 0 ? x : 0.01 * x, 2);
    Tensor x = Tensor.of(new float[] {-2, 0, 3, Float.NEGATIVE_INFINITY, Float.NaN}, 5);
    assertArrayEquals(
        new float[] {-0.5f, 0, 3, Float.NEGATIVE_INFINITY, Float.NaN},
        new LeakyReLU(0.25).forward(x, INFERENCE).toFloats());
    Pass pass = Pass.training();
    pass.watch(x);
    Tensor y = pass.sum(new LeakyReLU(0.25).forward(x, pass));
    assertArrayEquals(
        new float[] {0.25f, 0.25f, 1, 0.25f, 0.25f}, pass.backward(y).of(x).toFloats());
    assertEquals(
        "LeakyReLU negative_slope must be a finite number, got NaN",
        assertThrows(IllegalArgumentException.class, () -> new LeakyReLU(Double.NaN)).getMessage());
  }

  @Test
  void sigmoidAndTanhFollowTheirDefinitions() {
    // one rounding of the result
    assertFollows(new Sigmoid(), x -> 1 / (1 + Math.exp(-x)), 1.01);
    assertFollows(new Tanh(), Math::tanh, 1.01);
  }

  @Test
  void geluFollowsTheErrorFunction() {
    Tensor x = Tensor.of(new double[] {-5, -3, -1, -0.1, 0, 0.5, 1, 2.5}, 8);
    double[] y = new GELU().forward(x, INFERENCE).toDoubles();
    for (int i = 0; i < y.length; i++) {
      double at = x.at(i);
      double expected = at * 0.5 * (1 + erf(at / Math.sqrt(2)));
      // the alternating series loses e^12.5 = 3e5 roundings at -5
      assertEquals(expected, y[i], 1e-10 * (1 + Math.abs(at)), "at " + at);
    }
    // 1 times the normal distribution at 1, a constant of many tables
    assertEquals(0.841344746068542948, y[6], 2e-16);
    double deep = new GELU().forward(Tensor.of(new float[] {-10}, 1), INFERENCE).item();
    assertEquals(-10 * 7.6198530241605260e-24, deep, 3 * 0x1p-24 * 1e-22);
  }

  @Test
  void approximateGeluFollowsTheHyperbolicTangent() {
    DoubleUnaryOperator definition =
        x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    Module layer = new GELU(GELU.Approximation.TANH);
    Tensor x = Tensor.randn(DType.FLOAT64, RandomStream.of(5), 100);
    double[] y = layer.forward(x, INFERENCE).toDoubles();
    for (int i = 0; i < y.length; i++) {
      // the definition cancels: 1 + tanh is off by 2^-53, as an absolute error
      assertEquals(definition.applyAsDouble(x.at(i)), y[i], 4 * 0x1p-53 * Math.abs(x.at(i)));
    }
    Tensor large = Tensor.of(new float[] {1e30f, -1e30f}, 2);
    Pass pass = Pass.training();
    pass.watch(large);
    Tensor out = layer.forward(large, pass);
    assertArrayEquals(new float[] {1e30f, -0f}, out.toFloats());
    assertArrayEquals(new float[] {1, 0}, pass.backward(pass.sum(out)).of(large).toFloats());
  }

  @Test
  void softmaxSharesOneAlongItsAxis() {
    Tensor x = Tensor.randn(RandomStream.of(7), 2, 3, 4).mul(5);
    for (int dim : new int[] {0, 1, 2, -1, -3}) {
      int axis = Math.floorMod(dim, 3);
      Tensor y = new Softmax(dim).forward(x.to(Layout.CHANNELS_LAST), INFERENCE);
      for (int a = 0; a < 2; a++) {
        for (int b = 0; b < 3; b++) {
          for (int c = 0; c < 4; c++) {
            double sum = 0;
            for (int i = 0; i < x.axis(axis); i++) {
              sum += Math.exp(x.at(axis == 0 ? i : a, axis == 1 ? i : b, axis == 2 ? i : c));
            }
            double expected = Math.exp(x.at(a, b, c)) / sum;
            assertEquals(expected, y.at(a, b, c), 1.01 * 0x1p-24 * expected);
          }
        }
      }
    }
  }

  @Test
  void softmaxTakesLargeValuesAndKeepsNanInItsLine() {
    Tensor x = Tensor.of(new float[] {1e30f, 1e30f, Float.NaN, 0}, 2, 2);
    Tensor y = new Softmax(1).forward(x, INFERENCE);
    assertArrayEquals(new float[] {0.5f, 0.5f, Float.NaN, Float.NaN}, y.toFloats());
    assertTrue(
        assertThrows(RuntimeException.class, () -> new Softmax(2).forward(x, INFERENCE))
            .getMessage()
            .contains("axis 2"));
  }
}
