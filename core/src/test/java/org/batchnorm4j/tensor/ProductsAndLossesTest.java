package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ProductsAndLossesTest {
  private static final Backend BACKEND = Backend.standard();

  @Test
  void matrixProductsOfKnownNumbersAreExact() {
    Tensor a = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor b = Tensor.of(new float[] {1, 0, 2, 1, 0, 3}, 3, 2);
    assertArrayEquals(new float[] {5, 11, 14, 23}, a.matmul(b).toFloats());
    assertArrayEquals(new float[] {14, 32, 32, 77}, BACKEND.matmul(a, a, false, true).toFloats());
    assertArrayEquals(
        new float[] {17, 22, 27, 22, 29, 36, 27, 36, 45},
        BACKEND.matmul(a, a, true, false).toFloats());
  }

  @Test
  void productsOfAllRanksAndTransposesAgreeWithTheirDefinition() {
    RandomStream random = RandomStream.of(101);
    for (int round = 0; round < 80; round++) {
      DType dtype = round % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      int m = 1 + random.nextInt(5);
      int n = 1 + random.nextInt(5);
      int k = random.nextInt(6);
      int leading = random.nextInt(3);
      boolean flat = leading > 0 && random.nextInt(2) == 0;
      boolean transposeA = !flat && random.nextInt(2) == 0;
      boolean transposeB = random.nextInt(2) == 0;
      long[] sizesA = matrix(leading, transposeA ? k : m, transposeA ? m : k);
      long[] sizesB = matrix(flat ? 0 : leading, transposeB ? n : k, transposeB ? k : n);
      Tensor a = Samples.gaussian(random, dtype, Samples.layout(random), sizesA);
      Tensor b = Samples.gaussian(random, dtype, Samples.layout(random), sizesB);
      Tensor c = BACKEND.matmul(a, b, transposeA, transposeB);
      assertEquals(Shape.of(matrix(leading, m, n)), c.shape());
      Samples.forEachIndex(
          c.shape(),
          index -> {
            double sum = 0;
            double sizes = 0;
            for (int i = 0; i < k; i++) {
              long[] left = index.clone();
              left[leading] = transposeA ? i : index[leading];
              left[leading + 1] = transposeA ? index[leading] : i;
              int shift = flat ? leading : 0;
              long[] right = java.util.Arrays.copyOfRange(index, shift, index.length);
              right[leading - shift] = transposeB ? index[leading + 1] : i;
              right[leading + 1 - shift] = transposeB ? i : index[leading + 1];
              sum += a.at(left) * b.at(right);
              sizes += Math.abs(a.at(left) * b.at(right));
            }
            // k products and sums in the type itself
            double u = dtype == DType.FLOAT32 ? 0x1p-24 : 0x1p-53;
            assertEquals(sum, c.at(index), 2 * (k + 1) * u * sizes);
          });
    }
  }

  private static long[] matrix(int leading, long rows, long columns) {
    long[] sizes = new long[leading + 2];
    for (int i = 0; i < leading; i++) {
      sizes[i] = 2 + i;
    }
    sizes[leading] = rows;
    sizes[leading + 1] = columns;
    return sizes;
  }

  @Test
  void productsThatDoNotFitAreRefused() {
    assertEquals(
        "matmul of shapes (2, 3) and (2, 4) transposed: the last axis of the first must equal the"
            + " last but one of the second, and leading axes must agree",
        refused(() -> BACKEND.matmul(Tensor.ones(2, 3), Tensor.ones(2, 4), false, true)));
    assertEquals(
        "matmul of shapes (3) and (3, 2): the last axis of the first must equal the last but one of"
            + " the second, and leading axes must agree; give a vector two axes with reshape(1, -1)"
            + " or reshape(-1, 1)",
        refused(() -> Tensor.ones(3).matmul(Tensor.ones(3, 2))));
    assertEquals(
        "matmul of shapes (2, 3) and (4, 3): the last axis of the first must equal the last but one"
            + " of the second, and leading axes must agree; the second would fit with its last two"
            + " axes swapped",
        refused(() -> Tensor.ones(2, 3).matmul(Tensor.ones(4, 3))));
    assertThrows(ShapeException.class, () -> Tensor.ones(2, 3).matmul(Tensor.ones(4, 3, 2)));
    assertThrows(ShapeException.class, () -> Tensor.ones(5, 2, 3).matmul(Tensor.ones(4, 3, 2)));
    assertEquals(
        "matmul of float32 and float64 tensors: convert one of them with to(DType)",
        refused(() -> Tensor.ones(2, 2).matmul(Tensor.zeros(DType.FLOAT64, 2, 2))));
  }

  @Test
  void crossEntropyOfKnownScoresIsExact() {
    Tensor labels = Tensor.of(new long[] {1, 0}, 2);
    Tensor even = Tensor.zeros(2, 4);
    assertEquals((float) StrictMath.log(4), BACKEND.crossEntropy(even, labels).item());
    Tensor huge = Tensor.of(new float[] {1000, -1000, 1000, -1000}, 2, 2);
    assertEquals(1000, BACKEND.crossEntropy(huge, labels).item());
    Tensor gradient = BACKEND.crossEntropyGradient(huge, labels, Tensor.scalar(1f));
    assertArrayEquals(new float[] {0.5f, -0.5f, 0, 0}, gradient.toFloats());
    Tensor impossible = Tensor.of(new float[] {0, Float.NEGATIVE_INFINITY}, 1, 2);
    Tensor first = Tensor.of(new long[] {0}, 1);
    assertEquals(0, BACKEND.crossEntropy(impossible, first).item());
    assertEquals(Double.NaN, BACKEND.crossEntropy(Tensor.zeros(0, 3), labels.range(0, 0)).item());
    Tensor nan = Tensor.of(new float[] {0, Float.NaN}, 1, 2);
    assertEquals(Double.NaN, BACKEND.crossEntropy(nan, first).item());
  }

  @Test
  void crossEntropyReadsRangesWhereTheyLie() {
    Tensor scores = Tensor.randn(RandomStream.of(102), 6, 5);
    Tensor labels = Tensor.of(new long[] {0, 1, 2, 3, 4, 0}, 6);
    Tensor part = BACKEND.crossEntropy(scores.range(2, 5), labels.range(2, 5));
    Tensor copy =
        BACKEND.crossEntropy(scores.range(2, 5).detach(), Tensor.of(new long[] {2, 3, 4}, 3));
    assertEquals(copy.item(), part.item());
  }

  @Test
  void wrongLabelsAreRefused() {
    Tensor scores = Tensor.zeros(2, 3);
    assertEquals(
        "cross_entropy: label 3 of sample 1 is not a class; the scores have classes 0 to 2",
        refused(() -> BACKEND.crossEntropy(scores, Tensor.of(new long[] {0, 3}, 2))));
    assertEquals(
        "cross_entropy needs scores (N, K) with a class or more and labels (N), got scores (2, 3) and"
            + " labels (3)",
        refused(() -> BACKEND.crossEntropy(scores, Tensor.of(new long[3], 3))));
    assertEquals(
        "cross_entropy needs labels of int64, int32 or uint8, got float32 of shape (2); convert class"
            + " numbers with to(DType.INT64)",
        refused(() -> BACKEND.crossEntropy(scores, Tensor.zeros(2))));
  }

  @Test
  void convolutionOperandsThatDoNotFitAreRefused() {
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(1, 2, 4, 4, 3, 3, 3, 1, 1, 0, 0, 1, 1, 1);
    Tensor x = Tensor.ones(1, 2, 4, 4);
    Tensor w = Tensor.ones(3, 2, 3, 3);
    assertEquals(
        "conv2d: weight has shape (3, 2, 3), but (3, 2, 3, 3) was expected",
        refused(() -> BACKEND.convolution(x, Tensor.ones(3, 2, 3), null, geometry)));
    assertEquals(
        "conv2d: bias has shape (2), but (3) was expected",
        refused(() -> BACKEND.convolution(x, w, Tensor.ones(2), geometry)));
    assertEquals(
        "conv2d: weight is float64, but the other operand is float32; convert one of them with"
            + " to(DType)",
        refused(() -> BACKEND.convolution(x, w.to(DType.FLOAT64), null, geometry)));
    assertEquals(
        "conv2d: output gradient has shape (1, 2, 4, 4), but (1, 3, 2, 2) was expected",
        refused(() -> BACKEND.convolutionInputGradient(x, w, geometry)));
    assertEquals(
        "conv2d: input has shape (2, 2, 4, 4), but (1, 2, 4, 4) was expected",
        refused(
            () ->
                BACKEND.convolutionWeightGradient(
                    Tensor.ones(2, 2, 4, 4), Tensor.ones(1, 3, 2, 2), geometry)));
  }

  @Test
  void layoutsOfConvolutionOperandsDoNotMatter() {
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(2, 2, 4, 4, 3, 3, 2, 1, 1, 1, 0, 1, 1, 1);
    RandomStream random = RandomStream.of(103);
    Tensor x = Tensor.randn(random, 2, 2, 4, 4);
    Tensor w = Tensor.randn(random, 3, 2, 3, 2);
    byte[] expected = BACKEND.convolution(x, w, null, geometry).toBytes();
    Layout last = Layout.CHANNELS_LAST;
    assertArrayEquals(
        expected, BACKEND.convolution(x.to(last), w.to(last), null, geometry).toBytes());
  }

  private static String refused(Executable use) {
    return assertThrows(IllegalArgumentException.class, use).getMessage();
  }
}
