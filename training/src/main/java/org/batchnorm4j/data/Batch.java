package org.batchnorm4j.data;

import org.batchnorm4j.tensor.Tensor;

/**
 * Pictures and labels for one step.
 *
 * <p>The tensors lie in memory that the loader uses again: they are valid until the next batch is
 * asked for or the epoch is closed. {@link Tensor#detach()} keeps a copy. Safe for use by several
 * threads until then, as long as none writes.
 *
 * @param index the number of the batch in its epoch, from 0
 * @param images normalised pictures, float32 {@code (N, C, H, W)}
 * @param labels their classes, int64 {@code (N)}
 */
public record Batch(int index, Tensor images, Tensor labels) {

  /** Returns the number of pictures, N. */
  public int size() {
    return labels.size();
  }
}
