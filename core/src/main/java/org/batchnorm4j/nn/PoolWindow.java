package org.batchnorm4j.nn;

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
    if (input.rank() != 4) {
      throw new ShapeException(
          layer
              + " expected 4D input (N, C, H, W), got shape "
              + input.shape()
              + (input.rank() == 3 ? "; add a batch axis with reshape" : ""));
    }
    try {
      return new PoolGeometry(
          input.axis(2),
          input.axis(3),
          kernel,
          kernel,
          stride,
          stride,
          padding,
          padding,
          countIncludePad);
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
