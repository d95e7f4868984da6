package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GroupedNormalizationTest {
  private static final double U = 0x1p-24; // unit roundoff of float32
  private static final double EPS = 1e-5;

  private static Tensor random(long seed, long... shape) {
    return Tensor.randn(RandomStream.of(seed), shape);
  }

  /** By definition in float64: values of (N, C, S) with a parameter per channel. */
  private static double[] definition(
      Tensor x, int groups, boolean centred, double[] gamma, double[] beta) {
    double[] values = x.toDoubles();
    double[] y = new double[values.length];
    int length = values.length / x.axis(0) / groups;
    int run = values.length / x.axis(0) / x.axis(1);
    for (int from = 0; from < values.length; from += length) {
      double[] group = Arrays.copyOfRange(values, from, from + length);
      double mean = centred ? Arrays.stream(group).average().orElse(0) : 0;
      double power = Arrays.stream(group).map(v -> (v - mean) * (v - mean)).average().orElse(0);
      for (int i = 0; i < length; i++) {
        int channel = (from + i) / run % x.axis(1);
        y[from + i] = (group[i] - mean) / Math.sqrt(power + EPS) * gamma[channel] + beta[channel];
      }
    }
    return y;
  }

  @ParameterizedTest(name = "{0} groups, centred {1}")
  @CsvSource({"1,true", "2,true", "6,true", "1,false", "3,false"})
  void outputIsThatOfTheDefinitionInBothLayouts(int groups, boolean centred) {
    Tensor x = random(1, 3, 6, 5, 7).mul(3).add(2);
    Tensor gamma = random(2, 6);
    Tensor beta = random(3, 6);
    double[] expected = definition(x, groups, centred, gamma.toDoubles(), beta.toDoubles());
    for (Layout layout : Layout.values()) {
      GroupedNormalization norm =
          GroupedNormalization.ofChannels("test", x.to(layout), groups, Pass.inference());
      Tensor y =
          centred
              ? norm.standardised(gamma, beta, EPS)
              : norm.scaledByRootMeanSquare(gamma, beta, EPS);
      assertEquals(layout, y.layout());
      // difference, scale, shift and result round once each; sizes are below 16
      assertArrayEquals(expected, y.toDoubles(), 4 * 16 * U);
    }
  }

  @Test
  void constantGroupGivesExactlyItsBias() {
    Tensor x = Tensor.full(0.1f, DType.FLOAT32, 2, 4, 3);
    Tensor bias = random(1, 4);
    float[] b = bias.toFloats();
    float[] y =
        GroupedNormalization.ofChannels("test", x, 2, Pass.inference())
            .standardised(random(2, 4), bias, EPS)
            .toFloats();
    for (int i = 0; i < y.length; i++) {
      assertEquals(b[i / 3 % 4], y[i]);
    }
    float[] last =
        GroupedNormalization.ofLastAxes("test", x, 1, Pass.inference())
            .standardised(random(2, 3), Tensor.of(new float[] {1, 2, 3}, 3), EPS)
            .toFloats();
    assertArrayEquals(new float[] {1, 2, 3, 1, 2, 3}, Arrays.copyOf(last, 6));
  }

  @Test
  void dataFarFromZeroKeepTheirDigits() {
    double[] values = {999.99, 1000.01, 999.98, 1000.02};
    Tensor x = Tensor.of(values, 1, 4).to(DType.FLOAT32);
    double[] stored = x.toDoubles();
    double mean = Arrays.stream(stored).average().orElse(0);
    double variance = Arrays.stream(stored).map(v -> (v - mean) * (v - mean)).average().orElse(0);
    double[] y =
        GroupedNormalization.ofLastAxes("test", x, 1, Pass.inference())
            .standardised(null, null, EPS)
            .toDoubles();
    for (int i = 0; i < 4; i++) {
      // the mean rounded to float32 is put back through the shift: u |mean| scale^0 stays out
      double scale = 1 / Math.sqrt(variance + EPS);
      double bound = 4 * U * (Math.abs(stored[i] - mean) * scale + U * mean * scale + 1);
      assertEquals((stored[i] - mean) * scale, y[i], bound);
    }
  }

  @Test
  void notANumberStaysInItsGroup() {
    float[] values = random(1, 2, 4, 3).toFloats();
    values[7] = Float.NaN; // sample 0, channel 2
    float[] y =
        GroupedNormalization.ofChannels("test", Tensor.of(values, 2, 4, 3), 2, Pass.inference())
            .standardised(null, null, EPS)
            .toFloats();
    for (int i = 0; i < y.length; i++) {
      assertEquals(i >= 6 && i < 12, Float.isNaN(y[i]), "element " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT16", "BFLOAT16"})
  void halfTypesAreWidenedAndRoundedOnce(DType half) {
    Tensor x = random(1, 2, 4, 3).mul(1e4).to(half); // squares of 1e4 overflow float16
    Pass pass = Pass.inference().recording();
    pass.watch(x);
    Tensor gamma = pass.watch(random(2, 4));
    Tensor y = GroupedNormalization.ofChannels("test", x, 2, pass).standardised(gamma, null, EPS);
    Tensor wide =
        GroupedNormalization.ofChannels("test", x.to(DType.FLOAT32), 2, Pass.inference())
            .standardised(gamma, null, EPS);
    assertEquals(half, y.dtype());
    assertArrayEquals(wide.to(half).toFloats(), y.toFloats());
    Gradients gradients = pass.backward(y, y, false);
    assertEquals(half, gradients.of(x).dtype());
    assertEquals(DType.FLOAT32, gradients.of(gamma).dtype());
    for (float value : y.toFloats()) {
      assertTrue(Float.isFinite(value) && Math.abs(value) < 20);
    }
  }

  @Test
  void squaresOfLargeFloatsDoNotOverflow() {
    Tensor x = random(1, 2, 8).mul(1e30);
    for (boolean centred : new boolean[] {true, false}) {
      GroupedNormalization norm = GroupedNormalization.ofLastAxes("test", x, 1, Pass.inference());
      Tensor y =
          centred
              ? norm.standardised(null, null, EPS)
              : norm.scaledByRootMeanSquare(null, null, EPS);
      assertEquals(8, y.mul(y).sum(1).at(0), 8 * 8 * U);
    }
    Tensor response = LocalResponse.acrossChannels(x, 1, 1, 1, 0.5, 1, Pass.inference());
    assertTrue(Float.isFinite((float) response.sum().item()));
  }

  @Test
  void bitsDoNotDependOnThreads() {
    Tensor x = random(1, 37, 12, 150, 3);
    Tensor gamma = random(2, 12);
    float[][] results = new float[2][];
    for (int threads = 1; threads <= 2; threads++) {
      CpuBackend backend = CpuBackend.of(KernelPreference.SCALAR, 2 * threads - 1, line -> {});
      Pass pass = Pass.inference().recording().withBackend(backend);
      pass.watch(x);
      pass.watch(gamma);
      Tensor y = GroupedNormalization.ofChannels("test", x, 3, pass).standardised(gamma, null, EPS);
      Gradients g = pass.backward(y, x, false);
      Tensor lrn = LocalResponse.acrossChannels(x, 2, 2, 1, 0.75, 1, pass);
      Tensor all = y.add(g.of(x)).add(lrn).mul(g.of(gamma).reshape(1, 12, 1, 1));
      results[threads - 1] = all.toFloats();
    }
    assertArrayEquals(results[0], results[1]);
  }

  @ParameterizedTest
  @CsvSource({"0,4,3", "2,0,3", "2,4,0"})
  void noValuesGiveNoValuesAndGradientsOfZero(int n, int c, int s) {
    Tensor x = Tensor.zeros(n, c, s);
    Pass pass = Pass.inference().recording();
    pass.watch(x);
    Tensor gamma = pass.watch(Tensor.ones(c));
    Tensor beta = pass.watch(Tensor.zeros(c));
    Tensor y =
        GroupedNormalization.ofChannels("test", x, c == 0 ? 1 : 2, pass)
            .standardised(c == 0 ? null : gamma, c == 0 ? null : beta, EPS);
    assertEquals(x.shape(), y.shape());
    if (c > 0) {
      Gradients gradients = pass.backward(y, y, false);
      assertArrayEquals(new float[c], gradients.of(gamma).toFloats());
      assertArrayEquals(new float[c], gradients.of(beta).toFloats());
      assertEquals(x.shape(), gradients.of(x).shape());
    }
  }

  @Test
  void localResponseIsThatOfTheDefinition() {
    Tensor x = random(1, 2, 5, 4, 3);
    for (Layout layout : Layout.values()) {
      Tensor across =
          LocalResponse.acrossChannels(x.to(layout), 1, 2, 2, 0.75, 1, Pass.inference());
      Tensor within =
          LocalResponse.withinChannels(x.to(layout), 1, 2, 2, 0.75, 1, Pass.inference());
      assertEquals(layout, across.layout());
      assertEquals(layout, within.layout());
      for (int c = 0; c < 5; c++) {
        for (int h = 0; h < 4; h++) {
          double channels = 0;
          for (int j = Math.max(0, c - 1); j < Math.min(5, c + 3); j++) {
            channels += Math.pow(x.at(1, j, h, 2), 2);
          }
          double places = 0;
          for (int i = Math.max(0, h - 1); i < Math.min(4, h + 3); i++) {
            for (int j = 1; j < 3; j++) { // column 2 sees 1 to 4, of which 1 and 2 exist
              places += Math.pow(x.at(1, c, i, j), 2);
            }
          }
          double value = x.at(1, c, h, 2);
          assertEquals(
              value / Math.pow(1 + 2.0 / 4 * channels, 0.75), across.at(1, c, h, 2), 4 * U);
          assertEquals(value / Math.pow(1 + 2.0 / 16 * places, 0.75), within.at(1, c, h, 2), 4 * U);
        }
      }
    }
  }

  @Test
  void integersAndMixedTypesAreRefused() {
    Pass pass = Pass.inference();
    Tensor integers = Tensor.of(new int[] {1, 2, 3, 4}, 2, 2);
    String refused =
        assertThrows(
                IllegalArgumentException.class,
                () -> GroupedNormalization.ofLastAxes("layer_norm", integers, 1, pass))
            .getMessage();
    assertEquals(
        "layer_norm needs floating-point values, got int32 of shape (2, 2); convert it with"
            + " to(DType.FLOAT32)",
        refused);
    Tensor x = Tensor.zeros(DType.FLOAT64, 2, 2);
    GroupedNormalization norm = GroupedNormalization.ofChannels("group_norm", x, 1, pass);
    assertEquals(
        "group_norm: weight is float32, but the input is float64; convert one of them with"
            + " to(DType)",
        assertThrows(
                IllegalArgumentException.class, () -> norm.standardised(Tensor.ones(2), null, EPS))
            .getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> LocalResponse.acrossChannels(integers, 1, 1, 1, 1, 1, pass));
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 1e30, 1e38, 1e-30})
  void gradientsOfHugeAndTinyDataAreRightWithAndWithoutAGraph(double size) {
    Tensor values = Tensor.randn(RandomStream.of(4), 2, 4, 3).mul(size);
    Tensor weights = Tensor.uniform(RandomStream.of(5), 0.5, 2, 4);
    Tensor g = Tensor.randn(RandomStream.of(6), 2, 4, 3);
    for (int groups : new int[] {0, 1, 2, 4}) { // 0 for the last axes, 4 is instance norm
      for (boolean centred : new boolean[] {true, false}) {
        List<double[]> exact = gradients(values, weights, g, groups, centred, DType.FLOAT64, false);
        for (boolean graph : new boolean[] {false, true}) {
          List<double[]> found =
              gradients(values, weights, g, groups, centred, DType.FLOAT32, graph);
          for (int k = 0; k < 2; k++) {
            // some ten roundings to float32, of summands up to ten times the result
            double bound = 100 * 0x1p-24 * largest(exact.get(k)) + 0x1p-149;
            assertArrayEquals(exact.get(k), found.get(k), bound);
          }
        }
      }
    }
  }

  private static double largest(double... values) {
    return Arrays.stream(values).map(Math::abs).max().orElse(0);
  }

  private static List<double[]> gradients(
      Tensor values,
      Tensor weights,
      Tensor g,
      int groups,
      boolean centred,
      DType dtype,
      boolean graph) {
    Pass pass = Pass.inference().recording();
    Tensor x = pass.watch(values.to(dtype).detach());
    Tensor w = pass.watch((groups == 0 ? weights.range(0, 3) : weights).to(dtype).detach());
    GroupedNormalization norm =
        groups == 0
            ? GroupedNormalization.ofLastAxes("test", x, 1, pass)
            : GroupedNormalization.ofChannels("test", x, groups, pass);
    Tensor y =
        centred ? norm.standardised(w, null, 1e-5) : norm.scaledByRootMeanSquare(w, null, 1e-5);
    Gradients gradients = pass.backward(y, g.to(dtype), graph);
    return List.of(gradients.of(x).toDoubles(), gradients.of(w).toDoubles());
  }
}
