package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.JavaMatrixMultiply;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.WorkerThreads;
import org.batchnorm4j.tensor.Workers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Batch norm of float16 and bfloat16 tensors. */
class HalfBatchNormalizationTest {
  private static final double EPS = 1e-5;
  private static final List<long[]> SHAPES =
      List.of(
          new long[] {1000, 5},
          new long[] {300, 2, 7},
          new long[] {9, 3, 41, 43},
          new long[] {2, 3, 5000},
          new long[] {3, 2, 3, 4, 5},
          new long[] {40, 1, 30},
          new long[] {70, 300});

  /** The unit roundoff: 11 and 8 bits of precision. */
  private static double unit(DType half) {
    return half == DType.FLOAT16 ? 0x1p-11 : 0x1p-8;
  }

  /** Half of the distance between subnormal values. */
  private static double leastError(DType half) {
    return half == DType.FLOAT16 ? 0x1p-25 : 0x1p-134;
  }

  /** y, dx, dgamma, dbeta. */
  private static List<Tensor> run(
      Tensor values, Tensor g, Tensor gamma, Tensor beta, boolean relu, Pass pass) {
    Tensor x = pass.watch(values);
    Tensor y =
        BatchNormalization.withBatchStatistics(
            x,
            pass.backend().channelMoments(x),
            pass.watch(gamma),
            pass.watch(beta),
            EPS,
            relu,
            pass);
    Gradients gradients = pass.backward(y, g, false);
    return List.of(y, gradients.of(x), gradients.of(gamma), gradients.of(beta));
  }

  private static void checkAgainstDefinition(Tensor x) {
    DType half = x.dtype();
    int channels = x.axis(1);
    RandomStream random = RandomStream.of(3);
    Tensor g = Tensor.randn(random, x.shape().toArray()).to(half);
    Tensor gamma = Tensor.uniform(random, 0.5, 2, channels);
    Tensor beta = Tensor.randn(random, channels);
    List<Tensor> actual = run(x, g, gamma, beta, false, Pass.training());
    assertEquals(half, actual.get(0).dtype());
    assertEquals(x.layout(), actual.get(0).layout());
    assertEquals(half, actual.get(1).dtype());
    assertEquals(DType.FLOAT32, actual.get(2).dtype());
    BatchNormDefinition exact = new BatchNormDefinition(x, g, gamma, beta, EPS);
    double[] y = actual.get(0).toDoubles();
    double[] dx = actual.get(1).toDoubles();
    for (int i = 0; i < y.length; i++) {
      assertHalf(exact.output(i), exact.outputBound(i), y[i], half);
      assertHalf(exact.inputGradient(i), exact.inputGradientBound(i), dx[i], half);
    }
    for (int c = 0; c < channels; c++) {
      double bound = exact.weightGradientBound(c) + 1e-11; // see BatchNormalizationTest
      assertEquals(exact.weightGradient(c), actual.get(2).at(c), bound);
      assertEquals(exact.sumG[c], actual.get(3).at(c), 0x1p-24 * Math.abs(exact.sumG[c]) + 1e-11);
    }
  }

