package org.batchnorm4j.nn;

/**
 * {@link InstanceNorm} of (N, C, H, W) or (C, H, W).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class InstanceNorm2d extends InstanceNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public InstanceNorm2d(int numFeatures) {
    this(numFeatures, InstanceNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public InstanceNorm2d(int numFeatures, InstanceNormOptions options) {
    super("InstanceNorm2d", 4, numFeatures, options);
  }
}
