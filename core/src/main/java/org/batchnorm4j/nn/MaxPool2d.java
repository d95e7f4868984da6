package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.Tensor;

/**
 * The largest value of each window of (N, C, H, W); padding never wins, NaN does. Safe for use by
 * many threads.
 */
public final class MaxPool2d implements Module {
  private final Members members = new Members("MaxPool2d");
  private final int kernel;
  private final int stride;
  private final int padding;

  /** Square windows that touch but do not overlap. */
  public MaxPool2d(int kernel) {
    this(kernel, kernel, 0);
  }

  /** Square windows with a step and padding on each side of at most half the window. */
  public MaxPool2d(int kernel, int stride, int padding) {
    this.kernel = kernel;
    this.stride = stride;
    this.padding = padding;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    PoolGeometry geometry = AvgPool2d.geometry(members, input, kernel, stride, padding, true);
    return Poolings.maxPool2d(input, geometry, pass);
  }

  @Override
  public Members members() {
    return members;
  }
}
