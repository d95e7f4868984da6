package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BatchNormalizationTest {
  private static final double U = 0x1p-24; // unit roundoff of float32
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

  private static Tensor withBatchStatistics(
      Tensor x, @Nullable Tensor gamma, @Nullable Tensor beta, boolean relu, Pass pass) {
    BatchMoments moments = pass.backend().channelMoments(x);
    return BatchNormalization.withBatchStatistics(x, moments, gamma, beta, EPS, relu, pass);
  }

  private static void check(Tensor values, boolean relu) {
    RandomStream random = RandomStream.of(3);
    int channels = values.axis(1);
    long[] shape = values.shape().toArray();
    Tensor g = Tensor.randn(random, shape);
    Tensor gamma = Tensor.uniform(random, 0.5, 2, channels);
    Tensor beta = Tensor.randn(random, channels);
    for (Layout layout : Layout.values()) {
      Pass pass = Pass.inference().recording();
      Tensor x = pass.watch(values.to(layout));
      Tensor y = withBatchStatistics(x, pass.watch(gamma), pass.watch(beta), relu, pass);
      assertEquals(x.layout(), y.layout());
      BatchNormDefinition expected = new BatchNormDefinition(x, g, gamma, beta, EPS, relu);
      double[] actual = y.toDoubles();
      for (int i = 0; i < actual.length; i++) {
        double exact = expected.output(i);
        double bound = expected.outputBound(i);
        assertEquals(relu ? Math.max(exact, 0) : exact, actual[i], bound);
        // so close to the kink that rounding may take the other side; the seeds avoid it
        assertTrue(!relu || Math.abs(exact) > bound);
      }
      Gradients gradients = pass.backward(y, g, false);
      double[] dx = gradients.of(x).toDoubles();
      for (int i = 0; i < dx.length; i++) {
        assertEquals(expected.inputGradient(i), dx[i], expected.inputGradientBound(i));
      }
      for (int c = 0; c < channels; c++) {
        double dBeta = expected.sumG[c];
        // 1e-13: float64 sums of up to 16,000 terms of size 1, in another order
        assertEquals(dBeta, gradients.of(beta).at(c), U * Math.abs(dBeta) + 1e-11);
        double bound = expected.weightGradientBound(c);
        assertEquals(expected.weightGradient(c), gradients.of(gamma).at(c), bound + 1e-11);
      }
    }
  }

  @Test
  void float32StaysWithinTheDerivedBoundOfTheDefinition() {
    for (long[] shape : SHAPES) {
      Tensor x = Tensor.randn(RandomStream.of(1), shape).mul(3).add(0.7);
      check(x, false);
      check(x, true);
    }
  }

  @Test
  void dataFarFromZeroKeepItsDigits() {
    for (long[] shape : SHAPES) {
      Tensor x = Tensor.uniform(RandomStream.of(2), 999.99, 1000.01, shape);
      check(x, false);
    }
  }

  @Test
  void constantChannelsGiveExactlyBeta() {
    float[] constants = {
      0, 0.1f, 1e30f, -3.3e38f, 1e-30f, 5e-42f, 16_777_217f, 1000.01f, -Float.MIN_VALUE, 1 / 3f
    };
    float[] betas = {0.3f, -0f, 1e-20f, 12345.678f, -1 / 3f};
    for (long[] shape :
        List.of(new long[] {50, 3}, new long[] {5, 3, 7, 7}, new long[] {3, 1, 5000})) {
      int channels = (int) shape[1];
      for (float constant : constants) {
        for (float beta : betas) {
          for (Layout layout : Layout.values()) {
            Tensor x = Tensor.full(constant, DType.FLOAT32, shape).to(layout);
            Tensor gamma = Tensor.full(1.7, DType.FLOAT32, channels);
            Tensor shift = Tensor.full(beta, DType.FLOAT32, channels);
            Tensor y = withBatchStatistics(x, gamma, shift, false, Pass.inference());
            for (float value : y.toFloats()) {
              assertEquals(beta + 0f, value + 0f, constant + " in " + x.shape()); // -0 counts as 0
            }
            Tensor clipped = withBatchStatistics(x, gamma, shift, true, Pass.inference());
            assertEquals(
                Math.max(beta, 0f) * x.size(), clipped.sum().item(), Math.abs(beta) * x.size() * U);
          }
        }
      }
    }
  }

  @Test
  void nanAndInfinityStayInTheirChannel() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      for (long[] shape : List.of(new long[] {40, 3}, new long[] {4, 3, 6, 6})) {
        for (Layout layout : Layout.values()) {
          for (boolean relu : new boolean[] {false, true}) {
            Tensor clean = Tensor.randn(RandomStream.of(4), shape).to(layout);
            Tensor dirty = clean.detach();
            dirty.range(2, 3).copyFrom(withChannelOne(clean.range(2, 3), bad));
            List<Tensor> expected = forwardAndBackward(clean, relu);
            List<Tensor> actual = forwardAndBackward(dirty, relu);
            for (int k = 0; k < expected.size(); k++) {
              Tensor e = byChannel(expected.get(k));
              Tensor a = byChannel(actual.get(k));
              assertArrayEquals(e.range(0, 1).toBytes(), a.range(0, 1).toBytes());
              assertArrayEquals(e.range(2, 3).toBytes(), a.range(2, 3).toBytes());
              boolean sumsOfNothing = relu && k > 0; // NaN is not positive, so no gradient passes
              if (!sumsOfNothing && k < 3) {
                assertEquals(Double.NaN, a.range(1, 2).sum().item(), "result " + k);
              }
            }
          }
        }
      }
    }
  }

  private static Tensor withChannelOne(Tensor sample, float value) {
    Tensor copy = sample.detach().to(Layout.CHANNELS_FIRST);
    copy.reshape(3, -1).range(1, 2).fill(value);
    return copy;
  }

  /** (C, everything else). */
  private static Tensor byChannel(Tensor x) {
    if (x.rank() == 1) {
      return x;
    }
    int[] order = new int[x.rank()];
    Arrays.setAll(order, i -> i < 2 ? 1 - i : i);
    return Backend.standard().permute(x, order).reshape(x.axis(1), -1);
  }

  /** y, dx, dgamma, dbeta. */
  private static List<Tensor> forwardAndBackward(Tensor x, boolean relu) {
    Pass pass = Pass.inference().recording();
    Tensor gamma = pass.watch(Tensor.ones(x.axis(1)));
    Tensor beta = pass.watch(Tensor.ones(x.axis(1)));
    Tensor y = withBatchStatistics(pass.watch(x), gamma, beta, relu, pass);
    Gradients g = pass.backward(y, Tensor.randn(RandomStream.of(5), x.shape().toArray()), false);
    return List.of(y, g.of(x), g.of(gamma), g.of(beta));
  }

  @Test
  void nothingNormalisesToNothingWithZeroGradients() {
    for (long[] shape :
        List.of(
            new long[] {0, 3},
            new long[] {0, 3, 2, 2},
            new long[] {2, 3, 0},
            new long[] {0, 1, 4})) {
      for (Layout layout : Layout.values()) {
        for (boolean graph : new boolean[] {false, true}) {
          Pass pass = Pass.inference().recording();
          Tensor x = pass.watch(Tensor.zeros(shape).to(layout));
          Tensor gamma = pass.watch(Tensor.ones(shape[1]));
          Tensor beta = pass.watch(Tensor.ones(shape[1]));
          Tensor y = withBatchStatistics(x, gamma, beta, true, pass);
          assertEquals(x.shape(), y.shape());
          Gradients gradients = pass.backward(pass.sum(y), graph);
          assertEquals(x.shape(), gradients.of(x).shape());
          assertArrayEquals(new float[(int) shape[1]], gradients.of(gamma).toFloats());
          assertArrayEquals(new float[(int) shape[1]], gradients.of(beta).toFloats());
        }
      }
    }
  }

  @Test
  void noChannelsNormaliseToNothing() {
    for (long[] shape :
        List.of(new long[] {2, 0}, new long[] {2, 0, 3}, new long[] {70_000, 0, 70_000})) {
      for (Layout layout : Layout.values()) {
        Tensor x = Tensor.zeros(shape).to(layout);
        Tensor y = withBatchStatistics(x, null, null, false, Pass.inference());
        assertEquals(Shape.of(shape), y.shape());
      }
    }
  }

  @Test
  void rangesOfLargerTensorsAreNormalisedWhereTheyLie() {
    for (Layout layout : Layout.values()) {
      Tensor whole = Tensor.randn(RandomStream.of(6), 9, 3, 5, 5).to(layout);
      Tensor part = whole.range(2, 6);
      Tensor copy = part.detach();
      List<Tensor> expected = forwardAndBackward(copy, true);
      List<Tensor> actual = forwardAndBackward(part, true);
      for (int k = 0; k < expected.size(); k++) {
        assertArrayEquals(expected.get(k).toBytes(), actual.get(k).toBytes());
      }
    }
  }

  @Test
  void givenStatisticsFollowTheFormula() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
    Tensor mean = Tensor.of(new float[] {1, 2}, 2);
    Tensor variance = Tensor.of(new float[] {4, 0.25f}, 2);
    Tensor gamma = Tensor.of(new float[] {2, 3}, 2);
    Tensor beta = Tensor.of(new float[] {10, -1}, 2);
    Tensor y =
        BatchNormalization.withGivenStatistics(
            x, mean, variance, gamma, beta, 0, false, Pass.inference());
    assertArrayEquals(new float[] {10, -1, 12, 11}, y.toFloats());
    Tensor plain =
        BatchNormalization.withGivenStatistics(
            x, mean, variance, null, null, 0, true, Pass.inference());
    assertArrayEquals(new float[] {0, 0, 1, 4}, plain.toFloats());
  }

  @Test
  void momentsOfTwoValuesAreExact() {
    Tensor x = Tensor.of(new float[] {1, 10, 3, 30}, 2, 2);
    BatchMoments moments = Backend.standard().channelMoments(x);
    assertEquals(2, moments.count());
    assertEquals(2, moments.mean(0));
    assertEquals(20, moments.mean(1));
    assertEquals(2, moments.m2(0));
    assertEquals(200, moments.m2(1));
  }

  @Test
  void operandsThatDoNotFitAreRefused() {
    Tensor x = Tensor.ones(4, 3, 2);
    Tensor three = Tensor.ones(3);
    Tensor two = Tensor.ones(2);
    Pass pass = Pass.inference();
    BatchMoments moments = Backend.standard().channelMoments(x);
    assertEquals(
        "batch_norm: weight of shape (2) does not fit axis 1 of the input shape (4, 3, 2)",
        assertThrows(ShapeException.class, () -> withBatchStatistics(x, two, three, false, pass))
            .getMessage());
    assertEquals(
        "batch_norm: mean of shape (2) does not fit axis 1 of the input shape (4, 3, 2)",
        assertThrows(
                ShapeException.class,
                () ->
                    BatchNormalization.withGivenStatistics(
                        x, two, three, null, null, EPS, false, pass))
            .getMessage());
    assertEquals(
        "batch_norm: moments of 8 values in each of 3 channels are not those of the input shape"
            + " (2, 3, 2)",
        assertThrows(
                ShapeException.class,
                () ->
                    BatchNormalization.withBatchStatistics(
                        x.range(0, 2), moments, null, null, EPS, false, pass))
            .getMessage());
    assertEquals(
        "batch_norm: bias is float64, but the input is float32; convert one of them with to(DType)",
        assertThrows(
                IllegalArgumentException.class,
                () -> withBatchStatistics(x, three, three.to(DType.FLOAT64), false, pass))
            .getMessage());
    assertEquals(
        "channels are axis 1, so a tensor needs at least the axes (N, C), got shape (3)",
        assertThrows(ShapeException.class, () -> Backend.standard().channelMoments(three))
            .getMessage());
    assertEquals(
        "batch_norm needs a floating-point tensor, got int64 of shape (2, 2); convert it with"
            + " to(DType.FLOAT32)",
        assertThrows(
                IllegalArgumentException.class,
                () -> Backend.standard().channelMoments(Tensor.zeros(DType.INT64, 2, 2)))
            .getMessage());
  }
}
