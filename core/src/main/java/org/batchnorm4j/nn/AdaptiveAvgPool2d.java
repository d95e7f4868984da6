package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Poolings;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Averages (N, C, H, W) to a given height and width. Output row i is the mean of the input rows
 * {@code floor(i H / out)} to {@code ceil((i + 1) H / out)}, as PyTorch defines it; columns
 * likewise. A size of 1 is global average pooling. Safe for use by many threads.
 */
public final class AdaptiveAvgPool2d implements Module {
  private final Members members = new Members("AdaptiveAvgPool2d");
  private final int height;
  private final int width;

  /** A square output. */
  public AdaptiveAvgPool2d(int size) {
    this(size, size);
  }

  /**
   * An output of the given size.
   *
   * @throws IllegalArgumentException if a size is not positive
   */
  public AdaptiveAvgPool2d(int height, int width) {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "AdaptiveAvgPool2d needs a positive output size, got " + height + "x" + width);
    }
    this.height = height;
    this.width = width;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() != 4 || input.axis(2) == 0 || input.axis(3) == 0) {
      throw new ShapeException(
          members + " expected 4D input (N, C, H, W) with values, got shape " + input.shape());
    }
    int inHeight = input.axis(2);
    int inWidth = input.axis(3);
    if (inHeight % height == 0 && inWidth % width == 0) {
      int windowHeight = inHeight / height;
      int windowWidth = inWidth / width;
      return Poolings.averagePool2d(
          input,
          new PoolGeometry(
              inHeight, inWidth, windowHeight, windowWidth, windowHeight, windowWidth, 0, 0, true),
          pass);
    }
    // uneven windows: y = A_h x A_w^T with rows of averages
    Tensor byColumn = pass.matmul(input, pass.to(averages(inWidth, width), input.dtype()));
    Tensor turned = pass.permute(byColumn, 0, 1, 3, 2);
    Tensor byRow = pass.matmul(turned, pass.to(averages(inHeight, height), input.dtype()));
    return pass.permute(byRow, 0, 1, 3, 2);
  }

  /** (in, out): column i holds 1 / n on the n inputs that output i averages. */
  private static Tensor averages(int in, int out) {
    double[] values = new double[in * out];
    for (int i = 0; i < out; i++) {
      int from = i * in / out;
      int to = ((i + 1) * in + out - 1) / out;
      for (int j = from; j < to; j++) {
        values[j * out + i] = 1.0 / (to - from);
      }
    }
    return Tensor.of(values, in, out);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(
        "output_size=" + (height == width ? height : "(" + height + ", " + width + ")"));
  }

  @Override
  public Members members() {
    return members;
  }
}
