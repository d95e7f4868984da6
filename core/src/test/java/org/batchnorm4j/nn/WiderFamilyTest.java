package org.batchnorm4j.nn;

import static org.batchnorm4j.autograd.Slopes.assertSlopes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleSupplier;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.WeightStandardization;
import org.batchnorm4j.autograd.Whitening;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Relatives of batch norm against loops over plain float64 numbers. */
class WiderFamilyTest {
  /** Some 100 roundings of 1.1e-16 in values of size 1 to 10, enlarged by 1 / deviation. */
  private static final double CLOSE = 1e-12;

  private static Tensor random(long seed, long... shape) {
    return Tensor.randn(DType.FLOAT64, RandomStream.of(seed), shape);
  }

  /** Gradients of a layer in training, with respect to its input and parameters. */
  private static void assertGradients(Module layer, Tensor x) {
    Pass pass = Pass.training();
    pass.watch(x);
    Tensor y = layer.forward(x, pass);
    Tensor r = random(99, y.shape().toArray());
    Gradients gradients = pass.backward(y, r, false);
    DoubleSupplier value =
        () -> layer.forward(x, Pass.training().withoutTape()).mul(r).sum().item();
    assertSlopes(x, gradients.of(x), value);
    for (Parameter parameter : layer.parameters()) {
      assertSlopes(parameter.value(), gradients.of(parameter.value()), value);
    }
  }

  private static double[] moments(double... values) {
    double mean = 0;
    double variance = 0;
    for (double value : values) {
      mean += value / values.length;
    }
    for (double value : values) {
      variance += (value - mean) * (value - mean) / values.length;
    }
    return new double[] {mean, variance};
  }

  /** The values of channel c of (N, C, L). */
  private static double[] channel(Tensor x, int c) {
    double[] values = new double[x.axis(0) * x.axis(2)];
    for (int i = 0; i < values.length; i++) {
      values[i] = x.at(i / x.axis(2), c, i % x.axis(2));
    }
    return values;
  }

  // ---- weight standardisation

  @Test
  void weightsOfEachOutputGetMeanZeroAndVarianceOne() {
    Conv2dOptions options = Conv2dOptions.kernel(2).withGroups(2).withDtype(DType.FLOAT64);
    WeightStandardizedConv2d layer =
        new WeightStandardizedConv2d(4, 6, options, RandomStream.of(1));
    Conv2d plain = new Conv2d(4, 6, options, RandomStream.of(1));
    Tensor w = layer.weight().value();
    double[] standardised = new double[w.size()];
    for (int o = 0; o < 6; o++) {
      double[] own = new double[8];
      for (int i = 0; i < 8; i++) {
        own[i] = w.at(o, i / 4, i / 2 % 2, i % 2);
      }
      double[] m = moments(own);
      for (int i = 0; i < 8; i++) {
        standardised[o * 8 + i] = (own[i] - m[0]) / Math.sqrt(m[1] + 1e-5);
      }
    }
    plain.weight().value().copyFrom(Tensor.of(standardised, 6, 2, 2, 2));
    Tensor x = random(2, 2, 4, 3, 3);
    assertArrayEquals(
        plain.forward(x, Pass.inference()).toDoubles(),
        layer.forward(x, Pass.inference()).toDoubles(),
        CLOSE);
    assertGradients(layer, x);
  }

  @Test
  void standardisedLinearHasTheStateOfThePlainOne() {
    WeightStandardizedLinear layer =
        new WeightStandardizedLinear(5, 3, true, DType.FLOAT64, RandomStream.of(1));
    Linear plain = new Linear(5, 3, true, DType.FLOAT64, RandomStream.of(1));
    assertEquals(plain.stateDict().keySet(), layer.stateDict().keySet());
    assertArrayEquals(
        plain.weight().value().toDoubles(), layer.weight().value().toDoubles(), "first values");
    assertGradients(layer, random(3, 4, 5));
    assertTrue(layer.toString().startsWith("WeightStandardizedLinear(in_features=5"));
    assertThrows(
        IllegalArgumentException.class,
        () -> new WeightStandardizedLinear(1, 3, true, DType.FLOAT64, RandomStream.of(1)));
    assertThrows(
        ShapeException.class,
        () -> WeightStandardization.of(Tensor.ones(3, 1), 1e-5, Pass.inference()));
  }

  // ---- batch renormalisation

