package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuConvolutionTest {
  static final int OFFSET = 3;

  /**
   * Batch, channels in, height, width, channels out, kernel, stride, padding, dilation (each
   * height, width), groups.
   */
  static Stream<ConvolutionGeometry> shapes() {
    return Stream.of(
        new ConvolutionGeometry(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1),
        new ConvolutionGeometry(2, 3, 5, 7, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        new ConvolutionGeometry(3, 1, 28, 28, 20, 5, 5, 1, 1, 0, 0, 1, 1, 1),
        new ConvolutionGeometry(5, 20, 12, 12, 10, 5, 5, 1, 1, 0, 0, 1, 1, 1),
        new ConvolutionGeometry(9, 16, 2, 2, 24, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        new ConvolutionGeometry(7, 8, 4, 4, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        new ConvolutionGeometry(70, 4, 4, 4, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        new ConvolutionGeometry(1, 2, 40, 33, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        new ConvolutionGeometry(2, 3, 9, 8, 4, 3, 2, 2, 3, 1, 0, 1, 1, 1),
        new ConvolutionGeometry(2, 3, 9, 11, 4, 3, 3, 1, 2, 2, 3, 2, 3, 1),
        new ConvolutionGeometry(2, 6, 7, 7, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3),
        new ConvolutionGeometry(3, 8, 6, 5, 8, 3, 3, 2, 2, 1, 1, 1, 1, 8),
        new ConvolutionGeometry(3, 5, 6, 6, 7, 1, 1, 1, 1, 0, 0, 1, 1, 1),
        new ConvolutionGeometry(2, 6, 30, 30, 4, 1, 1, 1, 1, 0, 0, 1, 1, 2),
        new ConvolutionGeometry(3, 5, 6, 6, 7, 1, 1, 2, 2, 0, 0, 1, 1, 1),
        new ConvolutionGeometry(2, 2, 3, 3, 2, 1, 1, 1, 1, 2, 2, 1, 1, 1),
        new ConvolutionGeometry(2, 2, 2, 2, 3, 5, 5, 1, 1, 2, 2, 1, 1, 1),
        new ConvolutionGeometry(2, 2, 1, 6, 3, 1, 4, 1, 1, 0, 3, 1, 1, 1),
        new ConvolutionGeometry(2, 3, 4, 4, 3, 3, 3, 1, 1, 4, 4, 1, 1, 1),
        new ConvolutionGeometry(2, 96, 3, 3, 320, 3, 3, 1, 1, 1, 1, 1, 1, 1), // many weights
        new ConvolutionGeometry(66, 6, 4, 4, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1), // turned kernels
        new ConvolutionGeometry(
            8, 6, 12, 13, 4, 3, 2, 1, 1, 2, 1, 2, 1, 2), // turned kernels, two groups
        new ConvolutionGeometry(40, 3, 3, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1),
        new ConvolutionGeometry(0, 3, 4, 4, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void forwardAndGradientsAgreeWithTheDefinition(ConvolutionGeometry geometry) {
    DirectConvolution direct = new DirectConvolution(geometry, 5);
    try (WorkerThreads workers = Workers.of(2)) {
      assertDefinition(direct, CpuConvolution.float32(new JavaMatrixMultiply(), workers));
      assertDefinition64(direct, CpuConvolution.float64(new JavaMatrixMultiply(), workers));
    }
  }

  private static void assertDefinition(
      DirectConvolution direct, CpuConvolution<float[]> convolution) {
    Passes<float[]> passes =
        run(
            convolution,
            direct.floats(direct.x),
            direct.floats(direct.w),
            direct.floats(direct.bias),
            direct.floats(direct.g),
            direct.geometry,
            length -> {
              float[] dirty = new float[length];
              Arrays.fill(dirty, Float.NaN);
              return dirty;
            });
    double unit = 0x1p-24;
    assertWithin(direct.y(), doubles(passes.y), unit, "output");
    assertWithin(direct.dx(), doubles(passes.dx), unit, "input gradient");
    assertWithin(direct.dw(), doubles(passes.dw), unit, "weight gradient");
    assertWithin(direct.db(), doubles(passes.db), unit, "bias gradient");
  }

  private static void assertDefinition64(
      DirectConvolution direct, CpuConvolution<double[]> convolution) {
    Passes<double[]> passes =
        run(
            convolution,
            padded(direct.x),
            padded(direct.w),
            padded(direct.bias),
            padded(direct.g),
            direct.geometry,
            length -> {
              double[] dirty = new double[length];
              Arrays.fill(dirty, Double.NaN);
              return dirty;
            });
    // the oracle adds in float64 too, so its own rounding counts as much again
    double unit = 2 * 0x1p-53;
    assertWithin(direct.y(), passes.y, unit, "output");
    assertWithin(direct.dx(), passes.dx, unit, "input gradient");
    assertWithin(direct.dw(), passes.dw, unit, "weight gradient");
    assertWithin(direct.db(), passes.db, unit, "bias gradient");
  }

  /**
   * A sum of {@code terms} products in any order, however grouped, errs by at most {@code terms * u
   * / (1 - terms * u)} times the sum of absolute products (Higham, Accuracy and Stability, section
   * 3.1); two more roundings for the bias and the result.
   */
  private static void assertWithin(
      DirectConvolution.Sums expected, double[] actual, double unit, String what) {
    double terms = (expected.terms + 2) * unit;
    for (int i = 0; i < expected.values.length; i++) {
      double bound = terms / (1 - terms) * expected.absolute[i];
      double error = Math.abs(actual[OFFSET + i] - expected.values[i]);
      assertTrue(
          error <= bound,
          what
              + " "
              + i
              + ": "
              + actual[OFFSET + i]
              + " instead of "
              + expected.values[i]
              + " ± "
              + bound);
    }
    for (int i = 0; i < OFFSET; i++) {
      assertTrue(Double.isNaN(actual[i]), what + ": element before the tensor overwritten");
      assertTrue(
          Double.isNaN(actual[actual.length - 1 - i]),
          what + ": element after the tensor overwritten");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void everyNumberOfThreadsGivesTheSameBits(ConvolutionGeometry geometry) {
    DirectConvolution data = new DirectConvolution(geometry, 6);
    Passes<float[]> one = null;
    for (int threads : new int[] {1, 2, 3, 7}) {
      try (WorkerThreads workers = Workers.of(threads)) {
        CpuConvolution<float[]> convolution =
            CpuConvolution.float32(new JavaMatrixMultiply(), workers);
        for (int repeat = 0; repeat < 2; repeat++) { // the second time with used scratch memory
          Passes<float[]> passes =
              run(
                  convolution,
                  data.floats(data.x),
                  data.floats(data.w),
                  data.floats(data.bias),
                  data.floats(data.g),
                  geometry,
                  float[]::new);
          one = one == null ? passes : one;
          assertArrayEquals(one.y, passes.y, threads + " threads");
          assertArrayEquals(one.dx, passes.dx, threads + " threads");
          assertArrayEquals(one.dw, passes.dw, threads + " threads");
          assertArrayEquals(one.db, passes.db, threads + " threads");
        }
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("shapes")
  void aSecondPassTouchesNoFreshMemory(ConvolutionGeometry geometry) {
    DirectConvolution data = new DirectConvolution(geometry, 7);
    ArraysSeen seen = new ArraysSeen();
    CpuConvolution<float[]> convolution = CpuConvolution.float32(seen, Workers.direct());
    float[] x = data.floats(data.x);
    float[] w = data.floats(data.w);
    float[] bias = data.floats(data.bias);
    float[] g = data.floats(data.g);
    run(convolution, x, w, bias, g, geometry, seen::known);
    seen.unknown = 0;
    run(convolution, x, w, bias, g, geometry, seen::known);
    assertEquals(0, seen.unknown);
  }

  @Test
  void aHandComputedExampleWithoutBias() {
    // 3x3 image 1..9, 2x2 kernel (1, 2; 3, 4): windows (1,2,4,5), (2,3,5,6), (4,5,7,8), (5,6,8,9)
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(1, 1, 3, 3, 1, 2, 2, 1, 1, 0, 0, 1, 1, 1);
    float[] x = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float[] w = {1, 2, 3, 4};
    float[] g = {1, 0, 0, 1};
    CpuConvolution<float[]> convolution =
        CpuConvolution.float32(new JavaMatrixMultiply(), Workers.direct());
    float[] y = new float[4];
    convolution.forward(x, w, null, y, geometry);
    assertArrayEquals(new float[] {37, 47, 67, 77}, y);
    float[] dx = new float[9];
    convolution.inputGradient(g, w, dx, geometry);
    assertArrayEquals(new float[] {1, 2, 0, 3, 5, 2, 0, 3, 4}, dx);
    float[] dw = new float[4];
    convolution.weightGradient(x, g, dw, geometry);
    assertArrayEquals(new float[] {6, 8, 12, 14}, dw);
    float[] db = new float[1];
    convolution.biasGradient(g, db, geometry);
    assertArrayEquals(new float[] {2}, db);
  }

  @Test
  void outputSizesFollowPyTorch() {
    // floor((32 + 2*1 - 2*(3-1) - 1) / 2) + 1 = floor(29/2) + 1 = 15; floor((30 + 2*2 - 1*(5-1) -
    // 1) / 3) + 1 = floor(29/3) + 1 = 10
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(2, 4, 32, 30, 8, 3, 5, 2, 3, 1, 2, 2, 1, 2);
    assertEquals(15, geometry.outHeight());
    assertEquals(10, geometry.outWidth());
    assertEquals(2 * 4 * 32 * 30, geometry.inputSize());
    assertEquals(8 * 2 * 3 * 5, geometry.weightSize());
    assertEquals(2 * 8 * 15 * 10, geometry.outputSize());
  }

  @Test
  void impossibleShapesAreExplained() {
    assertMessage(
        "convolution: strideWidth must be at least 1, but is 0",
        () -> new ConvolutionGeometry(1, 1, 3, 3, 1, 2, 2, 1, 0, 0, 0, 1, 1, 1));
    assertMessage(
        "convolution: outChannels must be divisible by groups, but 5 is not divisible by 2",
        () -> new ConvolutionGeometry(1, 4, 3, 3, 5, 2, 2, 1, 1, 0, 0, 1, 1, 2));
    assertMessage(
        "convolution: along the width the kernel covers 5 positions (size 3, dilation 2), more than"
            + " the 4 of the padded input; use a smaller kernel or more padding than 0",
        () -> new ConvolutionGeometry(1, 1, 9, 4, 1, 3, 3, 1, 1, 0, 0, 2, 2, 1));
    assertMessage(
        "convolution: the output (1000, 100, 200, 200) has more than 2147483639 elements, the most"
            + " an array can hold",
        () -> new ConvolutionGeometry(1000, 1, 200, 200, 100, 1, 1, 1, 1, 0, 0, 1, 1, 1));
  }

  @Test
  void arraysThatAreTooShortAreNamed() {
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(1, 1, 3, 3, 1, 2, 2, 1, 1, 0, 0, 1, 1, 1);
    CpuConvolution<float[]> convolution =
        CpuConvolution.float32(new JavaMatrixMultiply(), Workers.direct());
    assertMessage(
        "convolution: the weight of 4 elements at offset 0 does not fit an array of 3",
        () -> convolution.forward(new float[9], new float[3], null, new float[4], geometry));
    assertMessage(
        "convolution: the input of 9 elements at offset 1 does not fit an array of 9",
        () ->
            convolution.weightGradient(
                new float[9], 1, new float[4], 0, new float[4], 0, geometry));
  }

  private static void assertMessage(
      String expected, org.junit.jupiter.api.function.Executable call) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  private record Passes<A>(A y, A dx, A dw, A db) {}

  private static <A> Passes<A> run(
      CpuConvolution<A> convolution,
      A x,
      A w,
      A bias,
      A g,
      ConvolutionGeometry geometry,
      java.util.function.IntFunction<A> dirty) {
    A y = dirty.apply(geometry.outputSize() + 2 * OFFSET);
    convolution.forward(x, OFFSET, w, OFFSET, bias, OFFSET, y, OFFSET, geometry);
    A dx = dirty.apply(geometry.inputSize() + 2 * OFFSET);
    convolution.inputGradient(g, OFFSET, w, OFFSET, dx, OFFSET, geometry);
    A dw = dirty.apply(geometry.weightSize() + 2 * OFFSET);
    convolution.weightGradient(x, OFFSET, g, OFFSET, dw, OFFSET, geometry);
    A db = dirty.apply(geometry.outChannels() + 2 * OFFSET);
    convolution.biasGradient(g, OFFSET, db, OFFSET, geometry);
    return new Passes<>(y, dx, dw, db);
  }

  private static double[] doubles(float[] values) {
    double[] result = new double[values.length];
    Arrays.setAll(result, i -> values[i]);
    return result;
  }

  private static double[] padded(double[] values) {
    double[] result = new double[values.length + 2 * OFFSET];
    System.arraycopy(values, 0, result, OFFSET, values.length);
    return result;
  }

  /** Counts the arrays that a multiplication has not worked with before. */
  private static final class ArraysSeen implements MatrixMultiply {
    private final MatrixMultiply java = new JavaMatrixMultiply();
    private final Set<float[]> known = Collections.newSetFromMap(new IdentityHashMap<>());
    private int unknown;

    float[] known(int length) {
      float[] array = new float[length];
      known.add(array);
      return array;
    }

    @Override
    public String name() {
      return java.name();
    }

    @Override
    public void multiply(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        float alpha,
        float[] a,
        int aFrom,
        int lda,
        float[] b,
        int bFrom,
        int ldb,
        float beta,
        float[] c,
        int cFrom,
        int ldc) {
      for (float[] array : List.of(a, b, c)) {
        unknown += known.add(array) ? 1 : 0;
      }
      java.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
    }

    @Override
    public void multiply(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        double alpha,
        double[] a,
        int aFrom,
        int lda,
        double[] b,
        int bFrom,
        int ldb,
        double beta,
        double[] c,
        int cFrom,
        int ldc) {
      java.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
    }
  }
}
