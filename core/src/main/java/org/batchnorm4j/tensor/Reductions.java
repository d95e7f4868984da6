package org.batchnorm4j.tensor;

import java.util.Arrays;

/** Sums, means and variances over chosen axes, accumulated in float64 in a fixed order. */
final class Reductions {
  private static final int WORK_PER_TASK = 1 << 15;

  private final Workers workers;
  private final Memory memory;

  Reductions(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  /** What to compute from the values of one group. */
  private enum Statistic {
    SUM,
    MEAN,
    BIASED_VARIANCE,
    UNBIASED_VARIANCE
  }

  Tensor sum(Tensor x, int[] axes, boolean keepDims) {
    return reduce(Statistic.SUM, x, axes, keepDims);
  }

  Tensor mean(Tensor x, int[] axes, boolean keepDims) {
    return reduce(Statistic.MEAN, x, axes, keepDims);
  }

  Tensor var(Tensor x, boolean unbiased, int[] axes, boolean keepDims) {
    Statistic statistic = unbiased ? Statistic.UNBIASED_VARIANCE : Statistic.BIASED_VARIANCE;
    return reduce(statistic, x, axes, keepDims);
  }

  private Tensor reduce(Statistic statistic, Tensor x, int[] axes, boolean keepDims) {
    Elementwise.requireComputing(statistic.name(), x);
    boolean[] reduced = reducedAxes(x, axes);
    long[] kept = new long[x.rank()];
    long[] dropped = new long[x.rank()];
    int keptCount = 0;
    for (int axis = 0; axis < x.rank(); axis++) {
      kept[axis] = reduced[axis] ? 1 : x.axis(axis);
      if (!reduced[axis]) {
        dropped[keptCount++] = x.axis(axis);
      }
    }
    Shape full = Shape.of(kept);
    Shape target = keepDims ? full : Shape.of(Arrays.copyOf(dropped, keptCount));
    Tensor result = memory.allocate(x.dtype(), target, Layout.CHANNELS_FIRST);
    Group group = new Group(x, reduced);
    Walk outputs = new Walk(x, reduced, false);
    int count = result.size();
    int perTask = Math.max(1, WORK_PER_TASK / Math.max(1, group.count));
    workers.run(
        (count + perTask - 1) / perTask,
        task -> {
          for (int i = task * perTask; i < Math.min(count, (task + 1) * perTask); i++) {
            double value = group.statistic(statistic, x.offset() + outputs.position(i));
            Conversion.set(result.storage(), result.dtype(), i, value);
          }
        });
    return result;
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

  /** Positions in storage over the axes that are reduced, or over those that are not. */
  private static final class Walk {
    private final int[] sizes;
    private final int[] strides;

    Walk(Tensor x, boolean[] reduced, boolean which) {
      int[] own = Strides.of(x).values();
      int count = 0;
      int[] s = new int[x.rank()];
      int[] t = new int[x.rank()];
      for (int axis = 0; axis < x.rank(); axis++) {
        if (reduced[axis] == which) {
          s[count] = x.axis(axis);
          t[count++] = own[axis];
        }
      }
      sizes = Arrays.copyOf(s, count);
      strides = Arrays.copyOf(t, count);
    }

    int position(int index) {
      int rest = index;
      int position = 0;
      for (int i = sizes.length - 1; i >= 0; i--) {
        position += rest % sizes[i] * strides[i];
        rest /= sizes[i];
      }
      return position;
    }

    int count() {
      int product = 1;
      for (int size : sizes) {
        product *= size;
      }
      return product;
    }
  }

  /** The values that go into one output, as runs along the innermost reduced axis. */
  private static final class Group {
    private final Tensor x;
    private final Walk outer;
    private final int outerCount;
    private final int run;
    private final int stride;
    private final int count;

    Group(Tensor x, boolean[] reduced) {
      this.x = x;
      boolean[] rest = reduced.clone();
      int last = -1;
      int[] own = Strides.of(x).values();
      for (int axis = 0; axis < x.rank(); axis++) {
        if (reduced[axis] && (last < 0 || own[axis] <= own[last])) {
          last = axis;
        }
      }
      if (last >= 0) {
        rest[last] = false;
      }
      boolean[] outerAxes = rest;
      outer = new Walk(x, outerAxes, true);
      outerCount = outer.count();
      run = last < 0 ? 1 : x.axis(last);
      stride = last < 0 ? 1 : own[last];
      count = outerCount * run;
    }

    double statistic(Statistic statistic, int start) {
      double sum = accumulate(start, 0, false);
      if (statistic == Statistic.SUM) {
        return sum;
      }
      double mean = sum / count;
      if (statistic == Statistic.MEAN) {
        return mean;
      }
      double squares = accumulate(start, mean, true);
      return squares / (statistic == Statistic.UNBIASED_VARIANCE ? count - 1 : count);
    }

    private double accumulate(int start, double centre, boolean squared) {
      double total = 0;
      for (int o = 0; o < outerCount; o++) {
        int from = start + outer.position(o);
        double part = 0;
        if (x.storage() instanceof Storage.Floats floats) {
          float[] values = floats.array();
          for (int i = 0, p = from; i < run; i++, p += stride) {
            double d = values[p] - centre;
            part += squared ? d * d : d;
          }
        } else {
          double[] values = x.unsafeDoubleArray();
          for (int i = 0, p = from; i < run; i++, p += stride) {
            double d = values[p] - centre;
            part += squared ? d * d : d;
          }
        }
        total += part;
      }
      return total;
    }
  }

  Tensor argmax(Tensor x) {
    int last = x.axis(-1);
    if (last == 0) {
      throw new ShapeException("argmax over an empty axis of shape " + x.shape());
    }
    Tensor first = x.to(Layout.CHANNELS_FIRST);
    Shape shape = Shape.of(Arrays.copyOf(x.shape().toArray(), x.rank() - 1));
    Tensor result = memory.allocate(DType.INT64, shape, Layout.CHANNELS_FIRST);
    long[] out = result.unsafeLongArray();
    for (int row = 0; row < out.length && row < result.size(); row++) {
      int best = 0;
      double largest = first.valueAt(first.offset() + row * last);
      for (int i = 1; i < last; i++) {
        double value = first.valueAt(first.offset() + row * last + i);
        if (value > largest || Double.isNaN(value) && !Double.isNaN(largest)) {
          largest = value;
          best = i;
        }
      }
      out[row] = best;
    }
    return result;
  }
}
