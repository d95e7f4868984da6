package org.batchnorm4j.tensor;

import java.util.Objects;

/** Rows of axis 0 by number, and the transpose, which adds rows to where they came from. */
final class RowSelection {
  private static final int NONE = -1;

  private final Memory memory;

  RowSelection(Memory memory) {
    this.memory = memory;
  }

  Tensor gather(Tensor input, int... rows) {
    Elementwise.requireComputing("gather", input);
    check(input, input.axis(0), rows);
    Tensor x = Conversion.convert(input, input.dtype(), Layout.CHANNELS_FIRST, memory);
    int length = (int) x.shape().span(1, x.rank());
    Tensor y = memory.allocate(x.dtype(), x.shape().with(0, rows.length), Layout.CHANNELS_FIRST);
    for (int i = 0; i < rows.length; i++) {
      Tensor target = y.range(i, i + 1);
      if (rows[i] == NONE) {
        target.fill(0);
      } else {
        Elementwise.copy(x, x.offset() + rows[i] * length, 1, target, target.offset(), length);
      }
    }
    return y;
  }

  Tensor scatter(Tensor gradient, int count, int... rows) {
    Elementwise.requireComputing("scatter", gradient);
    check(gradient, count, rows);
    if (gradient.axis(0) != rows.length) {
      throw new ShapeException(
          "scatter of " + rows.length + " rows does not fit the shape " + gradient.shape());
    }
    Tensor g = Conversion.convert(gradient, gradient.dtype(), Layout.CHANNELS_FIRST, memory);
    int length = (int) g.shape().span(1, g.rank());
    Tensor y = memory.allocate(g.dtype(), g.shape().with(0, count), Layout.CHANNELS_FIRST).fill(0);
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] != NONE) {
        add(g, g.offset() + i * length, y, y.offset() + rows[i] * length, length);
      }
    }
    return y;
  }

  private static void check(Tensor x, int count, int... rows) {
    if (x.rank() < 1) {
      throw new ShapeException("rows of a tensor without axes");
    }
    for (int row : rows) {
      if (row != NONE) {
        Objects.checkIndex(row, count);
      }
    }
  }

  private static void add(Tensor x, int from, Tensor y, int to, int length) {
    if (x.dtype() == DType.FLOAT32) {
      float[] in = x.unsafeFloatArray();
      float[] out = y.unsafeFloatArray();
      for (int i = 0; i < length; i++) {
        out[to + i] += in[from + i];
      }
    } else {
      double[] in = x.unsafeDoubleArray();
      double[] out = y.unsafeDoubleArray();
      for (int i = 0; i < length; i++) {
        out[to + i] += in[from + i];
      }
    }
  }
}
