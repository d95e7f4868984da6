package org.batchnorm4j.tensor;

/**
 * A part of a convolution's patch matrix: rows are (channel, kernel row, kernel column), columns
 * are (image, output row, output column), each in that order with the last running fastest.
 *
 * @param image first image
 * @param images number of images
 * @param row first output row
 * @param rows number of output rows; all of them unless there is only one image
 * @param channel first input channel
 * @param channels number of input channels
 */
record PatchBlock(int image, int images, int row, int rows, int channel, int channels) {

  /** Number of columns: output positions of the block. */
  int columns(ConvolutionGeometry geometry) {
    return images * rows * geometry.outWidth();
  }

  /** Number of elements of the block. */
  int size(ConvolutionGeometry geometry) {
    return Math.multiplyExact(channels * geometry.kernelPositions(), columns(geometry));
  }

  PatchBlock withChannels(int first, int count) {
    return new PatchBlock(image, images, row, rows, first, count);
  }
}
