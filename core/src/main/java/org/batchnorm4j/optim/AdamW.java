package org.batchnorm4j.optim;

import java.util.List;
import org.batchnorm4j.nn.Parameter;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019): first {@code p *= 1 - lr *
 * weightDecay}. See {@link AdamFamily} for the step. Not safe for use by many threads.
 */
public final class AdamW extends AdamFamily {

  /** Betas 0.9 and 0.999, eps 1e-8, weight decay 0.01. */
  public AdamW(List<Parameter> parameters, double learningRate) {
    this(parameters, learningRate, 0.9, 0.999, 1e-8, 0.01);
  }

  /**
   * All constants.
   *
   * @param parameters what to move
   * @param learningRate step size, not negative
   * @param beta1 share of the first moment kept, at least 0 and below 1
   * @param beta2 share of the second moment kept, at least 0 and below 1
   * @param eps added to the root of the second moment, not negative
   * @param weightDecay share of each parameter taken away per unit of learning rate; not negative
   * @throws IllegalArgumentException if a number is out of range
   */
  public AdamW(
      List<Parameter> parameters,
      double learningRate,
      double beta1,
      double beta2,
      double eps,
      double weightDecay) {
    super(parameters, learningRate, beta1, beta2, eps, weightDecay, true);
  }
}
