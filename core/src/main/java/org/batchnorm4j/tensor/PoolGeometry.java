package org.batchnorm4j.tensor;

/**
 * The windows of a 2-D pooling.
 *
 * <p>Immutable and safe for use by many threads.
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

  /** Whether all windows are 2x2 and inside the input. */
  boolean pairs() {
    return kernelHeight == 2 && kernelWidth == 2 && paddingH == 0 && paddingW == 0;
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

  /** First output column whose window has its column {@code k} inside the input. */
  int firstSeeing(int k) {
    return Math.max(0, Math.ceilDiv(paddingW - k, strideW));
  }

  /** End of the output columns whose windows have their column {@code k} inside the input. */
  int lastSeeing(int k) {
    return Math.min(outWidth(), Math.floorDiv(width - 1 + paddingW - k, strideW) + 1);
  }

  /** Rows of the window of output row {@code y} that count in an average. */
  int rowsCounted(int y) {
    return countIncludePad
        ? Math.min(height + paddingH, y * strideH - paddingH + kernelHeight)
            - (y * strideH - paddingH)
        : rowTo(y) - rowFrom(y);
  }

  /** Columns of the window of output column {@code x} that count in an average. */
  int columnsCounted(int x) {
    return countIncludePad
        ? Math.min(width + paddingW, x * strideW - paddingW + kernelWidth)
            - (x * strideW - paddingW)
        : columnTo(x) - columnFrom(x);
  }
}
