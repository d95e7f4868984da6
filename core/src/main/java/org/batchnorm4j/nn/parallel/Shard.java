package org.batchnorm4j.nn.parallel;

import org.batchnorm4j.autograd.Edge;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * A rank's part of a batch: the samples from {@code from} (inclusive) to {@code to} (exclusive) of
 * {@code total}. Parts of one batch are ranges in the order of ranks whose sizes differ by 1 at
 * most; with fewer samples than ranks some are empty.
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @param from first sample
 * @param to behind the last sample
 * @param total samples of the whole batch
 */
public record Shard(int from, int to, int total) {

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if it is not within the batch
   */
  public Shard {
    if (from < 0 || from > to || to > total) {
      throw new IllegalArgumentException(
          "a shard from " + from + " to " + to + " is not within a batch of " + total);
    }
  }

  /**
   * The part of a rank.
   *
   * @throws IllegalArgumentException if there is no such rank
   */
  public static Shard of(int rank, int size, int total) {
    if (rank < 0 || rank >= size) {
      throw new IllegalArgumentException("there is no rank " + rank + " of " + size);
    }
    int from = (int) ((long) total * rank / size);
    int to = (int) ((long) total * (rank + 1) / size);
    return new Shard(from, to, total);
  }

  /** The part of a collective's rank. */
  public static Shard of(Collective collective, int total) {
    return of(collective.rank(), collective.size(), total);
  }

  /** The shard's samples of a tensor, as a view of axis 0. */
  public Tensor of(Tensor batch) {
    return batch.range(from, to);
  }

  /** Number of samples. */
  public int size() {
    return to - from;
  }

  /**
   * What a mean over the shard weighs in the mean over the batch: their sizes' ratio, 0 for an
   * empty shard.
   */
  public double weight() {
    return total == 0 ? 0 : (double) size() / total;
  }

  /**
   * The shard's part of the mean over the batch, {@code weight * mean}: losses and gradients of all
   * shards add up to those of the batch. Of an empty shard, whose mean is NaN, it is 0.
   *
   * @param mean mean over the shard's samples, such as a loss
   */
  public Tensor part(Tensor mean, Pass pass) {
    Tensor value =
        size() == 0
            ? pass.filled(0, mean.dtype(), mean.shape())
            : pass.withoutTape().mul(mean, weight());
    return pass.record("shard", value, new Edge(mean, (g, p) -> p.mul(g, weight())));
  }
}
