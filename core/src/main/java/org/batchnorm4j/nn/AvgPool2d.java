package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.Tensor;

/** The mean of each window of (N, C, H, W). Safe for use by many threads. */
public final class AvgPool2d implements Module {
  private final Members members = new Members("AvgPool2d");
  private final PoolWindow window;
  private final boolean countIncludePad;

  /** Square windows that touch but do not overlap. */
  public AvgPool2d(int kernel) {
    this(kernel, kernel, 0, true);
  }

  /**
   * Square windows.
   *
   * @param kernel height and width of the window
   * @param stride step of the window
   * @param padding zeros on each side, at most half the window
   * @param countIncludePad whether padding counts in the divisor
   * @throws IllegalArgumentException if a number is out of range
   */
  public AvgPool2d(int kernel, int stride, int padding, boolean countIncludePad) {
    window = new PoolWindow(members, kernel, stride, padding);
    this.countIncludePad = countIncludePad;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return Poolings.averagePool2d(input, window.on(input, countIncludePad), pass);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(window.toString());
  }

  @Override
  public Members members() {
    return members;
  }
}
