package org.batchnorm4j.autograd;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.tensor.Tensor;

/**
 * Adds up the gradients of shards or micro-batches in float64, in the order in which they come, and
 * rounds each sum once. Where a tensor has no gradient, it counts as 0. Not safe for use by many
 * threads.
 */
public final class GradientTotal {
  private final IdentityHashMap<Tensor, double[]> sums = new IdentityHashMap<>();

  /** A sum of nothing. */
  public GradientTotal() {}

  /** The sum of several gradients. */
  public static Gradients of(List<Gradients> parts) {
    GradientTotal total = new GradientTotal();
    parts.forEach(total::add);
    return total.gradients();
  }

  /** Adds the gradients of one part; they are not needed afterwards. */
  public void add(Gradients part) {
    part.forEach(
        (watched, gradient) -> {
          double[] added = gradient.toDoubles();
          double[] sum = sums.putIfAbsent(watched, added);
          for (int i = 0; sum != null && i < added.length; i++) {
            sum[i] += added[i];
          }
        });
  }

  /** The sums, as new tensors on the heap in the types of what they are the gradients of. */
  public Gradients gradients() {
    IdentityHashMap<Tensor, Tensor> rounded = new IdentityHashMap<>();
    for (Map.Entry<Tensor, double[]> entry : sums.entrySet()) {
      Tensor watched = entry.getKey();
      rounded.put(
          watched, Tensor.of(entry.getValue(), watched.shape().toArray()).to(watched.dtype()));
    }
    return new Gradients(rounded);
  }
}
