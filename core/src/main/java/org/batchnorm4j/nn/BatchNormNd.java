package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.RandomStream;

/**
 * {@link BatchNorm} of any rank from 2 on: (N, C, ...).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNormNd extends BatchNorm {
  static final RankRange RANKS = new RankRange("BatchNormNd", 2, Integer.MAX_VALUE);

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public BatchNormNd(int numFeatures) {
    this(numFeatures, BatchNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public BatchNormNd(int numFeatures, BatchNormOptions options) {
    super(RANKS, numFeatures, options);
  }

  /**
   * A layer whose first values are repeatable where they are random (PuzzleLib's gamma).
   *
   * @param random where they come from
   */
  public BatchNormNd(int numFeatures, BatchNormOptions options, RandomStream random) {
    super(RANKS, numFeatures, options, random);
  }
}
