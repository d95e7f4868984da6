package org.batchnorm4j.nn;

/**
 * Window and steps of a {@link Conv2d}. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. Defaults: stride 1, no padding, dilation 1, 1 group, with bias.
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
      boolean bias) {
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
  }

  /** A square window. */
  public static Conv2dOptions kernel(int size) {
    return kernel(size, size);
  }

  /** A window of the given height and width. */
  public static Conv2dOptions kernel(int height, int width) {
    return new Conv2dOptions(height, width, 1, 1, 0, 0, 1, 1, 1, true);
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
        bias);
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
        bias);
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
        bias);
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
        bias);
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
}
