package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.WeightStandardization;
import org.batchnorm4j.tensor.Tensor;

/**
 * A weight that its layer standardises in every pass.
 *
 * @param layer who asks, for errors
 * @param weight the values before that, (out, ...)
 */
record StandardisedWeight(Members layer, Parameter weight) {
  private static final double EPS = 1e-5;

  StandardisedWeight {
    WeightStandardization.check(layer.kind(), weight.value());
  }

  /** The values as the layer uses them. */
  Tensor in(Pass pass) {
    return WeightStandardization.of(weight.in(pass), EPS, pass);
  }
}
