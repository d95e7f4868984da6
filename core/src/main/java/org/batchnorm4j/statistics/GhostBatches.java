package org.batchnorm4j.statistics;

/**
 * Ghost batch norm: a batch is normalised in parts of a stated number of samples, each by its own
 * moments, as if they were batches of their own (Hoffer, Hubara and Soudry 2017, algorithm 1).
 *
 * <ul>
 *   <li>Parts are ranges of the batch in its order. What is left over joins the last part, which
 *       then has up to {@code 2 size - 1} samples; so no part is smaller than {@code size}, unless
 *       the batch is.
 *   <li>Each part moves the running statistics and counts in {@code num_batches_tracked} as a batch
 *       does, in order: after {@code k} parts {@code running = (1 - momentum)^k * running + sum
 *       momentum (1 - momentum)^(k - 1 - i) * part_i}. Momentum is the weight of the <em>new</em>
 *       part. The unbiased variance is that of the part.
 *   <li>Inference knows no parts.
 * </ul>
 *
 * <p>Costs one more copy of the output and of the input gradient than the whole batch does.
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @param size samples in a part, at least 1
 */
public record GhostBatches(int size) implements StatisticsReducer {

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if it is below 1
   */
  public GhostBatches {
    if (size < 1) {
      throw new IllegalArgumentException("a ghost batch has at least 1 sample, got " + size);
    }
  }

  @Override
  public int[] cuts(int samples) {
    int parts = Math.max(1, samples / size);
    int[] cuts = new int[parts + 1];
    for (int i = 1; i < parts; i++) {
      cuts[i] = i * size;
    }
    cuts[parts] = samples;
    return cuts;
  }

  @Override
  public BatchMoments moments(String layer, BatchMoments local) {
    return local;
  }

  @Override
  public GradientSums sums(String layer, GradientSums local) {
    return local;
  }

  @Override
  public double[] total(String use, double[] local) {
    return local;
  }

  @Override
  public boolean ownValuesOnly() {
    return true;
  }
}
