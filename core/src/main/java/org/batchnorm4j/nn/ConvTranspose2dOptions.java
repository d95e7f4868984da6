package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * Window and steps of a {@link ConvTranspose2d}. Immutable and safe for use by many threads; each
 * {@code with...} gives a changed copy. Defaults: stride 1, no padding, no output padding, dilation
 * 1, 1 group, with bias, float32. Sizes are checked at once: what is out of range throws {@link
 * IllegalArgumentException}.
 */
public final class ConvTranspose2dOptions {
  private final Conv2dOptions window;
  private final int outputPaddingH;
  private final int outputPaddingW;

  private ConvTranspose2dOptions(Conv2dOptions window, int outputPaddingH, int outputPaddingW) {
    this.window = window;
    this.outputPaddingH = outputPaddingH;
    this.outputPaddingW = outputPaddingW;
  }

  private ConvTranspose2dOptions with(Conv2dOptions other) {
    return new ConvTranspose2dOptions(other, outputPaddingH, outputPaddingW);
  }

  private static void atLeast(int least, String name, int height, int width) {
    if (height < least || width < least) {
      throw new IllegalArgumentException(
          "ConvTranspose2d "
              + name
              + " must be at least "
              + least
              + " along height and width, got "
              + height
              + " and "
              + width);
    }
  }

  /** A square window. */
  public static ConvTranspose2dOptions kernel(int size) {
    return kernel(size, size);
  }

  /** A window of the given height and width. */
  public static ConvTranspose2dOptions kernel(int height, int width) {
    atLeast(1, "kernel", height, width);
    return new ConvTranspose2dOptions(Conv2dOptions.kernel(height, width), 0, 0);
  }

  /** Step between the windows in the output, along both axes. */
  public ConvTranspose2dOptions withStride(int stride) {
    return withStride(stride, stride);
  }

  /** Step between the windows in the output, along height and width. */
  public ConvTranspose2dOptions withStride(int height, int width) {
    atLeast(1, "stride", height, width);
    return with(window.withStride(height, width));
  }

  /** Positions cut off on each side of the output, along both axes. */
  public ConvTranspose2dOptions withPadding(int padding) {
    return withPadding(padding, padding);
  }

  /** Positions cut off above and below, and left and right, of the output. */
  public ConvTranspose2dOptions withPadding(int height, int width) {
    atLeast(0, "padding", height, width);
    return with(window.withPadding(height, width));
  }

  /** Positions added at the end of the output, along both axes; less than the stride. */
  public ConvTranspose2dOptions withOutputPadding(int padding) {
    return withOutputPadding(padding, padding);
  }

  /** Positions added at the bottom and on the right of the output; less than the stride. */
  public ConvTranspose2dOptions withOutputPadding(int height, int width) {
    atLeast(0, "output_padding", height, width);
    return new ConvTranspose2dOptions(window, height, width);
  }

  /** Distance between the elements of the window, along both axes. */
  public ConvTranspose2dOptions withDilation(int dilation) {
    return withDilation(dilation, dilation);
  }

  /** Distance between the elements of the window along height and width. */
  public ConvTranspose2dOptions withDilation(int height, int width) {
    atLeast(1, "dilation", height, width);
    return with(window.withDilation(height, width));
  }

  /** Number of groups of channels that do not see each other. */
  public ConvTranspose2dOptions withGroups(int groups) {
    if (groups < 1) {
      throw new IllegalArgumentException(
          "ConvTranspose2d groups must be at least 1, got " + groups);
    }
    return with(window.withGroups(groups));
  }

  /** Whether a constant is added per output channel; a batch norm right behind would cancel it. */
  public ConvTranspose2dOptions withBias(boolean value) {
    return with(window.withBias(value));
  }

  /** Type of the parameters and of the input: float32 or float64. */
  public ConvTranspose2dOptions withDtype(DType dtype) {
    Members.checkParameterType("ConvTranspose2d", dtype);
    return with(window.withDtype(dtype));
  }

  /** The window of the convolution that this one transposes. */
  public Conv2dOptions window() {
    return window;
  }

  /** Rows added at the bottom of the output. */
  public int outputPaddingH() {
    return outputPaddingH;
  }

  /** Columns added on the right of the output. */
  public int outputPaddingW() {
    return outputPaddingW;
  }

  /** As PyTorch prints it: {@code kernel_size=(3, 3), stride=(1, 1)}, then what is no default. */
  @Override
  public String toString() {
    String text = window.toString();
    if (outputPaddingH == 0 && outputPaddingW == 0) {
      return text;
    }
    String added = ", output_padding=(" + outputPaddingH + ", " + outputPaddingW + ")";
    int end = text.indexOf(", groups=");
    end = end < 0 ? text.indexOf(", bias=") : end;
    return end < 0 ? text + added : text.substring(0, end) + added + text.substring(end);
  }
}
