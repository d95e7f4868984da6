package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Weights with mean 0 and variance 1 for each output: {@code (w - mean) / sqrt(var + eps)} over all
 * axes but the first, with the <em>biased</em> variance and eps inside the root (Qiao, Wang, Liu,
 * Shen and Yuille 2019, "Micro-Batch Training with Batch-Channel Normalization and Weight
 * Standardization", equations 2 and 3). Gradients flow through mean and variance, and can be
 * differentiated again. Functions without state: safe for use by many threads.
 */
public final class WeightStandardization {
  private WeightStandardization() {}

  /**
   * The standardised weight.
   *
   * @param weight (out, ...) of at least 2 values per output, float32 or float64
   * @param eps added to the variance inside the root
   * @return the same shape
   * @throws ShapeException if an output has fewer values, of which nothing would be left
   */
  public static Tensor of(Tensor weight, double eps, Pass pass) {
    check("weight standardisation", weight);
    return GroupedNormalization.ofLastAxes(
            "weight standardisation", weight, weight.rank() - 1, pass)
        .standardised(null, null, eps);
  }

  /**
   * Refuses a weight of which nothing would be left.
   *
   * @param what who asks, for the message
   * @throws ShapeException if an output has fewer than 2 values
   */
  public static void check(String what, Tensor weight) {
    if (weight.rank() < 2 || weight.shape().span(1, weight.rank()) < 2) {
      throw new ShapeException(
          what + " needs at least 2 weights per output, got shape " + weight.shape());
    }
  }
}
