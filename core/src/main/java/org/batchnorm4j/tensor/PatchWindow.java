package org.batchnorm4j.tensor;

/**
 * Walks the rows of a block of the patch matrix and says, for each, which output positions see the
 * input and where. Rows and columns outside {@code top..bottom} and {@code left..right} see
 * padding. Mutable, for one thread.
 */
final class PatchWindow {
  final int outWidth;

  /** Output positions of one image in the block. */
  final int positions;

  /** Distance between the input elements that adjacent output columns see. */
  final int step;

  /**
   * Whether consecutive output rows see consecutive input elements, so that all rows are one run
   * but for the sides.
   */
  final boolean contiguous;

  /**
   * Output rows (counted from the block's first) and columns that see the input: half-open ranges.
   */
  int top;

  int bottom;
  int left;
  int right;

  private final ConvolutionGeometry geometry;
  private final PatchBlock block;
  private int channel;
  private int kernelRow;
  private int kernelColumn = -1;

  PatchWindow(ConvolutionGeometry geometry, PatchBlock block) {
    this.geometry = geometry;
    this.block = block;
    this.outWidth = geometry.outWidth();
    this.positions = block.rows() * outWidth;
    this.step = geometry.strideWidth();
    this.contiguous = step == 1 && geometry.strideHeight() == 1 && outWidth == geometry.inWidth();
  }

  /** Moves to the next row of the patch matrix; false after the last. */
  boolean next() {
    if (++kernelColumn == geometry.kernelWidth()) {
      kernelColumn = 0;
      if (++kernelRow == geometry.kernelHeight()) {
        kernelRow = 0;
        channel++;
      }
    }
    int up = geometry.paddingHeight() - kernelRow * geometry.dilationHeight();
    int back = geometry.paddingWidth() - kernelColumn * geometry.dilationWidth();
    top =
        Math.clamp(Math.ceilDiv(up, geometry.strideHeight()) - (long) block.row(), 0, block.rows());
    bottom =
        Math.clamp(
            Math.ceilDiv(geometry.inHeight() + up, geometry.strideHeight()) - (long) block.row(),
            top,
            block.rows());
    left = Math.clamp(Math.ceilDiv(back, step), 0, outWidth);
    right = Math.clamp(Math.ceilDiv(geometry.inWidth() + back, step), left, outWidth);
    return channel < block.channels();
  }

  /** Index of the input plane that the current row sees in the given image of the block. */
  int plane(int image) {
    return ((block.image() + image) * geometry.inChannels() + block.channel() + channel)
        * geometry.inPositions();
  }

  /**
   * Index, inside its plane, of the input element that an output row of the block and an output
   * column see.
   */
  int source(int row, int column) {
    int inRow =
        (block.row() + row) * geometry.strideHeight()
            - geometry.paddingHeight()
            + kernelRow * geometry.dilationHeight();
    int inColumn =
        column * step - geometry.paddingWidth() + kernelColumn * geometry.dilationWidth();
    return inRow * geometry.inWidth() + inColumn;
  }
}
