package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;

/**
 * The backward of one operation with respect to one input. Called by one thread, the one that runs
 * the backward pass.
 */
@FunctionalInterface
public interface Derivative {

  /**
   * The gradient of the input.
   *
   * @param g gradient of the output, of the output's shape; in an arena it is valid during this
   *     call alone, unless the pass records
   * @param pass where to compute; it records if the gradient is to be differentiated again, so
   *     compute with its operations and not with those of the tensors
   * @return the gradient, of the input's shape
   */
  Tensor apply(Tensor g, Pass pass);
}
