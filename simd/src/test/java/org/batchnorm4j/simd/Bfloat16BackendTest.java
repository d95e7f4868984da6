package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.Stream;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BatchGradient;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.JavaMatrixMultiply;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.Workers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Batch norm of bfloat16 with kernels that load it themselves has the bits of the scalar tiles:
 * planes and rows, long and short, with rests, with wide channels and with NaN in the weights.
 */
class Bfloat16BackendTest {
  /** Rounded as if it were a number, this NaN would become a zero. */
  private static final double NAN = Double.longBitsToDouble(0x7fffffffffffffffL);

  private final Backend scalar = backend(new ScalarKernels());
  private final Backend simd = backend(new VectorKernels());

  private static Backend backend(CpuKernels kernels) {
    return CpuBackend.of(kernels, new JavaMatrixMultiply(), Workers.direct());
  }

  static Stream<Arguments> shapes() {
    return Stream.of(
            new long[] {9, 3, 41, 43},
            new long[] {2, 3, 5, 5},
            new long[] {20, 5, 3, 3},
            new long[] {11, 24, 7, 7},
            new long[] {3, 64, 14, 14},
            new long[] {16, 96, 5, 7})
        .flatMap(shape -> Stream.of(Layout.values()).map(layout -> Arguments.of(shape, layout)));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void equalsTheScalarTiles(long[] shape, Layout layout) {
    checkSums(ordinary(shape, layout, 1), ordinary(shape, layout, 2), line(shape, 1.1));
    checkValues(ordinary(shape, layout, 1), ordinary(shape, layout, 2), line(shape, 1.1));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void equalsTheScalarTilesWithWideChannelsAndNaN(long[] shape, Layout layout) {
    for (double scale : new double[] {1e-60, NAN}) {
      ChannelAffine line = line(shape, 1.1);
      line.scale()[1] = scale;
      checkSums(ordinary(shape, layout, 1), ordinary(shape, layout, 2), line);
      checkValues(ordinary(shape, layout, 1), ordinary(shape, layout, 2), line);
    }
  }

  private static Tensor ordinary(long[] shape, Layout layout, int seed) {
    return Tensor.randn(RandomStream.of(seed), shape).to(DType.BFLOAT16).to(layout);
  }

  private static ChannelAffine line(long[] shape, double scale) {
    int channels = (int) shape[1];
    double[] mean = new double[channels];
    double[] scales = new double[channels];
    double[] shift = new double[channels];
    Arrays.setAll(mean, c -> 0.01 * c);
    Arrays.fill(scales, scale);
    Arrays.setAll(shift, c -> 0.3 - 0.02 * c);
    return new ChannelAffine(mean, scales, shift);
  }

  private static GradientLine gradientLine(int channels) {
    double[] a = new double[channels];
    double[] b = new double[channels];
    double[] c = new double[channels];
    Arrays.setAll(a, k -> 1 + 0.1 * k);
    Arrays.setAll(b, k -> 0.3 - 0.01 * k);
    Arrays.setAll(c, k -> 0.02 * k);
    return new GradientLine(a, b, c);
  }

  private void checkSums(Tensor x, Tensor g, ChannelAffine line) {
    BatchMoments expected = scalar.channelMoments(x);
    BatchMoments actual = simd.channelMoments(x);
    for (int c = 0; c < line.channels(); c++) {
      assertEquals(expected.mean(c), actual.mean(c));
      assertEquals(expected.m2(c), actual.m2(c));
    }
    for (boolean relu : new boolean[] {false, true}) {
      assertSame(
          scalar.channelGradientSums(x, g, line, relu), simd.channelGradientSums(x, g, line, relu));
    }
  }

  private static void assertSame(GradientSums expected, GradientSums actual) {
    assertArrayEquals(expected.sumG(), actual.sumG());
    assertArrayEquals(expected.sumGx(), actual.sumGx());
  }

  private static void assertSame(Tensor expected, Tensor actual) {
    assertArrayEquals(expected.toDoubles(), actual.toDoubles());
  }

  private void checkValues(Tensor x, Tensor g, ChannelAffine line) {
    GradientLine gradient = gradientLine(line.channels());
    GradientLine.OfSums ofSums =
        (sums, to, first, end) -> {
          for (int c = first; c < end; c++) {
            to.a()[c] = gradient.a()[c];
            to.b()[c] = gradient.b()[c];
            to.c()[c] = gradient.c()[c];
          }
        };
    for (boolean relu : new boolean[] {false, true}) {
      assertSame(scalar.standardise(x, line, relu), simd.standardise(x, line, relu));
      assertSame(
          scalar.standardiseGradient(x, g, line, gradient, relu),
          simd.standardiseGradient(x, g, line, gradient, relu));
      BatchGradient expected = scalar.batchGradient(x, g, line, ofSums, relu);
      BatchGradient actual = simd.batchGradient(x, g, line, ofSums, relu);
      assertSame(expected.input(), actual.input());
      assertSame(expected.sums(), actual.sums());
    }
    assertSame(scalar.standardiseAddRelu(x, line, g), simd.standardiseAddRelu(x, line, g));
  }
}
