package org.batchnorm4j.nn;

/**
 * {@link BatchNorm} of (N, C, D, H, W).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNorm3d extends BatchNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public BatchNorm3d(int numFeatures) {
    this(numFeatures, BatchNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public BatchNorm3d(int numFeatures, BatchNormOptions options) {
    super("BatchNorm3d", 5, 5, numFeatures, options);
  }
}
