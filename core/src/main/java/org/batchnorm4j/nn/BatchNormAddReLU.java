package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * {@code max(norm(x) + residual, 0)} in one computation, the end of a residual block, in the same
 * bits as one layer after the other. {@link Sequential} and {@link Residual} fuse by themselves;
 * this is for models that call layers one by one. The part is named {@code norm}.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNormAddReLU implements Module {
  private final Members members = new Members("BatchNormAddReLU");
  private final BatchNorm norm;

  /** A layer around a batch norm. */
  public BatchNormAddReLU(BatchNorm norm) {
    this.norm = members.child("norm", norm);
  }

  /**
   * {@code max(norm(input) + residual, 0)}.
   *
   * @param residual of the shape and type of the input
   */
  public Tensor forward(Tensor input, Tensor residual, Pass pass) {
    return norm.forwardAddRelu(input, residual, pass);
  }

  /** {@inheritDoc} In a chain, where there is one tensor, the input itself joins. */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return norm.forwardAddRelu(input, input, pass);
  }

  @Override
  public Members members() {
    return members;
  }

  /** The batch norm. */
  public BatchNorm norm() {
    return norm;
  }
}
