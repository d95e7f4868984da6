package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * Window and steps of a {@link Conv1d}. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. Defaults: stride 1, no padding, dilation 1, 1 group, with bias,
 * float32. Sizes are checked at once: what is out of range throws {@link IllegalArgumentException}.
 */
public final class Conv1dOptions {
  private final Conv2dOptions row;

  private Conv1dOptions(Conv2dOptions row) {
    this.row = row;
  }

  private static int atLeast(int least, String name, int value) {
    if (value < least) {
      throw new IllegalArgumentException(
          "Conv1d " + name + " must be at least " + least + ", got " + value);
    }
    return value;
  }

  /** A window of the given length. */
  public static Conv1dOptions kernel(int size) {
    return new Conv1dOptions(Conv2dOptions.kernel(1, atLeast(1, "kernel", size)));
  }

  /** Step of the window. */
  public Conv1dOptions withStride(int stride) {
    return new Conv1dOptions(row.withStride(1, atLeast(1, "stride", stride)));
  }

  /** Zeros added on each side. */
  public Conv1dOptions withPadding(int padding) {
    return new Conv1dOptions(row.withPadding(0, atLeast(0, "padding", padding)));
  }

  /** Distance between the elements of the window. */
  public Conv1dOptions withDilation(int dilation) {
    return new Conv1dOptions(row.withDilation(1, atLeast(1, "dilation", dilation)));
  }

  /** Number of groups of channels that do not see each other. */
  public Conv1dOptions withGroups(int groups) {
    return new Conv1dOptions(row.withGroups(atLeast(1, "groups", groups)));
  }

  /** Whether a constant is added per output channel; a batch norm right behind would cancel it. */
  public Conv1dOptions withBias(boolean value) {
    return new Conv1dOptions(row.withBias(value));
  }

  /** Type of the parameters and of the input: float32 or float64. */
  public Conv1dOptions withDtype(DType dtype) {
    Members.checkParameterType("Conv1d", dtype);
    return new Conv1dOptions(row.withDtype(dtype));
  }

  /** Number of groups. */
  public int groups() {
    return row.groups();
  }

  /** The same window in a picture one row high. */
  Conv2dOptions row() {
    return row;
  }

  /** As PyTorch prints it: {@code kernel_size=(3,), stride=(1,)}, then what is no default. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("kernel_size=(").append(row.kernelWidth()).append(",)");
    text.append(", stride=(").append(row.strideW()).append(",)");
    if (row.paddingW() != 0) {
      text.append(", padding=(").append(row.paddingW()).append(",)");
    }
    if (row.dilationW() != 1) {
      text.append(", dilation=(").append(row.dilationW()).append(",)");
    }
    if (row.groups() != 1) {
      text.append(", groups=").append(row.groups());
    }
    return text.append(row.bias() ? "" : ", bias=False").toString();
  }
}
