package org.batchnorm4j.nn;

/**
 * {@link BatchNorm} of (N, C, H, W).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchNorm2d extends BatchNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public BatchNorm2d(int numFeatures) {
    this(numFeatures, BatchNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public BatchNorm2d(int numFeatures, BatchNormOptions options) {
    super("BatchNorm2d", 4, 4, numFeatures, options);
  }
}
