package org.batchnorm4j.nn;

/**
 * {@link InstanceNorm} of (N, C, L) or (C, L).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class InstanceNorm1d extends InstanceNorm {

  /** A layer for {@code numFeatures} channels with PyTorch's defaults. */
  public InstanceNorm1d(int numFeatures) {
    this(numFeatures, InstanceNormOptions.defaults());
  }

  /** A layer for {@code numFeatures} channels. */
  public InstanceNorm1d(int numFeatures, InstanceNormOptions options) {
    super("InstanceNorm1d", 3, numFeatures, options);
  }
}