  /** The float32 result is off by up to {@code wide}; rounding that adds the half type's share. */
  private static void assertHalf(double exact, double wide, double actual, DType half) {
    double bound = wide + unit(half) * (Math.abs(exact) + wide) + leastError(half);
    assertEquals(exact, actual, bound);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void outputsAndGradientsStayWithinTheDerivedBoundOfTheDefinition(DType half) {
    for (long[] shape : SHAPES) {
      for (Layout layout : Layout.values()) {
        Tensor values = Tensor.randn(RandomStream.of(1), shape).mul(3).add(0.7);
        checkAgainstDefinition(values.to(half).to(layout));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void largeValuesWhoseSquaresDoNotFitAHalf(DType half) {
    double[][] ranges = {{9_000, 11_000}, {-65_504, 65_504}, {65_000, 65_504}};
    for (double[] range : ranges) {
      for (Layout layout : Layout.values()) {
        for (long[] shape : SHAPES) {
          Tensor values = Tensor.uniform(RandomStream.of(2), range[0], range[1], shape);
          checkAgainstDefinition(values.to(half).to(layout));
        }
      }
    }
  }

  @Test
  void bfloat16HasTheRangeOfFloat32() {
    for (double size : new double[] {1e-30, 1e20, 1e30, 3.38e38}) {
      for (long[] shape : SHAPES) {
        Tensor values = Tensor.uniform(RandomStream.of(2), -size, size, shape);
        checkAgainstDefinition(values.to(DType.BFLOAT16));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void subnormalValuesKeepTheirDigits(DType half) {
    double largest = half == DType.FLOAT16 ? 0x1p-14 : 0x1p-126;
    for (Layout layout : Layout.values()) {
      Tensor x =
          Tensor.uniform(RandomStream.of(2), -largest, largest, 8, 3, 5, 5).to(half).to(layout);
      double[] values = x.toDoubles();
      double[] mean = new double[3];
      for (int i = 0; i < values.length; i++) {
        mean[i / 25 % 3] += values[i] / 200;
      }
      double[] variance = new double[3];
      for (int i = 0; i < values.length; i++) {
        double centred = values[i] - mean[i / 25 % 3];
        variance[i / 25 % 3] += centred * centred / 200;
      }
      double eps = 1e-5 * largest * largest; // tiny beside the variance, and fits a float64
      Tensor y =
          BatchNormalization.withBatchStatistics(
              x, Backend.standard().channelMoments(x), null, null, eps, false, Pass.inference());
      double[] actual = y.toDoubles();
      for (int i = 0; i < actual.length; i++) {
        int c = i / 25 % 3;
        double exact = (values[i] - mean[c]) / Math.sqrt(variance[c] + eps);
        // values up to 2 from the mean in units of the deviation; float32 rounds x - mean, whose
        // last place is that of subnormals, the scale and the product
        double meanAndCentred = 2 * 0x1p-149 / Math.sqrt(variance[c]);
        assertHalf(exact, 4 * 0x1p-24 * Math.abs(exact) + meanAndCentred, actual[i], half);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void resultsAreThoseOfFloat32RoundedOnce(DType half) {
    for (long[] shape : SHAPES) {
      for (Layout layout : Layout.values()) {
        for (boolean relu : new boolean[] {false, true}) {
          int channels = (int) shape[1];
          Tensor x = Tensor.randn(RandomStream.of(5), shape).to(layout).to(half);
          Tensor g = Tensor.randn(RandomStream.of(6), shape).to(half);
          Tensor gamma = Tensor.uniform(RandomStream.of(7), -2, 2, channels);
          Tensor beta = Tensor.randn(RandomStream.of(8), channels);
          List<Tensor> actual = run(x, g, gamma, beta, relu, Pass.training());
          List<Tensor> wide =
              run(x.to(DType.FLOAT32), g.to(DType.FLOAT32), gamma, beta, relu, Pass.training());
          for (int k = 0; k < 4; k++) {
            Tensor expected = k < 2 ? wide.get(k).to(half) : wide.get(k);
            assertArrayEquals(expected.toBytes(), actual.get(k).toBytes(), "result " + k);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void constantChannelsGiveExactlyBeta(DType half) {
    for (float constant : new float[] {0, 0.1f, 1e4f, -65504, 6e-8f, 1 / 3f}) {
      for (float beta : new float[] {0.3f, 1e-6f, 1234.5f, -1 / 3f}) {
        for (long[] shape : List.of(new long[] {50, 3}, new long[] {5, 3, 7, 7})) {
          Tensor x = Tensor.full(constant, half, shape);
          Tensor shift = Tensor.full(beta, half, 3);
          Tensor y =
              BatchNormalization.withBatchStatistics(
                  x,
                  Backend.standard().channelMoments(x),
                  Tensor.full(1.7, half, 3),
                  shift,
                  EPS,
                  false,
                  Pass.inference());
          for (float value : y.toFloats()) {
            assertEquals(shift.at(0), value);
          }
        }
      }
    }
  }

  @Test
  void onlyWhatDoesNotFitBecomesInfinite() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, -3}, 4, 1).to(DType.FLOAT16);
    Tensor zero = Tensor.zeros(1);
    // 65519 rounds to the largest float16, 65520 does not
    double[][] cases = {{65519 / 3.0, 65504}, {65520 / 3.0, Double.POSITIVE_INFINITY}};
    for (double[] c : cases) {
      Tensor gamma = Tensor.full(c[0], DType.FLOAT32, 1);
      Tensor y =
          BatchNormalization.withGivenStatistics(
              x, zero, Tensor.ones(1), gamma, null, 0, false, Pass.inference());
      assertEquals(c[1], y.at(2, 0));
      assertEquals(-c[1], y.at(3, 0));
      assertTrue(Double.isFinite(y.at(1, 0)));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void nanAndInfinityStayInTheirChannel(DType half) {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -1 / 0.0}) {
      for (long[] shape : List.of(new long[] {40, 3}, new long[] {4, 3, 6, 6})) {
        for (Layout layout : Layout.values()) {
          Tensor values = Tensor.randn(RandomStream.of(4), shape);
          float[] spoilt = values.toFloats();
          int plane = (int) values.shape().span(2, shape.length);
          spoilt[7 * plane] = (float) bad; // sample 2, channel 1
          Tensor clean = values.to(half).to(layout);
          Tensor dirty = Tensor.of(spoilt, shape).to(half).to(layout);
          Tensor g = Tensor.randn(RandomStream.of(5), shape).to(half);
          List<Tensor> expected =
              run(clean, g, Tensor.ones(3), Tensor.ones(3), false, Pass.training());
          List<Tensor> actual =
              run(dirty, g, Tensor.ones(3), Tensor.ones(3), false, Pass.training());
          for (int k = 0; k < 3; k++) {
            double[] e = expected.get(k).toDoubles();
            double[] a = actual.get(k).toDoubles();
            for (int i = 0; i < a.length; i++) {
              int channel = k < 2 ? i / plane % 3 : i;
              assertEquals(channel == 1 ? Double.NaN : e[i], a[i]);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void bitsDoNotDependOnTheNumberOfThreads(DType half) {
    for (long[] shape : List.of(new long[] {3000, 40}, new long[] {20, 30, 28, 28})) {
      Tensor x = Tensor.randn(RandomStream.of(5), shape).to(half);
      Tensor g = Tensor.randn(RandomStream.of(6), shape).to(half);
      List<Tensor> expected = null;
      for (int threads : new int[] {1, 2, 5}) {
        try (WorkerThreads workers = Workers.of(threads)) {
          Pass pass =
              Pass.training()
                  .withBackend(
                      CpuBackend.of(new ScalarKernels(), new JavaMatrixMultiply(), workers));
          Tensor gamma = Tensor.ones(shape[1]);
          List<Tensor> actual = run(x, g, gamma, Tensor.zeros(shape[1]), true, pass);
          expected = expected == null ? actual : expected;
          for (int k = 0; k < 4; k++) {
            assertArrayEquals(expected.get(k).toBytes(), actual.get(k).toBytes());
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void givenStatisticsFollowTheFormulaForwardAndBackward(DType half) {
    for (Layout layout : Layout.values()) {
      Tensor x = Tensor.randn(RandomStream.of(5), 6, 3, 4, 5).to(half).to(layout);
      Tensor g = Tensor.randn(RandomStream.of(6), 6, 3, 4, 5).to(half);
      Tensor mean = Tensor.of(new float[] {0.1f, -0.2f, 0}, 3);
      Tensor variance = Tensor.of(new float[] {1, 4, 0.25f}, 3);
      Pass pass = Pass.inference().recording();
      Tensor y =
          BatchNormalization.withGivenStatistics(
              pass.watch(x), mean, variance, null, null, 0, true, pass);
      double[] dx = pass.backward(y, g, false).of(x).toDoubles();
      double[] values = x.toDoubles();
      double[] gradients = g.toDoubles();
      double[] outputs = y.toDoubles();
      for (int i = 0; i < values.length; i++) {
        int c = i / 20 % 3;
        double exact = (values[i] - mean.at(c)) / Math.sqrt(variance.at(c));
        // x - mean and the fused product round once; the scales are powers of 2
        double wide = 4 * 0x1p-24 * (Math.abs(exact) + Math.abs(mean.at(c)));
        assertHalf(Math.max(exact, 0), wide, outputs[i], half);
        double expected = outputs[i] > 0 ? gradients[i] / Math.sqrt(variance.at(c)) : 0;
        assertEquals(expected, dx[i]); // a power of 2 times a half is exact
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void gradientsThatAreRecordedAreTheSameUpToRounding(DType half) {
    Tensor values = Tensor.randn(RandomStream.of(5), 20, 3).to(half);
    Tensor g = Tensor.randn(RandomStream.of(6), 20, 3).to(half);
    for (DType parameters : new DType[] {DType.FLOAT32, half}) {
      Tensor gamma = Tensor.uniform(RandomStream.of(7), 0.5, 2, 3).to(parameters);
      Tensor beta = Tensor.ones(3).to(parameters);
      List<Tensor> expected = run(values, g, gamma, beta, true, Pass.training());
      Pass pass = Pass.training();
      Tensor x = pass.watch(values);
      Tensor y =
          BatchNormalization.withBatchStatistics(
              x,
              pass.backend().channelMoments(x),
              pass.watch(gamma),
              pass.watch(beta),
              EPS,
              true,
              pass);
      Gradients actual = pass.backward(y, g, true);
      for (int k = 1; k < 4; k++) {
        Tensor of = List.of(x, gamma, beta).get(k - 1);
        assertEquals(of.dtype(), actual.of(of).dtype());
        assertEquals(of.dtype(), expected.get(k).dtype());
        double[] e = expected.get(k).toDoubles();
        double[] a = actual.of(of).toDoubles();
        for (int i = 0; i < e.length; i++) {
          // neighbours at most: both round a float32 that is off by a few 1e-6
          assertEquals(e[i], a[i], 2 * unit(half) * Math.abs(e[i]) + 1e-5);
        }
      }
    }
  }

  @Test
  void aLayerWithFloat32ParametersTakesHalves() {
    BatchNorm2d layer = new BatchNorm2d(3);
    BatchNorm2d wide = new BatchNorm2d(3);
    Tensor x = Tensor.randn(RandomStream.of(5), 8, 3, 5, 5).to(DType.BFLOAT16);
    Tensor y = layer.forward(x, Pass.training());
    wide.forward(x.to(DType.FLOAT32), Pass.training());
    assertEquals(DType.BFLOAT16, y.dtype());
    assertArrayEquals(
        wide.runningVar().orElseThrow().toBytes(), layer.runningVar().orElseThrow().toBytes());
    assertEquals(DType.BFLOAT16, layer.forward(x, Pass.inference()).dtype());
  }

  @Test
  void typesThatDoNotFitAreRefused() {
    Tensor x = Tensor.ones(4, 3).to(DType.FLOAT16);
    assertEquals(
        "batch_norm: weight is float64, but the input is float16; convert one of them with"
            + " to(DType)",
        assertThrows(
                IllegalArgumentException.class, () -> outputOf(x, Tensor.ones(3).to(DType.FLOAT64)))
            .getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> outputOf(x, Tensor.ones(3).to(DType.BFLOAT16)));
    Pass pass = Pass.training();
    Tensor y =
        BatchNormalization.withBatchStatistics(
            pass.watch(x), Backend.standard().channelMoments(x), null, null, EPS, false, pass);
    assertThrows(
        ShapeException.class, () -> pass.backward(y, Tensor.ones(4, 3).to(DType.BFLOAT16), false));
  }

  private static Tensor outputOf(Tensor x, @Nullable Tensor weight) {
    return BatchNormalization.withBatchStatistics(
        x, Backend.standard().channelMoments(x), weight, null, EPS, false, Pass.inference());
  }
}
