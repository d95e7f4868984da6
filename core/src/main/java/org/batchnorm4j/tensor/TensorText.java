package org.batchnorm4j.tensor;

import java.util.Locale;

/**
 * Tensors as text that a person can read, in the manner of PyTorch: columns are aligned, all
 * numbers have one format, and long axes of large tensors show their ends.
 */
final class TensorText {
  private static final int EDGE = 3;
  private static final int WHOLE = 1000;
  private static final String START = "tensor(";

  private final Tensor tensor;
  private final int[] strides;
  private boolean scientific;
  private int width;

  private TensorText(Tensor tensor) {
    this.tensor = tensor;
    this.strides = Strides.of(tensor).values();
  }

  static String of(Tensor tensor) {
    TensorText text = new TensorText(tensor);
    text.visit(0, tensor.offset(), text::judge);
    text.visit(0, tensor.offset(), text::measure);
    StringBuilder out = new StringBuilder(START);
    text.append(out, 0, tensor.offset());
    out.append(", shape=").append(tensor.shape()).append(", ").append(tensor.dtype());
    if (tensor.layout() == Layout.CHANNELS_LAST) {
      out.append(", channels_last");
    }
    return out.append(')').toString();
  }

  private interface Visitor {
    void visit(int position);
  }

  /** Visits the elements that are shown. */
  private void visit(int axis, int position, Visitor visitor) {
    if (axis == tensor.rank()) {
      visitor.visit(position);
      return;
    }
    for (int i = 0; i < tensor.axis(axis); i = next(axis, i)) {
      visit(axis + 1, position + i * strides[axis], visitor);
    }
  }

  /** The index shown after index {@code i}. */
  private int next(int axis, int i) {
    int size = tensor.axis(axis);
    boolean large = tensor.size() > WHOLE || size > WHOLE; // an empty tensor can be long, too
    boolean cut = large && size > 2 * EDGE && i == EDGE - 1;
    return cut ? size - EDGE : i + 1;
  }

  private void judge(int position) {
    double size = Math.abs(tensor.valueAt(position));
    boolean plain = size == 0 || (size >= 1e-4 && size < 1e6) || !Double.isFinite(size);
    scientific |= !plain;
  }

  private void measure(int position) {
    width = Math.max(width, number(position).length());
  }

  private void append(StringBuilder out, int axis, int position) {
    if (axis == tensor.rank()) {
      String number = number(position);
      out.repeat(' ', width - number.length()).append(number);
      return;
    }
    boolean last = axis == tensor.rank() - 1;
    String separator = last ? ", " : ",\n" + " ".repeat(START.length() + axis + 1);
    out.append('[');
    int size = tensor.axis(axis);
    for (int i = 0; i < size; ) {
      append(out, axis + 1, position + i * strides[axis]);
      int next = next(axis, i);
      if (next < size) {
        out.append(separator);
      }
      if (next > i + 1) {
        out.append("...").append(separator);
      }
      i = next;
    }
    out.append(']');
  }

  private String number(int position) {
    return switch (tensor.dtype()) {
      case BOOL -> tensor.valueAt(position) != 0 ? "true" : "false";
      case INT64, INT32 -> Long.toString(Conversion.integer(tensor.storage(), position));
      case UINT8 -> Integer.toString((int) tensor.valueAt(position));
      case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 ->
          String.format(Locale.ROOT, scientific ? "%.4e" : "%.4f", tensor.valueAt(position));
    };
  }
}
