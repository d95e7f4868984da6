package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class IntegerReductionsTest {
  private static final List<DType> TYPES =
      List.of(DType.INT64, DType.INT32, DType.UINT8, DType.BOOL);

  /** Integers of the whole range of a type, small enough that 200 of them fit int64. */
  private static Tensor sample(RandomStream random, DType dtype, Layout layout, long... shape) {
    long[] values = new long[(int) Shape.of(shape).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (dtype) {
            case INT64 -> random.nextLong() >> 8;
            case INT32 -> random.nextLong() >> 32;
            case UINT8 -> random.nextInt(256);
            case BOOL, FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> random.nextInt(2);
          };
    }
    Tensor whole = Tensor.of(values, shape).to(dtype).to(layout);
    assertArrayEquals(values, whole.toLongs());
    return whole;
  }

  @Test
  void sumsAreThoseOfBigIntegersForEveryChoiceOfAxes() {
    RandomStream random = RandomStream.of(91);
    long[] shape = {4, 3, 2, 5};
    for (DType dtype : TYPES) {
      for (Layout layout : Layout.values()) {
        Tensor x = sample(random, dtype, layout, shape).range(1, 4);
        for (int set = 1; set < 16; set++) {
          int[] axes = axes(set);
          for (boolean keep : new boolean[] {false, true}) {
            Tensor actual = Backend.standard().sum(x, axes, keep);
            assertEquals(DType.INT64, actual.dtype());
            assertArrayEquals(sums(x, set), actual.toLongs(), dtype + " over " + set);
          }
        }
        assertArrayEquals(sums(x, 15), x.sum().toLongs());
      }
    }
  }

  private static int[] axes(int set) {
    return java.util.stream.IntStream.range(0, 4).filter(axis -> (set >> axis & 1) == 1).toArray();
  }

  /** By definition, in the order of the kept axes. */
  private static long[] sums(Tensor x, int set) {
    Shape kept = x.shape();
    for (int axis : axes(set)) {
      kept = kept.with(axis, 1);
    }
    BigInteger[] totals = new BigInteger[(int) kept.size()];
    Arrays.fill(totals, BigInteger.ZERO);
    long[] values = x.toLongs();
    int[] next = {0};
    Shape target = kept;
    Samples.forEachIndex(
        x.shape(),
        index -> {
          int at = 0;
          for (int axis = 0; axis < index.length; axis++) {
            at = at * (int) target.axis(axis) + ((set >> axis & 1) == 1 ? 0 : (int) index[axis]);
          }
          totals[at] = totals[at].add(BigInteger.valueOf(values[next[0]++]));
        });
    return Arrays.stream(totals).mapToLong(BigInteger::longValueExact).toArray();
  }

  @Test
  void totalsThatFitAreExactWhateverTheOrderAndOthersAreRefused() {
    long most = Long.MAX_VALUE;
    long least = Long.MIN_VALUE;
    assertEquals(most, Tensor.of(new long[] {most, 1, -1}, 3).sum().itemAsLong());
    assertEquals(-1, Tensor.of(new long[] {least, most}, 2).sum().itemAsLong());
    assertEquals(least, Tensor.of(new long[] {least, least, most, 1}, 4).sum().itemAsLong());
    assertEquals(
        "sum of int64 values of shape (2, 2): total 1 does not fit int64; sum in floating point"
            + " after to(DType.FLOAT64)",
        refusal(() -> Tensor.of(new long[] {1, 2, most, 1}, 2, 2).sum(1)));
    assertEquals(
        "sum of int64 values of shape (2): total 0 does not fit int64; sum in floating point after"
            + " to(DType.FLOAT64)",
        refusal(() -> Tensor.of(new long[] {least, -1}, 2).sum()));
    Tensor narrow = Tensor.full(Integer.MAX_VALUE, DType.INT32, 3);
    assertEquals(3L * Integer.MAX_VALUE, narrow.sum().itemAsLong()); // int64, so it fits
    assertEquals(0, Tensor.zeros(DType.INT64, 0, 2).sum().itemAsLong());
    assertArrayEquals(new long[2], Tensor.zeros(DType.INT32, 0, 2).sum(0).toLongs());
    assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(DType.FLOAT16, 2).sum());
    assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(DType.INT64, 2).mean());
  }

  @Test
  void rightAnswersAreCountedByComparingAndSumming() {
    Tensor scores = Tensor.of(new float[] {0, 1, 5, 2, 3, 3, 9, 1, 2}, 3, 3);
    Tensor labels = Tensor.of(new long[] {2, 2, 0}, 3);
    Tensor right = scores.argmax().apply(BinaryOperation.EQ, labels);
    assertEquals(2, right.sum().itemAsLong());
    long big = (1L << 53) + 1; // float64 takes it for 2^53
    Tensor x = Tensor.of(new long[] {big, big - 1}, 2);
    assertArrayEquals(
        new long[] {1, 0}, x.apply(BinaryOperation.GT, Tensor.scalar(big - 1)).toLongs());
  }

  @Test
  void argmaxAlongAnyAxisIsThatOfTheValuesOneByOne() {
    RandomStream random = RandomStream.of(92);
    for (DType dtype : DType.values()) {
      for (Layout layout : Layout.values()) {
        Tensor x =
            sample(random, dtype.isFloating() ? DType.UINT8 : dtype, layout, 3, 4, 2, 5).to(dtype);
        for (int axis = -4; axis < 4; axis++) {
          int along = axis < 0 ? axis + 4 : axis;
          Tensor best = x.argmax(axis);
          assertEquals(DType.INT64, best.dtype());
          assertEquals(3, best.rank());
          Tensor kept = best.reshape(x.shape().with(along, 1).toArray());
          Samples.forEachIndex(
              x.shape(),
              index -> {
                long[] at = index.clone();
                at[along] = 0;
                long answer = (long) kept.at(at);
                at[along] = answer;
                // larger than all before it, and not smaller than any
                double largest = x.at(at);
                double value = x.at(index);
                assertEquals(true, index[along] < answer ? value < largest : value <= largest);
              });
        }
      }
    }
    long big = 1L << 60;
    assertEquals(1, Tensor.of(new long[] {big, big + 1}, 2).argmax().itemAsLong());
    assertArrayEquals(
        new long[] {1, 0}, Tensor.of(new float[] {1, 5, Float.NaN, 2}, 2, 2).argmax(0).toLongs());
    assertEquals(
        "shape (2) has no axis 1",
        assertThrows(ShapeException.class, () -> Tensor.ones(2).argmax(1)).getMessage());
  }

  @Test
  void lossesTakeLabelsOfEveryIntegerType() {
    Tensor scores = Tensor.randn(RandomStream.of(93), 3, 4);
    Tensor labels = Tensor.of(new long[] {3, 0, 2}, 3);
    Backend backend = Backend.standard();
    Tensor one = Tensor.scalar(1f);
    for (DType dtype : List.of(DType.INT32, DType.UINT8)) {
      Tensor narrow = labels.to(dtype);
      assertEquals(
          backend.crossEntropy(scores, labels).item(), backend.crossEntropy(scores, narrow).item());
      assertArrayEquals(
          backend.crossEntropyGradient(scores, labels, one).toFloats(),
          backend.crossEntropyGradient(scores, narrow, one).toFloats());
    }
    Tensor high = Tensor.of(new byte[] {0, 0, -56}, 3); // 200
    assertEquals(
        "cross_entropy: label 200 of sample 2 is not a class; the scores have classes 0 to 3",
        refusal(() -> backend.crossEntropy(scores, high)));
    assertEquals(
        "cross_entropy needs scores (N, K) with a class or more and labels (N), got scores (3, 4)"
            + " and labels (3, 4); make class numbers of one-hot labels with argmax()",
        refusal(() -> backend.crossEntropy(scores, scores)));
    assertEquals(
        "cross_entropy needs scores (N, K) with a class or more and labels (N), got scores (3, 4)"
            + " and labels (3, 1); give labels.reshape(-1)",
        refusal(() -> backend.crossEntropy(scores, labels.reshape(3, 1))));
    assertThrows(
        IllegalArgumentException.class, () -> backend.crossEntropy(scores, labels.to(DType.BOOL)));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable use) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, use).getMessage());
  }
}
