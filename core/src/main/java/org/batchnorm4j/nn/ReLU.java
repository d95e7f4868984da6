package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/** {@code max(x, 0)} of any shape. Safe for use by many threads. */
public final class ReLU implements Module {
  private final Members members = new Members("ReLU");

  /** The layer; it has no state. */
  public ReLU() {}

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return pass.relu(input);
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
