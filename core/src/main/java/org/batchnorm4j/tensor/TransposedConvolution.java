package org.batchnorm4j.tensor;

/**
 * The convolution that turns an output gradient into the input gradient of a convolution with
 * stride 1: channels trade places, the kernels are turned by half a turn, and the padding is what
 * the kernel leaves over.
 */
final class TransposedConvolution {
  private static final int MANY_POSITIONS = 1024;

  private TransposedConvolution() {}

  /**
   * Whether it is possible and costs less than folding the patch matrix: it unfolds the output
   * gradient instead, multiplies with the zeros around it, and turns all kernels first.
   */
  static boolean worthwhile(ConvolutionGeometry geometry) {
    return geometry.strideHeight() == 1
        && geometry.strideWidth() == 1
        && !geometry.pointwise()
        && paddingHeight(geometry) >= 0
        && paddingWidth(geometry) >= 0
        && 4L * geometry.inPositions() <= 5L * geometry.outPositions()
        && geometry.inChannels() >= geometry.outChannels()
        && (long) geometry.batch() * geometry.outPositions() >= MANY_POSITIONS;
  }

  static ConvolutionGeometry of(ConvolutionGeometry geometry) {
    return new ConvolutionGeometry(
        geometry.batch(),
        geometry.outChannels(),
        geometry.outHeight(),
        geometry.outWidth(),
        geometry.inChannels(),
        geometry.kernelHeight(),
        geometry.kernelWidth(),
        1,
        1,
        paddingHeight(geometry),
        paddingWidth(geometry),
        geometry.dilationHeight(),
        geometry.dilationWidth(),
        geometry.groups());
  }

  private static int paddingHeight(ConvolutionGeometry geometry) {
    return geometry.dilationHeight() * (geometry.kernelHeight() - 1) - geometry.paddingHeight();
  }

  private static int paddingWidth(ConvolutionGeometry geometry) {
    return geometry.dilationWidth() * (geometry.kernelWidth() - 1) - geometry.paddingWidth();
  }
}
