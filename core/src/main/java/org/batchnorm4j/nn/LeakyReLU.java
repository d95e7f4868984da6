package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Activations;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * {@code x} where it is positive and {@code negativeSlope * x} elsewhere, of any shape. Safe for
 * use by many threads.
 */
public final class LeakyReLU implements Module {
  private final Members members = new Members("LeakyReLU");
  private final double negativeSlope;

  /** The slope 0.01. */
  public LeakyReLU() {
    this(0.01);
  }

  /**
   * A slope of its own.
   *
   * @param negativeSlope factor of values that are not positive
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  public LeakyReLU(double negativeSlope) {
    if (!Double.isFinite(negativeSlope)) {
      throw new IllegalArgumentException(
          "LeakyReLU negative_slope must be a finite number, got " + negativeSlope);
    }
    this.negativeSlope = negativeSlope;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return Activations.leakyRelu(input, negativeSlope, pass);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("negative_slope=" + PythonText.of(negativeSlope));
  }

  @Override
  public Members members() {
    return members;
  }
}
