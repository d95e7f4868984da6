package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batch norm of float32 values near the ends of their range, where its own factors leave it. */
class HugeValuesTest {
  private static final double EPS = 1e-5;

  private static List<long[]> shapes() {
    return List.of(
        new long[] {200, 5}, new long[] {9, 3, 7, 7}, new long[] {2, 2, 5000}, new long[] {40, 1});
  }

  @ParameterizedTest(name = "{1} to {2}, gradient of {0}")
  @CsvSource({
    "1, -1e30, 1e30",
    "1, 0.5e30, 1.5e30",
    "1, 0.99e30, 1.01e30",
    "1e10, -1e20, 1e20", // slope about 1e-30
    "1, -1e20, 1e20", // slope about 1e-40, a subnormal
    "1e-20, -1e10, 1e10",
    "1, -3.4e38, 3.4e38", // scale about 5e-39, a subnormal
    "1, 1e38, 3.4e38", // x - mean
    "1e25, -3.4e38, 0",
    "1, -1e-30, 1e-30",
    "1, -1e-42, 1e-42"
  })
  void outputsAndGradientsStayWithinTheDerivedBound(double size, double from, double to) {
    for (long[] shape : shapes()) {
      for (Layout layout : Layout.values()) {
        RandomStream random = RandomStream.of(7);
        Tensor values = Tensor.uniform(random, from, to, shape).to(layout);
        check(values, size, random);
      }
    }
  }

  @Test
  void anOutlierWhoseDistanceFromTheMeanLeavesFloat32() {
    for (long[] shape : List.of(new long[] {400, 3}, new long[] {9, 3, 7, 7})) {
      for (Layout layout : Layout.values()) {
        Tensor values = Tensor.uniform(RandomStream.of(8), 2e38, 2.1e38, shape);
        float[] array = values.toFloats();
        for (int channel = 0; channel < 3; channel++) {
          array[channel * (int) values.shape().span(2, shape.length)] = -3e38f;
        }
        check(Tensor.of(array, shape).to(layout), 1, RandomStream.of(7));
      }
    }
  }

  private static void check(Tensor values, double size, RandomStream random) {
    long[] shape = values.shape().toArray();
    int channels = values.axis(1);
    Tensor g = Tensor.randn(random, shape).mul(size);
    Tensor gamma = Tensor.uniform(random, 0.5, 2, channels);
    Tensor beta = Tensor.randn(random, channels);
    Pass pass = Pass.training();
    Tensor x = pass.watch(values);
    Tensor y =
        BatchNormalization.withBatchStatistics(
            x,
            Backend.standard().channelMoments(x),
            pass.watch(gamma),
            pass.watch(beta),
            EPS,
            false,
            pass);
    BatchNormDefinition exact = new BatchNormDefinition(x, g, gamma, beta, EPS);
    assertWithin(y.toDoubles(), exact::output, exact::outputBound);
    Gradients gradients = pass.backward(y, g, false);
    double[] dx = gradients.of(x).toDoubles();
    assertWithin(dx, exact::inputGradient, exact::inputGradientBound);
    double[] dGamma = gradients.of(gamma).toDoubles();
    assertWithin(dGamma, exact::weightGradient, exact::weightGradientBound);
  }

  interface Value {
    double at(int i);
  }

  /** Within the bound and half of the smallest float32. */
  private static void assertWithin(double[] actual, Value expected, Value bound) {
    for (int i = 0; i < actual.length; i++) {
      assertEquals(expected.at(i), actual[i], bound.at(i) + 0x1p-150, "at " + i);
    }
  }

  @Test
  void withReluGradientsPassWhereTheOutputIsPositive() {
    for (double size : new double[] {1, 1e20, 1e30, 1.7e38}) {
      for (long[] shape : shapes()) {
        Pass pass = Pass.training();
        Tensor x = pass.watch(Tensor.uniform(RandomStream.of(9), -size, 2 * size, shape));
        Tensor y =
            BatchNormalization.withBatchStatistics(
                x, Backend.standard().channelMoments(x), null, null, EPS, true, pass);
        Tensor g = Tensor.randn(RandomStream.of(10), shape);
        Tensor dx = pass.backward(y, g, false).of(x);
        Tensor active = Backend.standard().reluGradient(y, g);
        int channels = (int) shape[1];
        BatchNormDefinition exact =
            new BatchNormDefinition(x, active, Tensor.ones(channels), Tensor.zeros(channels), EPS);
        assertWithin(dx.toDoubles(), exact::inputGradient, exact::inputGradientBound);
        assertTrue(y.sum().item() > 0);
      }
    }
  }

  @Test
  void hugeChannelsLeaveTheirNeighboursAlone() {
    for (long[] shape : List.of(new long[] {200, 70}, new long[] {9, 70, 3, 3})) {
      for (Layout layout : Layout.values()) {
        Tensor ordinary = Tensor.randn(RandomStream.of(11), shape).to(layout);
        Tensor factor = Tensor.ones(shape[1]);
        for (int huge : new int[] {0, 3, 4, 40, 69}) {
          factor.range(huge, huge + 1).fill(1e30);
        }
        long[] perChannel = new long[shape.length];
        java.util.Arrays.fill(perChannel, 1);
        perChannel[1] = shape[1];
        Tensor mixed = ordinary.mul(factor.reshape(perChannel));
        List<Tensor> expected = outputAndGradient(ordinary);
        List<Tensor> actual = outputAndGradient(mixed);
        for (int k = 0; k < 2; k++) {
          int[] order = {1, 0, 2, 3};
          int[] axes = java.util.Arrays.copyOf(order, shape.length);
          Tensor e = Backend.standard().permute(expected.get(k), axes);
          Tensor a = Backend.standard().permute(actual.get(k), axes);
          for (int c = 0; c < shape[1]; c++) {
            if (factor.at(c) == 1) {
              assertArrayEquals(e.range(c, c + 1).toBytes(), a.range(c, c + 1).toBytes());
            }
          }
        }
      }
    }
  }

  private static List<Tensor> outputAndGradient(Tensor values) {
    Pass pass = Pass.training();
    Tensor x = pass.watch(values);
    Tensor y =
        BatchNormalization.withBatchStatistics(
            x, Backend.standard().channelMoments(x), null, null, EPS, true, pass);
    Tensor g = Tensor.randn(RandomStream.of(12), x.shape().toArray());
    return List.of(y, pass.backward(y, g, false).of(x));
  }
}
