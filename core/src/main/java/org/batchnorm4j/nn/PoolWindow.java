package org.batchnorm4j.nn;

import java.util.function.Supplier;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * The square windows of a pooling layer, checked when the layer is built.
 *
 * @param layer who asks, for errors
 * @param kernel height and width, at least 1
 * @param stride step along both axes, at least 1
 * @param padding added on each side, at most half the window
 */
record PoolWindow(Members layer, int kernel, int stride, int padding) {

  PoolWindow {
    if (kernel < 1 || stride < 1) {
      throw new IllegalArgumentException(
          layer.kind()
              + " window and stride must be at least 1, got window "
              + kernel
              + " and stride "
              + stride);
    }
    if (padding < 0 || padding > kernel / 2) {
      throw new IllegalArgumentException(
          layer.kind()
              + " padding must be from 0 to half of the window "
              + kernel
              + ", got "
              + padding);
    }
  }

  /**
   * The windows on an input.
   *
   * @throws ShapeException if the input is not (N, C, H, W) or smaller than a window
   */
  PoolGeometry on(Tensor input, boolean countIncludePad) {
    checkRank(input, 4, "(N, C, H, W)");
    return named(input, () -> plane(input.axis(2), input.axis(3), countIncludePad));
  }

  /**
   * The windows on (N, C, L) read as (N, C, 1, L).
   *
   * @throws ShapeException if the input is not (N, C, L) or shorter than a window
   */
  PoolGeometry onLine(Tensor input, boolean countIncludePad) {
    checkRank(input, 3, "(N, C, L)");
    return named(
        input,
        () ->
            new PoolGeometry(1, input.axis(2), 1, kernel, 1, stride, 0, padding, countIncludePad));
  }

  /**
   * The windows on (N, C, D, H, W).
   *
   * @throws ShapeException if the input is not (N, C, D, H, W) or smaller than a window
   */
  Volume onVolume(Tensor input, boolean countIncludePad) {
    checkRank(input, 5, "(N, C, D, H, W)");
    return named(
        input,
        () ->
            new Volume(
                plane(input.axis(3), input.axis(4), countIncludePad),
                column(input.axis(2), 1, countIncludePad)));
  }

  /**
   * The windows of a volume as those of each plane and those along the depth behind them.
   *
   * @param plane on (N, C D, H, W)
   * @param column on (N, C, D, 1)
   */
  record Volume(PoolGeometry plane, PoolGeometry column) {

    /** Along the depth of (N, C, D, positions). */
    PoolGeometry depth(int positions) {
      return new PoolGeometry(
          column.height(),
          positions,
          column.kernelHeight(),
          1,
          column.strideH(),
          1,
          column.paddingH(),
          0,
          column.countIncludePad());
    }
  }

  private PoolGeometry plane(int height, int width, boolean countIncludePad) {
    return new PoolGeometry(
        height, width, kernel, kernel, stride, stride, padding, padding, countIncludePad);
  }

  private PoolGeometry column(int height, int width, boolean countIncludePad) {
    return new PoolGeometry(height, width, kernel, 1, stride, 1, padding, 0, countIncludePad);
  }

  private void checkRank(Tensor input, int rank, String axes) {
    if (input.rank() != rank) {
      throw new ShapeException(
          layer
              + " expected "
              + rank
              + "D input "
              + axes
              + ", got shape "
              + input.shape()
              + (input.rank() == rank - 1 ? "; add a batch axis with reshape" : ""));
    }
  }

  private <T> T named(Tensor input, Supplier<T> windows) {
    try {
      return windows.get();
    } catch (ShapeException e) {
      ShapeException named =
          new ShapeException(layer + ", input " + input.shape() + ": " + e.getMessage());
      named.initCause(e);
      throw named;
    }
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return "kernel_size=" + kernel + ", stride=" + stride + ", padding=" + padding;
  }
}
