package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * {@code max(norm(x), 0)} in one computation, in the same bits as one layer after the other. {@link
 * Sequential} and {@link Residual} fuse by themselves; this is for models that call layers one by
 * one. The part is named {@code norm}.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNormReLU implements Module {
  private final Members members = new Members("BatchNormReLU");
  private final BatchNorm norm;

  /** A layer around a batch norm. */
  public BatchNormReLU(BatchNorm norm) {
    this.norm = members.child("norm", norm);
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return norm.forwardRelu(input, pass);
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
