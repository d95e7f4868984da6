package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.Tensor;

/**
 * The largest value of each window of (N, C, H, W); padding never wins, NaN does. Safe for use by
 * many threads.
 */
public final class MaxPool2d implements Module {
  private final Members members = new Members("MaxPool2d");
  private final PoolWindow window;

  /** Square windows that touch but do not overlap. */
  public MaxPool2d(int kernel) {
    this(kernel, kernel, 0);
  }

  /**
   * Square windows with a step and padding on each side.
   *
   * @param kernel height and width of the window
   * @param stride step of the window
   * @param padding on each side, at most half the window
   * @throws IllegalArgumentException if a number is out of range
   */
  public MaxPool2d(int kernel, int stride, int padding) {
    window = new PoolWindow(members, kernel, stride, padding);
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return Poolings.maxPool2d(input, window.on(input, true), pass);
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
