package org.batchnorm4j.optim;

import java.util.List;
import org.batchnorm4j.nn.Parameter;

/**
 * Adam (Kingma and Ba 2015); weight decay is added to the gradient. See {@link AdamFamily} for the
 * step. Not safe for use by many threads.
 */
public final class Adam extends AdamFamily {

  /** Betas 0.9 and 0.999, eps 1e-8, weight decay 0. */
  public Adam(List<Parameter> parameters, double learningRate) {
    this(parameters, learningRate, 0.9, 0.999, 1e-8, 0);
  }

  /**
   * All constants.
   *
   * @param parameters what to move
   * @param learningRate step size, not negative
   * @param beta1 share of the first moment kept, at least 0 and below 1
   * @param beta2 share of the second moment kept, at least 0 and below 1
   * @param eps added to the root of the second moment, not negative
   * @param weightDecay pull towards 0, added to the gradient; not negative
   * @throws IllegalArgumentException if a number is out of range
   */
  public Adam(
      List<Parameter> parameters,
      double learningRate,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    super(parameters, learningRate, beta1, beta2, eps, weightDecay, false);
  }
}
