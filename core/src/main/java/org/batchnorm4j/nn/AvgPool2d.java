package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/** The mean of each window of (N, C, H, W). Safe for use by many threads. */
public final class AvgPool2d implements Module {
  private final Members members = new Members("AvgPool2d");
  private final int kernel;
  private final int stride;
  private final int padding;
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
   */
  public AvgPool2d(int kernel, int stride, int padding, boolean countIncludePad) {
    this.kernel = kernel;
    this.stride = stride;
    this.padding = padding;
    this.countIncludePad = countIncludePad;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    PoolGeometry geometry = geometry(members, input, kernel, stride, padding, countIncludePad);
    return Poolings.averagePool2d(input, geometry, pass);
  }

  static PoolGeometry geometry(
      Members who, Tensor input, int kernel, int stride, int padding, boolean countIncludePad) {
    if (input.rank() != 4) {
      throw new ShapeException(who + " expected 4D input (N, C, H, W), got shape " + input.shape());
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
          new ShapeException(who + ", input " + input.shape() + ": " + e.getMessage());
      named.initCause(e);
      throw named;
    }
  }

  @Override
  public Members members() {
    return members;
  }
}
