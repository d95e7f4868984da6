package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * Window and steps of a {@link Conv2d}. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. Defaults: stride 1, no padding, dilation 1, 1 group, with bias,
 * float32. Sizes are checked at once: what is out of range throws {@link IllegalArgumentException}.
 */
public final class Conv2dOptions {
  private final int kernelHeight;
  private final int kernelWidth;
  private final int strideH;
  private final int strideW;
  private final int paddingH;
  private final int paddingW;
  private final int dilationH;
  private final int dilationW;
  private final int groups;
  private final boolean bias;
  private final DType dtype;

  private Conv2dOptions(
      int kernelHeight,
      int kernelWidth,
      int strideH,
      int strideW,
      int paddingH,
      int paddingW,
      int dilationH,
      int dilationW,
      int groups,
      boolean bias,
      DType dtype) {
    atLeast(1, "kernel", kernelHeight, kernelWidth);
    atLeast(1, "stride", strideH, strideW);
    atLeast(0, "padding", paddingH, paddingW);
    atLeast(1, "dilation", dilationH, dilationW);
    if (groups < 1) {
      throw new IllegalArgumentException("Conv2d groups must be at least 1, got " + groups);
    }
    Members.checkParameterType("Conv2d", dtype);
    this.kernelHeight = kernelHeight;
    this.kernelWidth = kernelWidth;
    this.strideH = strideH;
    this.strideW = strideW;
    this.paddingH = paddingH;
    this.paddingW = paddingW;
    this.dilationH = dilationH;
    this.dilationW = dilationW;
    this.groups = groups;
    this.bias = bias;
    this.dtype = dtype;
  }

  private static void atLeast(int least, String name, int height, int width) {
    if (height < least || width < least) {
      throw new IllegalArgumentException(
          "Conv2d "
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
  public static Conv2dOptions kernel(int size) {
    return kernel(size, size);
  }

  /** A window of the given height and width. */
  public static Conv2dOptions kernel(int height, int width) {
    return new Conv2dOptions(height, width, 1, 1, 0, 0, 1, 1, 1, true, DType.FLOAT32);
  }

  /** Step of the window, along both axes. */
  public Conv2dOptions withStride(int stride) {
    return withStride(stride, stride);
  }

  /** Step of the window along height and width. */
  public Conv2dOptions withStride(int height, int width) {
    return new Conv2dOptions(
        kernelHeight,
        kernelWidth,
        height,
        width,
        paddingH,
        paddingW,
        dilationH,
        dilationW,
        groups,
        bias,
        dtype);
  }

  /** Zeros added on each side, along both axes. */
  public Conv2dOptions withPadding(int padding) {
    return withPadding(padding, padding);
  }

  /** Zeros added above and below, and left and right. */
  public Conv2dOptions withPadding(int height, int width) {
    return new Conv2dOptions(
        kernelHeight,
        kernelWidth,
        strideH,
        strideW,
        height,
        width,
        dilationH,
        dilationW,
        groups,
        bias,
        dtype);
  }

  /** Distance between the elements of the window, along both axes. */
  public Conv2dOptions withDilation(int dilation) {
    return withDilation(dilation, dilation);
  }

  /** Distance between the elements of the window along height and width. */
  public Conv2dOptions withDilation(int height, int width) {
    return new Conv2dOptions(
        kernelHeight,
        kernelWidth,
        strideH,
        strideW,
        paddingH,
        paddingW,
        height,
        width,
        groups,
        bias,
        dtype);
  }

  /** Number of groups of channels that do not see each other. */
  public Conv2dOptions withGroups(int value) {
    return new Conv2dOptions(
        kernelHeight,
        kernelWidth,
        strideH,
        strideW,
        paddingH,
        paddingW,
        dilationH,
        dilationW,
        value,
        bias,
        dtype);
  }

  /** Whether a constant is added per output channel; a batch norm right behind would cancel it. */
  public Conv2dOptions withBias(boolean value) {
    return new Conv2dOptions(
        kernelHeight,
        kernelWidth,
        strideH,
        strideW,
        paddingH,
        paddingW,
        dilationH,
        dilationW,
        groups,
        value,
        dtype);
  }

  /** Type of the parameters and of the input: float32 or float64. */
  public Conv2dOptions withDtype(DType value) {
    return new Conv2dOptions(
        kernelHeight,
        kernelWidth,
        strideH,
        strideW,
        paddingH,
        paddingW,
        dilationH,
        dilationW,
        groups,
        bias,
        value);
  }

  /** Window height. */
  public int kernelHeight() {
    return kernelHeight;
  }

  /** Window width. */
  public int kernelWidth() {
    return kernelWidth;
  }

  /** Step along the height. */
  public int strideH() {
    return strideH;
  }

  /** Step along the width. */
  public int strideW() {
    return strideW;
  }

  /** Zeros above and below. */
  public int paddingH() {
    return paddingH;
  }

  /** Zeros left and right. */
  public int paddingW() {
    return paddingW;
  }

  /** Distance between window rows. */
  public int dilationH() {
    return dilationH;
  }

  /** Distance between window columns. */
  public int dilationW() {
    return dilationW;
  }

  /** Number of groups. */
  public int groups() {
    return groups;
  }

  /** Whether there is a bias. */
  public boolean bias() {
    return bias;
  }

  /** Type of the parameters. */
  public DType dtype() {
    return dtype;
  }

  /** As PyTorch prints it: {@code kernel_size=(3, 3), stride=(1, 1)}, then what is no default. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("kernel_size=").append(pair(kernelHeight, kernelWidth));
    text.append(", stride=").append(pair(strideH, strideW));
    if (paddingH != 0 || paddingW != 0) {
      text.append(", padding=").append(pair(paddingH, paddingW));
    }
    if (dilationH != 1 || dilationW != 1) {
      text.append(", dilation=").append(pair(dilationH, dilationW));
    }
    if (groups != 1) {
      text.append(", groups=").append(groups);
    }
    return text.append(bias ? "" : ", bias=False").toString();
  }

  private static String pair(int height, int width) {
    return "(" + height + ", " + width + ")";
  }
}
