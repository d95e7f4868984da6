package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * Sums over a sliding window along one axis. Each sum is taken anew in float64 in the order of the
 * axis, so that a large value leaves nothing behind when it goes out of the window.
 */
final class WindowSums {
  private final Workers workers;
  private final Memory memory;

  WindowSums(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  Tensor sum(Tensor input, int axis, int before, int after) {
    Elementwise.requireComputing("window sum", input);
    int along = input.shape().checkedAxis(axis);
    if (before < 0 || after < 0) {
      throw new IllegalArgumentException(
          "a window reaches back and ahead by at least 0 places, got " + before + " and " + after);
    }
    Tensor x = Conversion.convert(input, input.dtype(), Layout.CHANNELS_FIRST, memory);
    Tensor y = memory.allocate(x.dtype(), x.shape(), Layout.CHANNELS_FIRST);
    if (x.size() == 0) {
      return y;
    }
    int length = x.axis(along);
    int inner = (int) x.shape().span(along + 1, x.rank());
    workers.run(
        (int) x.shape().span(0, along),
        outer -> {
          double[] sums = new double[inner];
          for (int i = 0; i < length; i++) {
            Arrays.fill(sums, 0);
            int to = (int) Math.min(length, i + 1L + after);
            for (int j = Math.max(0, i - before); j < to; j++) {
              add(x, x.offset() + (outer * length + j) * inner, sums);
            }
            store(sums, y, (outer * length + i) * inner);
          }
        });
    return y;
  }

  private static void add(Tensor x, int from, double[] sums) {
    if (x.dtype() == DType.FLOAT32) {
      float[] values = x.unsafeFloatArray();
      for (int i = 0; i < sums.length; i++) {
        sums[i] += values[from + i];
      }
    } else {
      double[] values = x.unsafeDoubleArray();
      for (int i = 0; i < sums.length; i++) {
        sums[i] += values[from + i];
      }
    }
  }

  private static void store(double[] sums, Tensor y, int from) {
    if (y.dtype() == DType.FLOAT32) {
      float[] values = y.unsafeFloatArray();
      for (int i = 0; i < sums.length; i++) {
        values[y.offset() + from + i] = (float) sums[i];
      }
    } else {
      System.arraycopy(sums, 0, y.unsafeDoubleArray(), y.offset() + from, sums.length);
    }
  }
}
