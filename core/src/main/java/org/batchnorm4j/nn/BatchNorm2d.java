package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.RandomStream;

/**
 * {@link BatchNorm} of (N, C, H, W).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNorm2d extends BatchNorm {
  static final RankRange RANKS = new RankRange("BatchNorm2d", 4, 4);

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public BatchNorm2d(int numFeatures) {
    this(numFeatures, BatchNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public BatchNorm2d(int numFeatures, BatchNormOptions options) {
    super(RANKS, numFeatures, options);
  }

  /**
   * A layer whose first values are repeatable where they are random (PuzzleLib's gamma).
   *
   * @param random where they come from
   */
  public BatchNorm2d(int numFeatures, BatchNormOptions options, RandomStream random) {
    super(RANKS, numFeatures, options, random);
  }
}
