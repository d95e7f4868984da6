package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional convolution, channels first, as matrix products over unfolded patches (im2col).
 *
 * <p>Work is cut into tasks by the shapes alone and every sum has a fixed order, so results have
 * equal bits for any number of threads. Scratch arrays are kept and used again. Safe for use by
 * many threads on disjoint outputs.
 *
 * @param <A> the array type, {@code float[]} or {@code double[]}
 */
final class CpuConvolution<A> {
  private final ConvolutionWorkshop<A> shop;
  private final ConvolutionArrays<A> arrays;

  private CpuConvolution(ConvolutionArrays<A> arrays, MatrixMultiply multiply, Workers workers) {
    this.arrays = arrays;
    this.shop =
        new ConvolutionWorkshop<>(arrays, multiply, workers, new Scratch<>(arrays::allocate));
  }

  /** Convolution of float32 arrays. */
  static CpuConvolution<float[]> float32(MatrixMultiply multiply, Workers workers) {
    return new CpuConvolution<>(FloatConvolutionArrays.INSTANCE, multiply, workers);
  }

  /** Convolution of float64 arrays. */
  static CpuConvolution<double[]> float64(MatrixMultiply multiply, Workers workers) {
    return new CpuConvolution<>(DoubleConvolutionArrays.INSTANCE, multiply, workers);
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void forward(A x, A w, @Nullable A bias, A y, ConvolutionGeometry geometry) {
    forward(x, 0, w, 0, bias, 0, y, 0, geometry);
  }

  /**
   * Writes the convolution of {@code x} with {@code w}, plus {@code bias} per output channel if
   * there is one. The tensors start at the given offsets and have the shapes that {@link
   * ConvolutionGeometry} names.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void forward(
      A x,
      int xFrom,
      A w,
      int wFrom,
      @Nullable A bias,
      int biasFrom,
      A y,
      int yFrom,
      ConvolutionGeometry geometry) {
    new ConvolutionForward<>(
            shop,
            geometry,
            range("input", x, xFrom, geometry.inputSize()),
            range("weight", w, wFrom, geometry.weightSize()),
            bias == null ? null : range("bias", bias, biasFrom, geometry.outChannels()),
            range("output", y, yFrom, geometry.outputSize()))
        .run();
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void inputGradient(A g, A w, A dx, ConvolutionGeometry geometry) {
    inputGradient(g, 0, w, 0, dx, 0, geometry);
  }

  /**
   * Writes the gradient of the input, given the gradient {@code g} of the output.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void inputGradient(
      A g, int gFrom, A w, int wFrom, A dx, int dxFrom, ConvolutionGeometry geometry) {
    new ConvolutionInputGradient<>(
            shop,
            geometry,
            range("output gradient", g, gFrom, geometry.outputSize()),
            range("weight", w, wFrom, geometry.weightSize()),
            range("input gradient", dx, dxFrom, geometry.inputSize()))
        .run();
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void weightGradient(A x, A g, A dw, ConvolutionGeometry geometry) {
    weightGradient(x, 0, g, 0, dw, 0, geometry);
  }

  /**
   * Writes the gradient of the weight, given the gradient {@code g} of the output. An empty batch
   * gives zeros.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void weightGradient(
      A x, int xFrom, A g, int gFrom, A dw, int dwFrom, ConvolutionGeometry geometry) {
    ConvolutionWeightGradient<A> gradient =
        new ConvolutionWeightGradient<>(
            shop,
            geometry,
            range("input", x, xFrom, geometry.inputSize()),
            range("output gradient", g, gFrom, geometry.outputSize()),
            range("weight gradient", dw, dwFrom, geometry.weightSize()));
    if (geometry.batch() == 0) {
      arrays.clear(dw, dwFrom, geometry.weightSize());
    } else {
      gradient.run();
    }
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void biasGradient(A g, A db, ConvolutionGeometry geometry) {
    biasGradient(g, 0, db, 0, geometry);
  }

  /**
   * Writes the gradient of the bias: for each output channel the sum of {@code g}, accumulated in
   * float64.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void biasGradient(A g, int gFrom, A db, int dbFrom, ConvolutionGeometry geometry) {
    range("output gradient", g, gFrom, geometry.outputSize());
    range("bias gradient", db, dbFrom, geometry.outChannels());
    int channels = geometry.outChannels();
    int positions = geometry.outPositions();
    shop.workers()
        .run(
            channels,
            channel -> {
              double sum = 0;
              for (int image = 0; image < geometry.batch(); image++) {
                int from = gFrom + (image * channels + channel) * positions;
                sum += arrays.sum(g, from, positions);
              }
              arrays.set(db, dbFrom + channel, sum);
            });
  }

  private TensorRange<A> range(String tensor, A array, int from, int size) {
    if (from < 0 || from > arrays.length(array) - size) {
      throw new IllegalArgumentException(
          "convolution: the "
              + tensor
              + " of "
              + size
              + " elements at offset "
              + from
              + " does not fit an array of "
              + arrays.length(array));
    }
    return new TensorRange<>(array, from);
  }
}
