package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Activations;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/** {@code e^x / sum(e^x)} along one axis; no value is too large. Safe for use by many threads. */
public final class Softmax implements Module {
  private final Members members = new Members("Softmax");
  private final int dim;

  /**
   * Along the given axis.
   *
   * @param dim the axis; negative ones count from the end, and an input without it is refused
   */
  public Softmax(int dim) {
    this.dim = dim;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return Activations.softmax(input, dim, pass);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("dim=" + dim);
  }

  @Override
  public Members members() {
    return members;
  }
}
