package org.batchnorm4j.tensor;

/**
 * The windows of a 2-D pooling.
 *
 * @param height input height
 * @param width input width
 * @param kernelHeight window height
 * @param kernelWidth window width
 * @param strideH step between windows along H
 * @param strideW step between windows along W
 * @param paddingH rows added on each side; at most half the window
 * @param paddingW columns added on each side; at most half the window
 * @param countIncludePad whether padding counts in the divisor of an average
 */
public record PoolGeometry(
    int height,
    int width,
    int kernelHeight,
    int kernelWidth,
    int strideH,
    int strideW,
    int paddingH,
    int paddingW,
    boolean countIncludePad) {

  /**
   * Checks that windows exist.
   *
   * @throws ShapeException if a window is larger than the padded input, or a size is not positive
   */
  public PoolGeometry {
    if (height < 1 || width < 1) {
      throw new ShapeException(
          "pooling needs an input of at least 1x1 positions, got " + height + "x" + width);
    }
    if (kernelHeight < 1 || kernelWidth < 1 || strideH < 1 || strideW < 1) {
      throw new ShapeException(
          "pooling needs positive windows and strides, got window "
              + kernelHeight
              + "x"
              + kernelWidth
              + " and stride "
              + strideH
              + "x"
              + strideW);
    }
    if (paddingH < 0 || paddingW < 0 || 2 * paddingH > kernelHeight || 2 * paddingW > kernelWidth) {
      throw new ShapeException(
          "pooling padding "
              + paddingH
              + "x"
              + paddingW
              + " must be at most half of the window "
              + kernelHeight
              + "x"
              + kernelWidth);
    }
    if (height + 2 * paddingH < kernelHeight || width + 2 * paddingW < kernelWidth) {
      throw new ShapeException(
          "pooling window "
              + kernelHeight
              + "x"
              + kernelWidth
              + " is larger than the input "
              + height
              + "x"
              + width
              + " with padding "
              + paddingH
              + "x"
              + paddingW);
    }
  }

  /** Output height: {@code floor((H + 2 padding - kernel) / stride) + 1}. */
  public int outHeight() {
    return (height + 2 * paddingH - kernelHeight) / strideH + 1;
  }

  /** Output width: {@code floor((W + 2 padding - kernel) / stride) + 1}. */
  public int outWidth() {
    return (width + 2 * paddingW - kernelWidth) / strideW + 1;
  }

  /** First input row of the window of output row {@code y}, clipped to the input. */
  int rowFrom(int y) {
    return Math.max(0, y * strideH - paddingH);
  }

  /** End of the input rows of the window of output row {@code y}, exclusive. */
  int rowTo(int y) {
    return Math.min(height, y * strideH - paddingH + kernelHeight);
  }

  /** First input column of the window of output column {@code x}. */
  int columnFrom(int x) {
    return Math.max(0, x * strideW - paddingW);
  }

  /** End of the input columns of the window of output column {@code x}, exclusive. */
  int columnTo(int x) {
    return Math.min(width, x * strideW - paddingW + kernelWidth);
  }

  /** The number that the sum of window (y, x) is divided by. */
  int divisor(int y, int x) {
    if (!countIncludePad) {
      return (rowTo(y) - rowFrom(y)) * (columnTo(x) - columnFrom(x));
    }
    int rows = Math.min(height + paddingH, y * strideH - paddingH + kernelHeight);
    int columns = Math.min(width + paddingW, x * strideW - paddingW + kernelWidth);
    return (rows - (y * strideH - paddingH)) * (columns - (x * strideW - paddingW));
  }
}
