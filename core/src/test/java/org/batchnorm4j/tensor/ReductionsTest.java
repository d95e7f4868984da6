package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReductionsTest {

  @Test
  void everyChoiceOfAxesAgreesWithAnOdometer() {
    RandomStream random = RandomStream.of(81);
    for (int round = 0; round < 600; round++) {
      long[] sizes = Samples.sizes(random, random.nextInt(6), 5);
      DType dtype = random.nextInt(2) == 0 ? DType.FLOAT32 : DType.FLOAT64;
      Tensor x = Samples.gaussian(random, dtype, Samples.layout(random), sizes);
      check(x, axes(random, x.rank()), random.nextInt(2) == 0);
    }
  }

  @Test
  void largeTensorsAreCutIntoBlocksWithoutGaps() {
    RandomStream random = RandomStream.of(82);
    for (Layout layout : Layout.values()) {
      Tensor x = Samples.gaussian(random, DType.FLOAT32, layout, 37, 3, 41, 43);
      check(x, new int[] {0, 2, 3}, false);
      check(x, new int[] {1}, false);
      check(x, new int[] {}, false);
      check(x, new int[] {0}, true);
      check(x, new int[] {2, 3}, false);
    }
    Tensor rows = Samples.gaussian(random, DType.FLOAT32, Layout.CHANNELS_FIRST, 401, 701);
    check(rows, new int[] {0}, false);
    check(rows, new int[] {1}, false);
    check(
        Samples.gaussian(random, DType.FLOAT64, Layout.CHANNELS_FIRST, 70_001, 3),
        new int[] {0},
        false);
    check(
        Samples.gaussian(random, DType.FLOAT64, Layout.CHANNELS_FIRST, 3, 70_001),
        new int[] {-1},
        true);
  }

  private static int[] axes(RandomStream random, int rank) {
    List<Integer> chosen = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      if (random.nextInt(2) == 0) {
        chosen.add(random.nextInt(2) == 0 ? axis : axis - rank);
      }
    }
    return chosen.stream().mapToInt(i -> i).toArray();
  }

  private static void check(Tensor x, int[] axes, boolean keepDims) {
    Backend backend = Backend.standard();
    Naive naive = new Naive(x, axes);
    naive.compare(backend.sum(x, axes, keepDims), naive.sums, naive.sizes, keepDims);
    naive.compare(backend.mean(x, axes, keepDims), naive.means, naive.means, keepDims);
    naive.compare(backend.var(x, false, axes, keepDims), naive.biased, naive.squares, keepDims);
    naive.compare(backend.var(x, true, axes, keepDims), naive.unbiased, naive.squares, keepDims);
  }

  /** Sums by definition, over groups that are found index by index. */
  private static final class Naive {
    private final boolean[] reduced;
    private final Tensor x;
    private final Shape kept;
    private final double count;
    private final double[] sums;
    private final double[] sizes;
    private final double[] means;
    private final double[] squares;
    private final double[] biased;
    private final double[] unbiased;

    Naive(Tensor x, int... axes) {
      this.x = x;
      reduced = new boolean[x.rank()];
      for (int axis = 0; axis < x.rank(); axis++) {
        reduced[axis] = axes.length == 0;
      }
      for (int axis : axes) {
        reduced[axis < 0 ? axis + x.rank() : axis] = true;
      }
      long[] shape = x.shape().toArray();
      double product = 1;
      for (int axis = 0; axis < x.rank(); axis++) {
        product *= reduced[axis] ? shape[axis] : 1;
        shape[axis] = reduced[axis] ? 1 : shape[axis];
      }
      kept = Shape.of(shape);
      count = product;
      int outputs = (int) kept.size();
      sums = new double[outputs];
      sizes = new double[outputs];
      means = new double[outputs];
      squares = new double[outputs];
      biased = new double[outputs];
      unbiased = new double[outputs];
      Samples.forEachIndex(
          x.shape(),
          index -> {
            sums[group(index)] += x.at(index);
            sizes[group(index)] += Math.abs(x.at(index));
          });
      for (int i = 0; i < outputs; i++) {
        means[i] = sums[i] / count;
      }
      Samples.forEachIndex(
          x.shape(),
          index -> {
            double d = x.at(index) - means[group(index)];
            squares[group(index)] += d * d;
          });
      for (int i = 0; i < outputs; i++) {
        biased[i] = squares[i] / count;
        unbiased[i] = count == 0 ? Double.NaN : squares[i] / (count - 1);
      }
    }

    private int group(long... index) {
      long at = 0;
      for (int axis = 0; axis < index.length; axis++) {
        at = at * kept.axis(axis) + (reduced[axis] ? 0 : index[axis]);
      }
      return (int) at;
    }

    void compare(Tensor actual, double[] expected, double[] scale, boolean keepDims) {
      if (keepDims) {
        assertEquals(kept, actual.shape());
      } else {
        List<Long> left = new ArrayList<>();
        for (int axis = 0; axis < x.rank(); axis++) {
          if (!reduced[axis]) {
            left.add(x.shape().axis(axis));
          }
        }
        long[] shape = left.stream().mapToLong(i -> i).toArray();
        assertEquals(Shape.of(shape), actual.shape());
      }
      assertEquals(x.dtype(), actual.dtype());
      double[] values = actual.toDoubles();
      assertEquals(expected.length, values.length);
      double unit = x.dtype() == DType.FLOAT32 ? 0x1p-24 : 0x1p-53;
      for (int i = 0; i < values.length; i++) {
        // two float64 sums of n terms differ by at most 2 n u times the sum of sizes; the float32
        // result is rounded once more
        double bound = 4 * count * 0x1p-53 * Math.abs(scale[i]) + unit * Math.abs(expected[i]);
        assertEquals(expected[i], values[i], Double.isNaN(bound) ? 0 : bound);
      }
    }
  }

  @Test
  void nothingSumsToZeroAndHasNoMeanOrVariance() {
    Tensor x = Tensor.zeros(0, 2);
    assertArrayEquals(new float[] {0, 0}, x.sum(0).toFloats());
    assertArrayEquals(new float[] {Float.NaN, Float.NaN}, x.mean(0).toFloats());
    assertArrayEquals(new float[] {Float.NaN, Float.NaN}, x.var(false, 0).toFloats());
    assertArrayEquals(new float[] {Float.NaN, Float.NaN}, x.var(true, 0).toFloats());
    assertEquals(Shape.of(0), x.sum(1).shape());
    assertEquals(0, x.sum().item());
  }

  @Test
  void oneValueHasBiasedVarianceZeroAndNoUnbiasedVariance() {
    assertEquals(0, Tensor.scalar(3f).var(false).item());
    assertEquals(Double.NaN, Tensor.scalar(3f).var(true).item());
    assertEquals(3, Tensor.scalar(3f).mean().item());
  }

  @Test
  void varianceOfKnownNumbersIsExact() {
    Tensor x = Tensor.of(new float[] {2, 4, 4, 4, 5, 5, 7, 9}, 8);
    assertEquals(4, x.var(false).item());
    assertEquals((float) (32.0 / 7), x.var(true).item());
  }

  @Test
  void nanStaysInItsGroupOfAReduction() {
    Tensor x = Tensor.of(new float[] {1, Float.NaN, 3, 4}, 2, 2);
    assertArrayEquals(new float[] {Float.NaN, 7}, x.sum(1).toFloats());
    assertArrayEquals(new float[] {4, Float.NaN}, x.sum(0).toFloats());
  }

  @Test
  void reductionsThatKeepAxesKeepTheLayout() {
    Tensor last = Tensor.ones(2, 3, 4, 5).to(Layout.CHANNELS_LAST);
    assertEquals(Layout.CHANNELS_LAST, Backend.standard().sum(last, new int[] {0}, true).layout());
    assertEquals(Layout.CHANNELS_FIRST, last.sum(0).layout());
  }

  @Test
  void argmaxIsTheFirstOfTheLargestAndNanIsLargest() {
    float nan = Float.NaN;
    Tensor x = Tensor.of(new float[] {1, 5, 5, 2, nan, nan, -1, -3, -2}, 3, 3);
    assertArrayEquals(new long[] {1, 1, 0}, x.argmax().toLongs());
    Tensor last = Tensor.randn(RandomStream.of(83), 2, 3, 4, 5);
    assertArrayEquals(last.argmax().toLongs(), last.to(Layout.CHANNELS_LAST).argmax().toLongs());
    assertEquals(Shape.of(2, 3, 4), last.argmax().shape());
    assertEquals(
        "argmax over the empty axis 1 of shape (2, 0) has no answer",
        assertThrows(ShapeException.class, () -> Tensor.zeros(2, 0).argmax()).getMessage());
  }

  @Test
  void wrongAxesAndTypesAreRefused() {
    Tensor x = Tensor.ones(2, 3);
    assertEquals(
        "shape (2, 3) has no axis 2",
        assertThrows(ShapeException.class, () -> x.sum(2)).getMessage());
    assertEquals(
        "axis 1 is given twice: [1, -1]",
        assertThrows(ShapeException.class, () -> x.mean(1, -1)).getMessage());
    assertEquals(
        "var needs a float32 or float64 tensor, got int64 of shape (); convert it with"
            + " to(DType.FLOAT32)",
        assertThrows(IllegalArgumentException.class, () -> Tensor.scalar(1L).var(true))
            .getMessage());
  }
}