  private static BatchRenorm renorm(BatchRenormLimits limits) {
    BatchRenorm layer = new BatchRenorm(3, limits, DType.FLOAT64);
    layer.stateDict().get("running_mean").copyFrom(Tensor.of(new double[] {0.3, -9, 0.1}, 3));
    layer.stateDict().get("running_var").copyFrom(Tensor.of(new double[] {0.5, 1.2, 50}, 3));
    layer.stateDict().get("weight").copyFrom(Tensor.of(new double[] {1.5, -0.7, 2}, 3));
    layer.stateDict().get("bias").copyFrom(Tensor.of(new double[] {0.2, 0, -1}, 3));
    return layer;
  }

  @Test
  void renormFollowsItsDefinitionAndTakesRAndDForConstants() {
    BatchRenorm layer = renorm(BatchRenormLimits.constant(2, 3));
    Tensor mean = layer.stateDict().get("running_mean").detach();
    Tensor variance = layer.stateDict().get("running_var").detach();
    Tensor gamma = layer.stateDict().get("weight");
    Tensor beta = layer.stateDict().get("bias");
    Tensor x = random(5, 4, 3, 2);
    double[] r = new double[3];
    double[] d = new double[3];
    for (int c = 0; c < 3; c++) {
      double[] m = moments(channel(x, c));
      double usual = Math.sqrt(variance.at(c) + 1e-5);
      r[c] = Math.max(0.5, Math.min(2, Math.sqrt(m[1] + 1e-5) / usual));
      d[c] = Math.max(-3, Math.min(3, (m[0] - mean.at(c)) / usual));
    }
    assertTrue(r[0] > 0.5 && r[0] < 2 && Math.abs(d[0]) < 3, "within both limits");
    assertTrue(d[1] == 3 && r[2] == 0.5, "beyond one limit each");
    Tensor weights = random(6, 4, 3, 2);
    DoubleSupplier definition =
        () -> {
          double sum = 0;
          for (int c = 0; c < 3; c++) {
            double[] m = moments(channel(x, c));
            for (int i = 0; i < 8; i++) {
              double xhat = (x.at(i / 2, c, i % 2) - m[0]) / Math.sqrt(m[1] + 1e-5);
              double y = (xhat * r[c] + d[c]) * gamma.at(c) + beta.at(c);
              sum += y * weights.at(i / 2, c, i % 2);
            }
          }
          return sum;
        };
    Pass pass = Pass.training();
    pass.watch(x);
    Tensor y = layer.forward(x, pass);
    assertEquals(definition.getAsDouble(), y.mul(weights).sum().item(), CLOSE);
    Gradients gradients = pass.backward(y, weights, false);
    assertSlopes(x, gradients.of(x), definition);
    assertSlopes(gamma, gradients.of(gamma), definition);
    assertSlopes(beta, gradients.of(beta), definition);
    for (int c = 0; c < 3; c++) {
      double[] m = moments(channel(x, c));
      assertEquals(
          0.99 * mean.at(c) + 0.01 * m[0], layer.stateDict().get("running_mean").at(c), 1e-14 * 10);
      assertEquals(
          0.99 * variance.at(c) + 0.01 * m[1],
          layer.stateDict().get("running_var").at(c),
          1e-14 * 50);
    }
    assertEquals(1, layer.stateDict().get("num_batches_tracked").item());
  }

  @Test
  void renormWithinItsLimitsTrainsOnWhatInferenceGives() {
    BatchRenorm layer = renorm(BatchRenormLimits.constant(1e6, 1e6));
    Tensor x = random(7, 4, 3, 2);
    Tensor inference = layer.forward(x, Pass.inference());
    assertArrayEquals(
        inference.toDoubles(), layer.forward(x, Pass.training()).toDoubles(), 100 * CLOSE);
  }

  @Test
  void renormStartsAsBatchNorm() {
    BatchRenormLimits limits = BatchRenormLimits.paper();
    BatchNormNd norm = new BatchNormNd(3, BatchNormOptions.defaults().withDtype(DType.FLOAT64));
    BatchRenorm layer = renorm(limits);
    layer.stateDict().get("weight").fill(1);
    layer.stateDict().get("bias").fill(0);
    Tensor x = random(8, 4, 3, 2);
    assertArrayEquals(
        norm.forward(x, Pass.training()).toDoubles(),
        layer.forward(x, Pass.training()).toDoubles());
    assertEquals(1, limits.r(5_000));
    assertEquals(2, limits.r(22_500));
    assertEquals(3, limits.r(40_000));
    assertEquals(0, limits.d(5_000));
    assertEquals(2.5, limits.d(15_000));
    assertEquals(5, limits.d(25_000));
    assertThrows(IllegalArgumentException.class, () -> new BatchRenormLimits(0.5, 1, 0, 0, 0));
  }

