package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The normalisation operations of a backend against their definitions in float64, over shapes that
 * are cut in every way: by planes, by runs, in strips with and without rows left over. Two channels
 * in five leave float32 with a square: their data are about 1e30.
 */
class NormalizationTest {
  private static final double FLOAT_UNIT = 0x1p-24;

  static Stream<Arguments> cases() {
    List<long[]> shapes =
        List.of(
            new long[] {3, 5, 7},
            new long[] {19, 5, 49},
            new long[] {2, 70, 20},
            new long[] {9, 7, 300},
            new long[] {8, 2, 5000},
            new long[] {2, 3, 17000},
            new long[] {67, 5},
            new long[] {200, 10},
            new long[] {3300, 10},
            new long[] {150, 33},
            new long[] {40, 2100});
    return shapes.stream()
        .flatMap(
            shape ->
                Stream.of(DType.FLOAT32, DType.FLOAT64, DType.BFLOAT16)
                    .flatMap(
                        type ->
                            Stream.of(Layout.values())
                                .map(layout -> Arguments.of(Shape.of(shape), type, layout))));
  }

  private final Backend backend = CpuBackend.of(KernelPreference.SCALAR, 2, line -> {});

  @Test
  void smallTensorsAreTheWorkOfTheCallingThread() {
    Workers others =
        new Workers() {
          @Override
          public int threads() {
            return 2;
          }

          @Override
          public void run(int tasks, IntConsumer task) {
            throw new AssertionError("other threads are asked for " + tasks + " tasks");
          }
        };
    Backend shared =
        CpuBackend.of(
            new ScalarKernels(),
            MatrixMultiplyChoice.choose(MatrixMultiplyPreference.JAVA, line -> {}).multiply(),
            others);
    Tensor small = values(1, Shape.of(512, 64), DType.FLOAT32, Layout.CHANNELS_FIRST);
    double[] one = new double[64];
    Arrays.fill(one, 1);
    ChannelAffine affine = new ChannelAffine(new double[64], one, one);
    assertEquals(512, shared.channelMoments(small).count());
    assertEquals(64, shared.channelGradientSums(small, small, affine, false).sumG().length);
    assertEquals(small.shape(), shared.standardise(small, affine, false).shape());
    Tensor large = values(1, Shape.of(513, 64), DType.FLOAT32, Layout.CHANNELS_FIRST);
    assertThrows(AssertionError.class, () -> shared.channelMoments(large));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("cases")
  void operationsAreTheirDefinitions(Shape shape, DType type, Layout layout) {
    Tensor x = values(1, shape, type, layout);
    Tensor g = values(2, shape, type, layout);
    int channels = x.axis(1);
    double[] at = wide(x);
    double[] gradient = wide(g);
    int length = at.length / (x.axis(0) * channels);
    double[] mean = new double[channels];
    double[] scale = new double[channels];
    double[] shift = new double[channels];
    double[] m2 = new double[channels];
    long n = at.length / channels;
    for (int i = 0; i < at.length; i++) {
      mean[i / length % channels] += at[i] / n;
    }
    for (int i = 0; i < at.length; i++) {
      double d = at[i] - mean[i / length % channels];
      m2[i / length % channels] += d * d;
    }
    for (int c = 0; c < channels; c++) {
      scale[c] = 1.5 / Math.sqrt(m2[c] / n);
      shift[c] = 0.25;
    }
    BatchMoments moments = backend.channelMoments(x);
    for (int c = 0; c < channels; c++) {
      double size = Math.sqrt(m2[c] / n) + Math.abs(mean[c]);
      assertEquals(mean[c], moments.mean(c), n * 0x1p-50 * size);
      assertEquals(m2[c], moments.m2(c), n * 0x1p-50 * n * size * size);
    }
    ChannelAffine affine = new ChannelAffine(mean, scale, shift);
    double unit = type == DType.BFLOAT16 ? 0x1p-8 : FLOAT_UNIT;
    Tensor residual = values(3, shape, type, layout);
    double[] added = wide(residual);
    Tensor behindRelu = backend.standardise(x, affine, true);
    Tensor end = backend.standardiseAddRelu(x, affine, residual);
    double[] y = wide(backend.standardise(x, affine, false));
    double[] relu = wide(behindRelu);
    double[] sum = wide(end);
    double[] slope = new double[channels];
    for (int c = 0; c < channels; c++) {
      slope[c] = -0.5 * scale[c] * scale[c];
    }
    GradientLine ofGradient = new GradientLine(scale, slope, shift);
    double[] dx = wide(backend.standardiseGradient(x, g, affine, ofGradient, false));
    double[] dxRelu = wide(backend.standardiseGradient(x, g, affine, ofGradient, true));
    for (int i = 0; i < at.length; i++) {
      int c = i / length % channels;
      double far = Math.abs(at[i]) + Math.abs(mean[c]);
      double line = (at[i] - mean[c]) * scale[c] + shift[c];
      double terms = far * Math.abs(scale[c]) + Math.abs(shift[c]);
      assertClose("line", line, y[i], terms, unit);
      assertClose("line and ReLU", Math.max(0, line), relu[i], terms, unit);
      double total = Math.max(0, line + added[i]);
      assertClose("sum and ReLU", total, sum[i], terms + Math.abs(added[i]), unit);
      double rest = (at[i] - mean[c]) * slope[c] + shift[c];
      double all = gradient[i] * scale[c] + rest;
      double gradientTerms =
          Math.abs(gradient[i] * scale[c]) + far * Math.abs(slope[c]) + Math.abs(shift[c]);
      assertClose("gradient", all, dx[i], gradientTerms, unit);
      assertClose("behind ReLU", relu[i] > 0 ? all : rest, dxRelu[i], gradientTerms, unit);
    }

    double[] everywhere = new double[at.length];
    Arrays.fill(everywhere, 1);
    GatedGradient gated = backend.gatedGradientSums(x, end, g, affine);
    double[] passed = wide(gated.gradient());
    for (int i = 0; i < at.length; i++) {
      assertEquals(sum[i] > 0 ? gradient[i] : 0, passed[i]);
    }
    GradientSums plain = backend.channelGradientSums(x, g, affine, false);
    GradientSums behind = backend.channelGradientSums(x, g, affine, true);
    checkSums(plain, at, gradient, everywhere, mean, length);
    checkSums(behind, at, gradient, relu, mean, length);
    checkSums(gated.sums(), at, gradient, sum, mean, length);
  }

  @ParameterizedTest(name = "{0} samples of {1} channels of {2}")
  @CsvSource({"20000, 2, 1", "50, 3, 400", "4, 2, 5000", "3000, 40, 1"})
  void squaresOfDataFarFromZeroKeepTheirDigits(int samples, int channels, int length) {
    RandomStream random = RandomStream.of(5);
    float[] x = new float[samples * channels * length];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (1000 + 0.01 * random.nextGaussian());
    }
    double n = (double) samples * length;
    BatchMoments moments = backend.channelMoments(Tensor.of(x, samples, channels, length));
    for (int c = 0; c < channels; c++) {
      double mean = 0; // of x - 1000, which is exact
      double m2 = 0;
      for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < x.length; i++) {
          double d = x[i] - 1000.0;
          boolean counts = i / length % channels == c;
          mean += counts && pass == 0 ? d / n : 0;
          m2 += counts && pass == 1 ? (d - mean) * (d - mean) : 0;
        }
      }
      // the first value is within 5 deviations: M2 loses 26 times what its sums do
      assertEquals(m2, moments.m2(c), 100 * n * 0x1p-53 * m2);
    }
  }

  private static void assertClose(
      String what, double expected, double actual, double terms, double unit) {
    double bound = 8 * FLOAT_UNIT * terms + 2 * unit * Math.abs(expected);
    assertTrue(
        Math.abs(actual - expected) <= bound,
        () -> what + " is " + actual + " instead of " + expected + ", bound " + bound);
  }

  /** Sums where the output was positive; only x - mean is rounded, to float32. */
  private static void checkSums(
      GradientSums sums, double[] x, double[] g, double[] output, double[] mean, int length) {
    double[] sumG = new double[mean.length];
    double[] sumGx = new double[mean.length];
    double[] terms = new double[mean.length];
    double[] products = new double[mean.length];
    for (int i = 0; i < x.length; i++) {
      int c = i / length % mean.length;
      if (output[i] > 0) {
        sumG[c] += g[i];
        terms[c] += Math.abs(g[i]);
        sumGx[c] += g[i] * (x[i] - mean[c]);
        products[c] += Math.abs(g[i]) * (Math.abs(x[i]) + Math.abs(mean[c]));
      }
    }
    for (int c = 0; c < mean.length; c++) {
      double rounding = x.length * 0x1p-52;
      assertEquals(sumG[c], sums.sumG()[c], rounding * terms[c]);
      assertEquals(sumGx[c], sums.sumGx()[c], (4 * FLOAT_UNIT + rounding) * products[c]);
    }
  }

  private static double[] wide(Tensor t) {
    return t.to(DType.FLOAT64).toDoubles();
  }

  private static Tensor values(long seed, Shape shape, DType type, Layout layout) {
    RandomStream random = RandomStream.of(seed);
    double[] values = new double[(int) shape.size()];
    int length = (int) shape.span(2, shape.rank());
    for (int i = 0; i < values.length; i++) {
      boolean large = seed == 1 && i / length % (int) shape.axis(1) % 5 >= 3;
      values[i] = (random.nextGaussian() + (seed == 1 ? 3 : 0)) * (large ? 1e30 : 1);
    }
    return Tensor.of(values, shape.toArray()).to(type).to(layout);
  }
}
