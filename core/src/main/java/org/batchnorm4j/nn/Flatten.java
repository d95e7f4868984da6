package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/** (N, ...) to (N, product of the rest), channels first. Safe for use by many threads. */
public final class Flatten implements Module {
  private final Members members = new Members("Flatten");

  /** The layer; it has no state. */
  public Flatten() {}

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() < 1) {
      throw new ShapeException(members + " needs a batch axis, got a scalar");
    }
    return pass.reshape(input, input.axis(0), input.shape().span(1, input.rank()));
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("start_dim=1, end_dim=-1");
  }

  @Override
  public Members members() {
    return members;
  }
}
