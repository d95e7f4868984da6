package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * The mean of each window of (N, C, D, H, W). Windows are cubes. Taken over planes first and then
 * over the depth; float32 rounds both times. Safe for use by many threads.
 */
public final class AvgPool3d implements Module {
  private final Members members = new Members("AvgPool3d");
  private final PoolWindow window;
  private final boolean countIncludePad;

  /** Windows that touch but do not overlap. */
  public AvgPool3d(int kernel) {
    this(kernel, kernel, 0, true);
  }

  /**
   * Windows with a step and padding on each side.
   *
   * @param kernel depth, height and width of the window
   * @param stride step of the window
   * @param padding on each side, at most half the window
   * @param countIncludePad whether padding counts in the divisor
   * @throws IllegalArgumentException if a number is out of range
   */
  public AvgPool3d(int kernel, int stride, int padding, boolean countIncludePad) {
    window = new PoolWindow(members, kernel, stride, padding);
    this.countIncludePad = countIncludePad;
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, C, D, H, W)
   * @throws ShapeException if the rank does not fit or a window is larger than the input
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    PoolWindow.Volume volume = window.onVolume(input, countIncludePad);
    int n = input.axis(0);
    int channels = input.axis(1);
    Tensor planes =
        pass.reshape(input, n, (long) channels * input.axis(2), input.axis(3), input.axis(4));
    Tensor pooled = Poolings.averagePool2d(planes, volume.plane(), pass);
    int positions = pooled.axis(2) * pooled.axis(3);
    Tensor depths = pass.reshape(pooled, n, channels, input.axis(2), positions);
    Tensor y = Poolings.averagePool2d(depths, volume.depth(positions), pass);
    return pass.reshape(y, n, channels, y.axis(2), pooled.axis(2), pooled.axis(3));
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
