package org.batchnorm4j.nn;

/**
 * {@link BatchNorm} of any rank from 2 on: (N, C, ...).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNormNd extends BatchNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public BatchNormNd(int numFeatures) {
    this(numFeatures, BatchNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public BatchNormNd(int numFeatures, BatchNormOptions options) {
    super("BatchNormNd", 2, Integer.MAX_VALUE, numFeatures, options);
  }
}
