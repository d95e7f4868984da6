package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.Stream;
import org.batchnorm4j.kernel.ScalarWinogradKernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WinogradConvolutionTest {
  private static final int OFFSET = 3;

  static Stream<ConvolutionGeometry> shapes() {
    return Stream.of(
        geometry(1, 32, 2, 2, 32, 1),
        geometry(3, 32, 4, 6, 40, 1),
        geometry(2, 33, 6, 4, 35, 0),
        geometry(2, 32, 4, 4, 34, 2),
        geometry(70, 32, 4, 4, 32, 1), // several parts of the batch, the last one smaller
        geometry(
            5, 32, 24, 26, 32,
            1), // planes of more tiles than a part holds, parts enough to be tasks
        geometry(11, 32, 8, 10, 34, 1), // parts of several images
        geometry(0, 32, 4, 4, 32, 1));
  }

  private static ConvolutionGeometry geometry(
      int batch, int in, int high, int wide, int out, int padding) {
    return new ConvolutionGeometry(
        batch, in, high, wide, out, 3, 3, 1, 1, padding, padding, 1, 1, 1);
  }

  /**
   * Each value of a product of 16 is at most {@code (3 / 2)^2} times a kernel's largest value and 4
   * times the input's; 9 of them, with the channels, make an output: at most {@code 9 * 9/4 * 4 =
   * 81} times {@code channels * max|w| * max|x|}. A path through the transforms has 2 + 4 + 4
   * roundings besides the sum's, and one of the bias (Higham, Accuracy and Stability, section 3.1).
   * A gradient of the weight: the kernel's side has at most {@code 2^2} times the largest gradient,
   * the input's 4 times the largest input, and the way back adds at most {@code 2^2} of each.
   */
  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void forwardAndGradientsAgreeWithTheDefinition(ConvolutionGeometry geometry) {
    assertTrue(WinogradConvolution.worthwhile(geometry));
    assertTrue(WinogradConvolution.worthwhileBackwards(geometry));
    DirectConvolution direct = new DirectConvolution(geometry, 5);
    double x = largest(direct.x);
    double w = largest(direct.w);
    double g = largest(direct.g);
    double positions = geometry.batch() * geometry.outPositions() / 4.0;
    try (WorkerThreads workers = Workers.of(2)) {
      Passes passes = run(direct, workers);
      assertWithin(direct.y(), passes.y, geometry.inChannels() + 12, 81 * x * w, "output");
      assertWithin(direct.dx(), passes.dx, geometry.outChannels() + 12, 81 * g * w, "dx");
      assertWithin(direct.dw(), passes.dw, positions + 12, 64 * x * g, "dw");
    }
  }

  private static double largest(double[] values) {
    return Arrays.stream(values).map(Math::abs).max().orElse(0);
  }

  private static void assertWithin(
      DirectConvolution.Sums expected, float[] actual, double terms, double size, String what) {
    double share = terms * 0x1p-24;
    double bound = share / (1 - share) * terms * size;
    for (int i = 0; i < expected.values.length; i++) {
      double error = Math.abs(actual[OFFSET + i] - expected.values[i]);
      assertTrue(error <= bound, what + " " + i + ": error " + error + ", bound " + bound);
    }
    for (int i = 0; i < OFFSET; i++) {
      assertTrue(Float.isNaN(actual[i]), what + ": element before the tensor overwritten");
      assertTrue(Float.isNaN(actual[actual.length - 1 - i]), what + ": element after overwritten");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void everyNumberOfThreadsGivesTheSameBits(ConvolutionGeometry geometry) {
    DirectConvolution direct = new DirectConvolution(geometry, 6);
    Passes one = run(direct, Workers.direct());
    for (int threads : new int[] {2, 3, 7}) {
      try (WorkerThreads workers = Workers.of(threads)) {
        Passes passes = run(direct, workers);
        assertArrayEquals(one.y, passes.y, threads + " threads");
        assertArrayEquals(one.dx, passes.dx, threads + " threads");
        assertArrayEquals(one.dw, passes.dw, threads + " threads");
      }
    }
  }

  @Test
  void shapesThatDoNotFitAreLeftToIm2col() {
    assertFalse(WinogradConvolution.worthwhile(geometry(2, 32, 7, 7, 32, 1)));
    assertFalse(WinogradConvolution.worthwhile(geometry(2, 3, 8, 8, 32, 1)));
    assertFalse(
        WinogradConvolution.worthwhile(
            new ConvolutionGeometry(2, 32, 8, 8, 32, 3, 3, 2, 2, 1, 1, 1, 1, 1)));
    assertFalse(WinogradConvolution.worthwhileBackwards(geometry(2, 32, 4, 4, 32, 3)));
  }

  private record Passes(float[] y, float[] dx, float[] dw) {}

  private static Passes run(DirectConvolution data, Workers workers) {
    WinogradConvolution convolution =
        new WinogradConvolution(new ScalarWinogradKernels(), new JavaMatrixMultiply(), workers);
    ConvolutionGeometry geometry = data.geometry;
    TensorRange<float[]> x = new TensorRange<>(data.floats(data.x), OFFSET);
    TensorRange<float[]> w = new TensorRange<>(data.floats(data.w), OFFSET);
    TensorRange<float[]> g = new TensorRange<>(data.floats(data.g), OFFSET);
    TensorRange<float[]> bias = new TensorRange<>(data.floats(data.bias), OFFSET);
    float[] y = dirty(geometry.outputSize());
    float[] dx = dirty(geometry.inputSize());
    float[] dw = dirty(geometry.weightSize());
    for (int repeat = 0; repeat < 2; repeat++) { // the second time with used scratch memory
      convolution.forward(x, w, bias, new TensorRange<>(y, OFFSET), geometry);
      convolution.inputGradient(g, w, new TensorRange<>(dx, OFFSET), geometry);
      convolution.weightGradient(x, g, new TensorRange<>(dw, OFFSET), geometry);
    }
    return new Passes(y, dx, dw);
  }

  private static float[] dirty(int size) {
    float[] array = new float[size + 2 * OFFSET];
    Arrays.fill(array, Float.NaN);
    return array;
  }
}
