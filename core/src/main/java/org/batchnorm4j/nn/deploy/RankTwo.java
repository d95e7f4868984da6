package org.batchnorm4j.nn.deploy;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Stands where a batch norm over axis 1 was folded into a linear layer, whose channels are the last
 * axis: that is one axis for (N, C) only. Passes such inputs on and refuses others, which would
 * silently be something else than before. Stateless and safe for use by many threads.
 */
final class RankTwo implements Module {
  private final Members members = new Members("FoldedBatchNorm");
  private final String into;

  RankTwo(String into) {
    this.into = into;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() != 2) {
      throw new ShapeException(
          members
              + " was folded into the linear layer \""
              + into
              + "\" for inputs (N, C), but now its input has shape "
              + input.shape()
              + "; use the model that was not folded for other ranks");
    }
    return input;
  }

  @Override
  public Members members() {
    return members;
  }

  @Override
  public String toString() {
    return members.describe("into=" + into);
  }
}
