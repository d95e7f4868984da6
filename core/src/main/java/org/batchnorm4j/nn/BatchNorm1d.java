package org.batchnorm4j.nn;

/**
 * {@link BatchNorm} of (N, C) or (N, C, L).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNorm1d extends BatchNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public BatchNorm1d(int numFeatures) {
    this(numFeatures, BatchNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public BatchNorm1d(int numFeatures, BatchNormOptions options) {
    super("BatchNorm1d", 2, 3, numFeatures, options);
  }
}
