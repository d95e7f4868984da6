package org.batchnorm4j.nn;

/**
 * {@link InstanceNorm} of (N, C, D, H, W) or (C, D, H, W).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class InstanceNorm3d extends InstanceNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public InstanceNorm3d(int numFeatures) {
    this(numFeatures, InstanceNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public InstanceNorm3d(int numFeatures, InstanceNormOptions options) {
    super("InstanceNorm3d", 5, numFeatures, options);
  }
}
