package org.batchnorm4j.tensor;

/**
 * The sizes of a two-dimensional convolution, channels first: input {@code (batch, inChannels,
 * inHeight, inWidth)}, weight {@code (outChannels, inChannels / groups, kernelHeight,
 * kernelWidth)}, output {@code (batch, outChannels, outHeight, outWidth)}.
 *
 * <p>Padding is added on both sides, with zeros. The output has {@code floor((in + 2 * padding -
 * dilation * (kernel - 1) - 1) / stride) + 1} elements along each axis, as in PyTorch. Immutable
 * and safe for use by many threads.
 *
 * @param batch number of images; may be 0
 * @param inChannels channels of the input
 * @param inHeight rows of the input
 * @param inWidth columns of the input
 * @param outChannels channels of the output
 * @param kernelHeight rows of the kernel
 * @param kernelWidth columns of the kernel
 * @param strideHeight step between windows along the height
 * @param strideWidth step between windows along the width
 * @param paddingHeight rows of zeros above and below the input
 * @param paddingWidth columns of zeros left and right of the input
 * @param dilationHeight distance between kernel rows on the input
 * @param dilationWidth distance between kernel columns on the input
 * @param groups number of equal, independent parts into which both channel axes are divided
 */
public record ConvolutionGeometry(
    int batch,
    int inChannels,
    int inHeight,
    int inWidth,
    int outChannels,
    int kernelHeight,
    int kernelWidth,
    int strideHeight,
    int strideWidth,
    int paddingHeight,
    int paddingWidth,
    int dilationHeight,
    int dilationWidth,
    int groups) {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if a size is below its least value (0 for batch and padding, 1
   *     for the rest), the channels are not divisible by {@code groups}, the kernel is larger than
   *     the padded input, or a tensor would have more elements than an array can hold
   */
  public ConvolutionGeometry {
    atLeast(0, batch, "batch");
    atLeast(1, inChannels, "inChannels");
    atLeast(1, inHeight, "inHeight");
    atLeast(1, inWidth, "inWidth");
    atLeast(1, outChannels, "outChannels");
    atLeast(1, kernelHeight, "kernelHeight");
    atLeast(1, kernelWidth, "kernelWidth");
    atLeast(1, strideHeight, "strideHeight");
    atLeast(1, strideWidth, "strideWidth");
    atLeast(0, paddingHeight, "paddingHeight");
    atLeast(0, paddingWidth, "paddingWidth");
    atLeast(1, dilationHeight, "dilationHeight");
    atLeast(1, dilationWidth, "dilationWidth");
    atLeast(1, groups, "groups");
    divisible(inChannels, groups, "inChannels");
    divisible(outChannels, groups, "outChannels");
    long high =
        windows("height", inHeight, kernelHeight, strideHeight, paddingHeight, dilationHeight);
    long wide = windows("width", inWidth, kernelWidth, strideWidth, paddingWidth, dilationWidth);
    fits("input", batch, inChannels, inHeight, inWidth);
    fits("weight", outChannels, inChannels / groups, kernelHeight, kernelWidth);
    fits("output", batch, outChannels, high, wide);
  }

  /** Rows of the output. */
  public int outHeight() {
    return (int)
        windows("height", inHeight, kernelHeight, strideHeight, paddingHeight, dilationHeight);
  }

  /** Columns of the output. */
  public int outWidth() {
    return (int) windows("width", inWidth, kernelWidth, strideWidth, paddingWidth, dilationWidth);
  }

  /** Number of elements of the input. */
  public int inputSize() {
    return batch * inChannels * inHeight * inWidth;
  }

  /** Number of elements of the weight. */
  public int weightSize() {
    return outChannels * patchSize();
  }

  /** Number of elements of the output. */
  public int outputSize() {
    return batch * outChannels * outPositions();
  }

  /** Number of positions in one plane of the output. */
  int outPositions() {
    return outHeight() * outWidth();
  }

  int inPositions() {
    return inHeight * inWidth;
  }

  /**
   * Number of input values that one output value depends on, which is the length of a row of the
   * weight matrix.
   */
  int patchSize() {
    return inChannels / groups * kernelHeight * kernelWidth;
  }

  int kernelPositions() {
    return kernelHeight * kernelWidth;
  }

  int groupInChannels() {
    return inChannels / groups;
  }

  int groupOutChannels() {
    return outChannels / groups;
  }

  /**
   * Whether each output position sees exactly the input position of the same number, so that the
   * input is its own patch matrix.
   */
  boolean pointwise() {
    return kernelHeight == 1
        && kernelWidth == 1
        && strideHeight == 1
        && strideWidth == 1
        && paddingHeight == 0
        && paddingWidth == 0;
  }

  /**
   * Number of windows along one axis, as the axes of a geometry count them; at most the largest
   * int.
   *
   * @param axis the name of the axis, for errors
   * @throws IllegalArgumentException if {@code in} is not positive or smaller than one window
   */
  public static int windowsAlong(
      String axis, int in, int kernel, int stride, int padding, int dilation) {
    atLeast(1, in, axis + " of the input");
    return Math.clamp(windows(axis, in, kernel, stride, padding, dilation), 1, Integer.MAX_VALUE);
  }

  private static void atLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(
          "convolution: " + name + " must be at least " + least + ", but is " + value);
    }
  }

  private static void divisible(int channels, int groups, String name) {
    if (channels % groups != 0) {
      throw new IllegalArgumentException(
          "convolution: "
              + name
              + " must be divisible by groups, but "
              + channels
              + " is not divisible by "
              + groups);
    }
  }

  private static long windows(
      String axis, int in, int kernel, int stride, int padding, int dilation) {
    long padded = in + 2L * padding;
    long covered = dilation * (kernel - 1L) + 1;
    if (covered > padded) {
      throw new IllegalArgumentException(
          "convolution: along the "
              + axis
              + " the kernel covers "
              + covered
              + " positions (size "
              + kernel
              + ", dilation "
              + dilation
              + "), more than the "
              + padded
              + " of the padded input; use a smaller kernel or more padding than "
              + padding);
    }
    return (padded - covered) / stride + 1;
  }

  private static void fits(String what, long count, long channels, long high, long wide) {
    // each factor is below 2^31, but three of them may overflow a long
    double elements = (double) count * channels * high * wide;
    if (elements <= MAX_ELEMENTS) {
      return;
    }
    throw new IllegalArgumentException(
        "convolution: the "
            + what
            + " ("
            + count
            + ", "
            + channels
            + ", "
            + high
            + ", "
            + wide
            + ") has more than "
            + MAX_ELEMENTS
            + " elements, the most an array can hold");
  }

  private static final int MAX_ELEMENTS = Integer.MAX_VALUE - 8;
}
