package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/** Hyperbolic tangent of any shape. Safe for use by many threads. */
public final class Tanh implements Module {
  private final Members members = new Members("Tanh");

  /** The layer; it has no state. */
  public Tanh() {}

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return pass.tanh(input);
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
