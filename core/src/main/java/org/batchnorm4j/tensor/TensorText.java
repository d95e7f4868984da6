package org.batchnorm4j.tensor;

import java.util.Locale;

/** Tensors as text that a person can read, in the manner of PyTorch: long axes show their ends. */
final class TensorText {
  private static final int EDGE = 3;
  private static final int WHOLE = 1000;

  private TensorText() {}

  static String of(Tensor tensor) {
    StringBuilder out = new StringBuilder("tensor(");
    append(out, tensor, Strides.of(tensor).values(), 0, tensor.offset(), 7);
    out.append(", shape=").append(tensor.shape()).append(", ").append(tensor.dtype());
    if (tensor.layout() == Layout.CHANNELS_LAST) {
      out.append(", channels_last");
    }
    return out.append(')').toString();
  }

  private static void append(
      StringBuilder out, Tensor tensor, int[] strides, int axis, int position, int indent) {
    if (axis == tensor.rank()) {
      out.append(number(tensor, position));
      return;
    }
    int size = tensor.axis(axis);
    boolean cut = tensor.size() > WHOLE && size > 2 * EDGE;
    boolean last = axis == tensor.rank() - 1;
    out.append('[');
    for (int i = 0; i < size; i++) {
      if (i > 0) {
        out.append(last ? ", " : ",\n" + " ".repeat(indent + axis + 1));
      }
      if (cut && i == EDGE) {
        out.append("...");
        i = size - EDGE - 1;
      } else {
        append(out, tensor, strides, axis + 1, position + i * strides[axis], indent);
      }
    }
    out.append(']');
  }

  private static String number(Tensor tensor, int position) {
    double value = tensor.valueAt(position);
    if (tensor.dtype() == DType.BOOL) {
      return value != 0 ? "true" : "false";
    }
    if (!tensor.dtype().isFloating()) {
      return Long.toString((long) value);
    }
    double size = Math.abs(value);
    boolean plain = size == 0 || size >= 1e-4 && size < 1e6 || Double.isNaN(value);
    return String.format(Locale.ROOT, plain ? "%.4f" : "%.4e", value);
  }
}
