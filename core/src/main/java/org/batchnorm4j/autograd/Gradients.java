package org.batchnorm4j.autograd;

import java.util.IdentityHashMap;
import java.util.Optional;
import org.batchnorm4j.tensor.Tensor;

/**
 * What {@link Pass#backward} found: the gradient of each watched tensor. A value of its own, so
 * there is nothing to zero before the next step. Immutable; safe for use by many threads.
 */
public final class Gradients {
  private final IdentityHashMap<Tensor, Tensor> byTensor;

  Gradients(IdentityHashMap<Tensor, Tensor> byTensor) {
    this.byTensor = byTensor;
  }

  /**
   * The gradient of a watched tensor, of its shape.
   *
   * @throws IllegalStateException if the loss does not depend on it
   */
  public Tensor of(Tensor watched) {
    return find(watched)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no gradient for a tensor of shape "
                        + watched.shape()
                        + ": the loss does not depend on it through recorded operations; watch it"
                        + " with pass.watch(tensor) before use and compute with the pass"));
  }

  /** The gradient of a watched tensor, if the loss depends on it. */
  public Optional<Tensor> find(Tensor watched) {
    return Optional.ofNullable(byTensor.get(watched));
  }
}
