package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * The result of one batch normalisation and the way back from it. Used by the thread that runs the
 * backward pass.
 */
sealed interface NormalizationGradients permits BatchNormalizationGradients, PartGradients {

  /** The result. */
  Tensor output();

  /** The gradient of the input. */
  Tensor input(Tensor g, Pass pass);

  /** The gradient of gamma. */
  Tensor weight(DType dtype, Tensor g, Pass pass);

  /** The gradient of beta. */
  Tensor bias(DType dtype, Tensor g, Pass pass);

  /** The gradient in front of the ReLU, which is also that of the residual. */
  Tensor active(Tensor g, Pass pass);
}