  // ---- batch-channel norm

  @Test
  void batchChannelNormIsGroupNormOfBatchNorm() {
    BatchChannelNorm layer = new BatchChannelNorm(2, 4);
    Tensor x = random(9, 3, 4, 2);
    double[][][] y = new double[3][4][2];
    for (int c = 0; c < 4; c++) {
      double[] m = moments(channel(x, c));
      for (int n = 0; n < 3; n++) {
        for (int l = 0; l < 2; l++) {
          y[n][c][l] = (x.at(n, c, l) - m[0]) / Math.sqrt(m[1] + 1e-5);
        }
      }
    }
    Tensor found = layer.forward(x.to(DType.FLOAT32), Pass.training());
    for (int n = 0; n < 3; n++) {
      for (int g = 0; g < 2; g++) {
        double[] a = y[n][2 * g];
        double[] b = y[n][2 * g + 1];
        double[] m = moments(a[0], a[1], b[0], b[1]);
        for (int i = 0; i < 4; i++) {
          double value = y[n][2 * g + i / 2][i % 2];
          // two norms of float32, each some 4 roundings of values up to 3
          assertEquals(
              (value - m[0]) / Math.sqrt(m[1] + 1e-5), found.at(n, 2 * g + i / 2, i % 2), 3e-6);
        }
      }
    }
    assertTrue(layer.stateDict().containsKey("batch_norm.running_var"));
    assertTrue(layer.stateDict().containsKey("group_norm.weight"));
  }

  // ---- whitening

  private static BatchWhitening whitening(int channels, int group, Whitening.Root root) {
    return new BatchWhitening(channels, group, root, 1e-3, DType.FLOAT64);
  }

  /** Covariance of channels a and b of (N, C, L). */
  private static double covariance(Tensor x, int a, int b) {
    double[] first = channel(x, a);
    double[] second = channel(x, b);
    double sum = 0;
    for (int i = 0; i < first.length; i++) {
      sum += (first[i] - moments(first)[0]) * (second[i] - moments(second)[0]);
    }
    return sum / first.length;
  }

  /** Channels that lean on each other. */
  private static Tensor correlated(int channels) {
    double[] values = random(11, 6, channels, 3).toDoubles();
    for (int i = 0; i < values.length; i++) {
      int c = i / 3 % channels;
      values[i] = values[i] * (1 + c) + (c == 0 ? 5 : 0.8 * values[i - 3]);
    }
    return Tensor.of(values, 6, channels, 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10})
  void pairsOfChannelsFollowTheRootOfATwoByTwoMatrix(int newtonSteps) {
    Whitening.Root root =
        newtonSteps == 0
            ? new Whitening.Root.Eigenvalues()
            : new Whitening.Root.Newton(newtonSteps);
    // ten steps leave less than a millionth of the way to the root of these
    double bound = newtonSteps == 0 ? 10 * CLOSE : 1e-6;
    Tensor x = correlated(4);
    Tensor y = whitening(4, 2, root).forward(x, Pass.training());
    for (int g = 0; g < 4; g += 2) {
      double a = covariance(x, g, g) + 1e-3;
      double b = covariance(x, g, g + 1);
      double c = covariance(x, g + 1, g + 1) + 1e-3;
      // the root of a symmetric 2x2 matrix is (M + sqrt(det) I) / sqrt(trace + 2 sqrt(det))
      double det = Math.sqrt(a * c - b * b);
      double scale = Math.sqrt(a + c + 2 * det);
      double p = (a + det) / scale;
      double q = b / scale;
      double s = (c + det) / scale;
      double inverse = 1 / (p * s - q * q);
      double[] first = channel(x, g);
      double[] second = channel(x, g + 1);
      for (int i = 0; i < first.length; i++) {
        double u = first[i] - moments(first)[0];
        double v = second[i] - moments(second)[0];
        assertEquals(inverse * (s * u - q * v), y.at(i / 3, g, i % 3), bound);
        assertEquals(inverse * (p * v - q * u), y.at(i / 3, g + 1, i % 3), bound);
      }
    }
  }

