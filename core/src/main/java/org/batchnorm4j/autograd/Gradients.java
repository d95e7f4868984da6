package org.batchnorm4j.autograd;

import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.function.BiConsumer;
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

  void forEach(BiConsumer<Tensor, Tensor> visitor) {
    byTensor.forEach(visitor);
  }

  /**
   * Gradients accumulated over steps: {@code scale * this + momentum * earlier} for every tensor
   * that either of them knows, a missing gradient counting as 0. PuzzleLib's {@code
   * accGradParams(scale, momentum)}; {@code scale 1, momentum 1} adds up as PyTorch does, and
   * {@code momentum 0} forgets what was there, even NaN. Batch norm still normalises each batch on
   * its own: accumulated small batches are not one large batch.
   *
   * @param earlier what was accumulated so far
   * @param scale factor of these gradients
   * @param momentum factor of the earlier ones
   * @return new gradients on the heap; neither operand changes
   */
  public Gradients accumulate(Gradients earlier, double scale, double momentum) {
    IdentityHashMap<Tensor, Tensor> sum = new IdentityHashMap<>();
    if (scale != 0) {
      byTensor.forEach((watched, gradient) -> sum.put(watched, scaled(gradient, scale)));
    }
    if (momentum != 0) {
      earlier.byTensor.forEach(
          (watched, gradient) -> sum.merge(watched, scaled(gradient, momentum), Tensor::add));
    }
    for (Tensor watched : byTensor.keySet()) {
      sum.computeIfAbsent(watched, t -> Tensor.zeros(t.dtype(), t.shape().toArray()));
    }
    return new Gradients(sum);
  }

  private static Tensor scaled(Tensor gradient, double factor) {
    return factor == 1 ? gradient.detach() : gradient.mul(factor);
  }
}
