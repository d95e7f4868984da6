package org.batchnorm4j.tensor;

import java.util.Arrays;
import org.batchnorm4j.kernel.WinogradKernels;

/**
 * One part of a {@link WinogradTiling} after the other: where each value of its planes lies while
 * it goes through the transforms. The same place of all images of a part lies side by side, so that
 * transforms run along images and tiles of a row alike.
 *
 * <p>Between two moves safe for use by many threads, for different channels.
 */
final class WinogradPart {
  private final WinogradKernels kernels;
  private final Scratch<float[]> scratch;
  private final WinogradTiling tiling;
  private final ConvolutionGeometry geometry;
  private int image;
  private int images;
  private int row;
  private int rows;

  WinogradPart(WinogradKernels kernels, Scratch<float[]> scratch, WinogradTiling tiling) {
    this.kernels = kernels;
    this.scratch = scratch;
    this.tiling = tiling;
    geometry = tiling.geometry();
  }

  /** Images {@code image} to {@code image + images}, of each some rows of tiles. */
  void moveTo(int number) {
    image = number / tiling.bands() * tiling.images();
    images = Math.min(tiling.images(), geometry.batch() - image);
    row = number % tiling.bands() * tiling.rows();
    rows = Math.min(tiling.rows(), tiling.high() - row);
  }

  /** Tiles of the part. */
  int columns() {
    return images * rows * tiling.wide();
  }

  /** Transforms one channel of the input. */
  void input(TensorRange<float[]> x, int channel, float[] v, int stride) {
    int line = tiling.lineRuns() * images;
    int length = tiling.wide() * images;
    float[] lines = scratch.borrow(tiling.inputSize());
    Arrays.fill(lines, 0, tiling.inputSize(), 0f);
    int plane = x.from() + (image * geometry.inChannels() + channel) * geometry.inPositions();
    gatherInput(x.array(), plane, geometry.inChannels() * geometry.inPositions(), lines);
    for (int i = 0; i < rows; i++) {
      int to = (channel * rows + i) * length;
      kernels.input(lines, 2 * i * line, line, line / 2, images, length, v, to, stride);
    }
    scratch.giveBack(tiling.inputSize(), lines);
  }

  /** Transforms one channel back to the output. */
  void output(float[] m, int stride, float bias, TensorRange<float[]> y, int channel) {
    float[] runs = scratch.borrow(tiling.outputSize());
    int length = columns();
    kernels.output(m, channel * length, stride, length, bias, runs, 0, tiling.tiles() * images);
    scatterOutput(runs, y.array(), plane(y, channel), nextImage());
    scratch.giveBack(tiling.outputSize(), runs);
  }

  /** Transforms one channel of the output's gradient. */
  void outputGradient(TensorRange<float[]> g, int channel, float[] n, int stride) {
    float[] runs = scratch.borrow(tiling.outputSize());
    int length = columns();
    gatherOutput(g.array(), plane(g, channel), nextImage(), runs);
    kernels.outputGradient(runs, 0, tiling.tiles() * images, length, n, channel * length, stride);
    scratch.giveBack(tiling.outputSize(), runs);
  }

  private int nextImage() {
    return geometry.outChannels() * geometry.outPositions();
  }

  private int plane(TensorRange<float[]> outputs, int channel) {
    return outputs.from() + image * nextImage() + channel * geometry.outPositions();
  }

  /** Copies one channel to its places; what is not there is padding and stays. */
  private void gatherInput(float[] x, int plane, int nextImage, float[] to) {
    int first = 2 * row - geometry.paddingHeight();
    int from = Math.max(0, first);
    int end = Math.min(geometry.inHeight(), first + 2 * rows + 2);
    int even = geometry.paddingWidth() % 2;
    for (int i = 0; i < images; i++) {
      for (int line = from; line < end; line++) {
        int at = plane + i * nextImage + line * geometry.inWidth();
        int place = (line - first) * tiling.lineRuns();
        int toEven = place + (geometry.paddingWidth() + 1) / 2;
        int toOdd = place + tiling.wide() + 1 + geometry.paddingWidth() / 2;
        everyOther(x, at + even, at + geometry.inWidth(), to, toEven * images + i, images);
        everyOther(x, at + 1 - even, at + geometry.inWidth(), to, toOdd * images + i, images);
      }
    }
  }

  private static void everyOther(float[] x, int from, int end, float[] y, int yFrom, int apart) {
    int to = yFrom;
    for (int p = from; p < end; p += 2) {
      y[to] = x[p];
      to += apart;
    }
  }

  /** Copies one channel of output gradients to four runs. */
  private void gatherOutput(float[] g, int plane, int nextImage, float[] to) {
    int width = geometry.outWidth();
    for (int i = 0; i < images; i++) {
      for (int line = 0; line < 2 * rows; line++) {
        int at = plane + i * nextImage + (2 * row + line) * width;
        int even = outputPlace(line) * images + i;
        int odd = even + tiling.tiles() * images;
        everyOther(g, at, at + width, to, even, images);
        everyOther(g, at + 1, at + width, to, odd, images);
      }
    }
  }

  /** Where in four runs a line of a part's outputs begins; its odd columns are a run further on. */
  private int outputPlace(int line) {
    return line % 2 * 2 * tiling.tiles() + line / 2 * tiling.wide();
  }

  /** The way back of {@link #gatherOutput}. */
  private void scatterOutput(float[] runs, float[] y, int plane, int nextImage) {
    int width = geometry.outWidth();
    for (int i = 0; i < images; i++) {
      for (int line = 0; line < 2 * rows; line++) {
        int at = plane + i * nextImage + (2 * row + line) * width;
        int even = outputPlace(line) * images + i;
        int odd = even + tiling.tiles() * images;
        for (int p = at; p < at + width; p += 2) {
          y[p] = runs[even];
          y[p + 1] = runs[odd];
          even += images;
          odd += images;
        }
      }
    }
  }
}