  @Test
  void fewStepsOfNewtonFollowTheIteration() {
    Tensor x = correlated(3);
    Tensor y = whitening(3, 3, new Whitening.Root.Newton(3)).forward(x, Pass.training());
    double[][] sigma = new double[3][3];
    double trace = 0;
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        sigma[i][j] = covariance(x, i, j) + (i == j ? 1e-3 : 0);
      }
      trace += sigma[i][i];
    }
    double[][] p = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int step = 0; step < 3; step++) {
      double[][] cube = times(times(p, times(p, p)), sigma);
      for (int i = 0; i < 9; i++) {
        p[i / 3][i % 3] = 1.5 * p[i / 3][i % 3] - 0.5 * cube[i / 3][i % 3] / trace;
      }
    }
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < 18; i++) {
        double expected = 0;
        for (int j = 0; j < 3; j++) {
          double[] own = channel(x, j);
          expected += p[c][j] * (own[i] - moments(own)[0]) / Math.sqrt(trace);
        }
        assertEquals(expected, y.at(i / 3, c, i % 3), CLOSE);
      }
    }
  }

  private static double[][] times(double[][] a, double[][] b) {
    double[][] c = new double[3][3];
    for (int i = 0; i < 27; i++) {
      c[i / 9][i / 3 % 3] += a[i / 9][i % 3] * b[i % 3][i / 3 % 3];
    }
    return c;
  }

  @Test
  void manyChannelsComeOutUncorrelated() {
    Tensor x = correlated(5).mul(10);
    Tensor y = whitening(5, 5, new Whitening.Root.Eigenvalues()).forward(x, Pass.training());
    for (int a = 0; a < 5; a++) {
      for (int b = 0; b < 5; b++) {
        // eps of 1e-3 beside variances from some 40 on
        assertEquals(a == b ? 1 : 0, covariance(y, a, b), 1e-4);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void gradientsOfWhiteningMatchCentralDifferences(int newtonSteps) {
    Whitening.Root root =
        newtonSteps == 0
            ? new Whitening.Root.Eigenvalues()
            : new Whitening.Root.Newton(newtonSteps);
    BatchWhitening layer = whitening(6, 3, root);
    layer.stateDict().get("weight").copyFrom(random(12, 6));
    assertGradients(layer, correlated(6));
  }

  @Test
  void gradientsExistWhereEigenvaluesAreEqual() {
    Tensor x = Tensor.of(new double[] {1, 1, 1, -1, -1, 1, -1, -1}, 4, 2);
    BatchWhitening layer = whitening(2, 2, new Whitening.Root.Eigenvalues());
    assertGradients(layer, x);
  }

  @Test
  void inferenceWhitensWithTheRunningMeanAndCovariance() {
    Whitening.Root root = new Whitening.Root.Eigenvalues();
    BatchWhitening layer = whitening(2, 2, root);
    Tensor x = correlated(2);
    layer.forward(x, Pass.training());
    Tensor mean = layer.stateDict().get("running_mean");
    Tensor matrix = layer.stateDict().get("running_covariance");
    for (int i = 0; i < 2; i++) {
      assertEquals(0.1 * moments(channel(x, i))[0], mean.at(i), 1e-14);
      for (int j = 0; j < 2; j++) {
        double start = i == j ? 0.9 : 0;
        assertEquals(start + 0.1 * covariance(x, i, j), matrix.at(0, i, j), 1e-14 * 10);
      }
    }
    mean.fill(2);
    matrix.copyFrom(Tensor.of(new double[] {4 - 1e-3, 0, 0, 9 - 1e-3}, 1, 2, 2));
    Tensor one = Tensor.of(new double[] {6, 8}, 1, 2);
    assertArrayEquals(new double[] {2, 2}, layer.forward(one, Pass.inference()).toDoubles(), 1e-14);
  }

  @Test
  void whiteningRefusesWhatItCannotDo() {
    BatchWhitening layer = whitening(2, 2, new Whitening.Root.Eigenvalues());
    assertThrows(
        ShapeException.class,
        () -> layer.forward(Tensor.zeros(DType.FLOAT64, 1, 2), Pass.training()));
    assertThrows(
        IllegalArgumentException.class, () -> whitening(6, 4, new Whitening.Root.Eigenvalues()));
    assertThrows(IllegalArgumentException.class, () -> new Whitening.Root.Newton(0));
    assertThrows(IllegalArgumentException.class, () -> new Whitening.Root.Newton(11));
    Pass pass = Pass.training();
    Tensor x = pass.watch(correlated(2));
    Tensor y = pass.sum(pass.square(layer.forward(x, pass)));
    assertThrows(IllegalStateException.class, () -> pass.backward(y, true));
  }
}
