package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/** {@code 1 / (1 + e^-x)} of any shape. Safe for use by many threads. */
public final class Sigmoid implements Module {
  private final Members members = new Members("Sigmoid");

  /** The layer; it has no state. */
  public Sigmoid() {}

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return pass.sigmoid(input);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("");
  }

  @Override
  public Members members() {
    return members;
  }
}
