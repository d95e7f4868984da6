package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * In training zeroes each value with probability p and multiplies the others by {@code 1 / (1 -
 * p)}; does nothing in inference. The numbers depend on the pass's seed and step and on this
 * layer's path alone, so they survive a resumed run; a layer used twice in one forward drops the
 * same places. Safe for use by many threads.
 */
public final class Dropout implements Module {
  private final Members members = new Members("Dropout");
  private final double p;

  /** A layer that zeroes half of the values, the default of PyTorch and PuzzleLib. */
  public Dropout() {
    this(0.5);
  }

  /**
   * A layer of the given probability.
   *
   * @throws IllegalArgumentException if p is not from 0 to 1
   */
  public Dropout(double p) {
    if (!(p >= 0 && p <= 1)) {
      throw new IllegalArgumentException(
          "Dropout p, the share of values zeroed, must be from 0 to 1, got " + p);
    }
    this.p = p;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return Functional.dropout(input, p, path(), pass);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("p=" + p + ", inplace=False");
  }

  @Override
  public Members members() {
    return members;
  }
}
