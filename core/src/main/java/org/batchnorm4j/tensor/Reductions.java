package org.batchnorm4j.tensor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sums, means and variances over chosen axes, accumulated in float64, those of integers exactly.
 * Each sum is cut into blocks of fixed size that are merged in index order, so results have equal
 * bits for any number of threads.
 */
final class Reductions {
  private final Workers workers;
  private final Memory memory;

  Reductions(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  Tensor sum(Tensor x, int[] axes, boolean keepDims) {
    boolean integers = !x.dtype().isFloating();
    if (!integers) {
      Elementwise.requireComputing("sum", x);
    }
    boolean[] reduced = reducedAxes(x, axes);
    Tensor source = ordered(x, reduced, keepDims);
    if (integers) {
      long[] sums = IntegerSums.of(source, new ReducedAxes(source, reduced));
      Tensor result = allocate(x, DType.INT64, reduced, keepDims);
      System.arraycopy(sums, 0, result.unsafeLongArray(), result.offset(), sums.length);
      return result;
    }
    return result(x, totals(source, reduced, null), 1, reduced, keepDims);
  }

  Tensor mean(Tensor x, int[] axes, boolean keepDims) {
    Elementwise.requireComputing("mean", x);
    boolean[] reduced = reducedAxes(x, axes);
    Tensor source = ordered(x, reduced, keepDims);
    return result(x, totals(source, reduced, null), count(x, reduced), reduced, keepDims);
  }

  Tensor var(Tensor x, boolean unbiased, int[] axes, boolean keepDims) {
    Elementwise.requireComputing("var", x);
    boolean[] reduced = reducedAxes(x, axes);
    Tensor source = ordered(x, reduced, keepDims);
    double count = count(x, reduced);
    double[] means = totals(source, reduced, null);
    for (int i = 0; i < means.length; i++) {
      means[i] /= count;
    }
    double divisor = unbiased ? Math.max(0, count - 1) : count; // 0 / 0 is NaN
    return result(x, totals(source, reduced, means), divisor, reduced, keepDims);
  }

  private static boolean[] reducedAxes(Tensor x, int[] axes) {
    boolean[] reduced = new boolean[x.rank()];
    if (axes.length == 0) {
      Arrays.fill(reduced, true);
    }
    for (int axis : axes) {
      int checked = x.shape().checkedAxis(axis);
      if (reduced[checked]) {
        throw new ShapeException("axis " + checked + " is given twice: " + Arrays.toString(axes));
      }
      reduced[checked] = true;
    }
    return reduced;
  }

  private static double count(Tensor x, boolean[] reduced) {
    double product = 1;
    for (int axis = 0; axis < x.rank(); axis++) {
      product *= reduced[axis] ? x.axis(axis) : 1;
    }
    return product;
  }

  /**
   * The tensor whose kept axes lie in storage as the result wants them. Channels last has C behind
   * the spatial axes, so if both are kept and axes vanish, a channels-first copy is needed.
   */
  private Tensor ordered(Tensor x, boolean[] reduced, boolean keepDims) {
    boolean spatial = false;
    for (int axis = 2; axis < x.rank(); axis++) {
      spatial |= !reduced[axis];
    }
    boolean copy = x.layout() == Layout.CHANNELS_LAST && !keepDims && !reduced[1] && spatial;
    return copy ? Conversion.convert(x, x.dtype(), Layout.CHANNELS_FIRST, memory) : x;
  }

  private Tensor result(
      Tensor x, double[] totals, double divisor, boolean[] reduced, boolean keepDims) {
    Tensor result = allocate(x, x.dtype(), reduced, keepDims);
    for (int i = 0; i < result.size(); i++) {
      Conversion.set(result.storage(), result.dtype(), i, totals[i] / divisor);
    }
    return result;
  }

  private Tensor allocate(Tensor x, DType dtype, boolean[] reduced, boolean keepDims) {
    long[] sizes = new long[x.rank()];
    int rank = 0;
    for (int axis = 0; axis < x.rank(); axis++) {
      if (keepDims || !reduced[axis]) {
        sizes[rank++] = reduced[axis] ? 1 : x.axis(axis);
      }
    }
    Shape shape = Shape.of(Arrays.copyOf(sizes, rank));
    Layout layout = keepDims ? x.layout() : Layout.CHANNELS_FIRST;
    return memory.allocate(dtype, shape, layout);
  }

  /** Sums of the values, or of their squared distances from {@code centres}, in storage order. */
  private double[] totals(Tensor x, boolean[] reduced, double @Nullable [] centres) {
    return new Summation(x, new ReducedAxes(x, reduced), centres).run(workers);
  }

  /** Position of the largest value along an axis, the first among equals; NaN is largest. */
  Tensor argmax(Tensor x, int axis) {
    int along = x.shape().checkedAxis(axis);
    int count = x.axis(along);
    if (count == 0) {
      throw new ShapeException(
          "argmax over the empty axis " + along + " of shape " + x.shape() + " has no answer");
    }
    Tensor first = Conversion.convert(x, x.dtype(), Layout.CHANNELS_FIRST, memory);
    boolean[] reduced = new boolean[x.rank()];
    reduced[along] = true;
    Tensor result = allocate(x, DType.INT64, reduced, false);
    long[] out = result.unsafeLongArray();
    int stride = (int) x.shape().span(along + 1, x.rank());
    for (int i = 0; i < result.size(); i++) {
      int from = first.offset() + i / stride * count * stride + i % stride;
      out[result.offset() + i] =
          x.dtype().isFloating()
              ? largest(first, from, stride, count)
              : largestInteger(first.storage(), from, stride, count);
    }
    return result;
  }

  private static int largest(Tensor x, int from, int stride, int count) {
    int best = 0;
    double largest = x.valueAt(from);
    for (int i = 1; i < count; i++) {
      double value = x.valueAt(from + i * stride);
      if (value > largest || (Double.isNaN(value) && !Double.isNaN(largest))) {
        largest = value;
        best = i;
      }
    }
    return best;
  }

  private static int largestInteger(Storage storage, int from, int stride, int count) {
    int best = 0;
    long largest = Conversion.integer(storage, from);
    for (int i = 1; i < count; i++) {
      long value = Conversion.integer(storage, from + i * stride);
      if (value > largest) {
        largest = value;
        best = i;
      }
    }
    return best;
  }
}
