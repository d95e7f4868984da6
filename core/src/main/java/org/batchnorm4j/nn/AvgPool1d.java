package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/** The mean of each window of (N, C, L). Safe for use by many threads. */
public final class AvgPool1d implements Module {
  private final Members members = new Members("AvgPool1d");
  private final PoolWindow window;
  private final boolean countIncludePad;

  /** Windows that touch but do not overlap. */
  public AvgPool1d(int kernel) {
    this(kernel, kernel, 0, true);
  }

  /**
   * Windows with a step and padding on each side.
   *
   * @param kernel length of the window
   * @param stride step of the window
   * @param padding on each side, at most half the window
   * @param countIncludePad whether padding counts in the divisor
   * @throws IllegalArgumentException if a number is out of range
   */
  public AvgPool1d(int kernel, int stride, int padding, boolean countIncludePad) {
    window = new PoolWindow(members, kernel, stride, padding);
    this.countIncludePad = countIncludePad;
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, C, L)
   * @throws ShapeException if the rank does not fit or a window is larger than the input
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    PoolGeometry geometry = window.onLine(input, countIncludePad);
    Tensor row = pass.reshape(input, input.axis(0), input.axis(1), 1, input.axis(2));
    Tensor y = Poolings.averagePool2d(row, geometry, pass);
    return pass.reshape(y, y.axis(0), y.axis(1), y.axis(3));
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(
        "kernel_size=("
            + window.kernel()
            + ",), stride=("
            + window.stride()
            + ",), padding=("
            + window.padding()
            + ",)");
  }

  @Override
  public Members members() {
    return members;
  }
}
