package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * The largest value of each window of (N, C, L); padding never wins, NaN does. Safe for use by many
 * threads.
 */
public final class MaxPool1d implements Module {
  private final Members members = new Members("MaxPool1d");
  private final PoolWindow window;

  /** Windows that touch but do not overlap. */
  public MaxPool1d(int kernel) {
    this(kernel, kernel, 0);
  }

  /**
   * Windows with a step and padding on each side.
   *
   * @param kernel length of the window
   * @param stride step of the window
   * @param padding on each side, at most half the window
   * @throws IllegalArgumentException if a number is out of range
   */
  public MaxPool1d(int kernel, int stride, int padding) {
    window = new PoolWindow(members, kernel, stride, padding);
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, C, L)
   * @throws ShapeException if the rank does not fit or a window is larger than the input
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    PoolGeometry geometry = window.onLine(input, true);
    Tensor row = pass.reshape(input, input.axis(0), input.axis(1), 1, input.axis(2));
    Tensor y = Poolings.maxPool2d(row, geometry, pass);
    return pass.reshape(y, y.axis(0), y.axis(1), y.axis(3));
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(window + ", dilation=1, ceil_mode=False");
  }

  @Override
  public Members members() {
    return members;
  }
}
