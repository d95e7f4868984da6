package org.batchnorm4j.statistics;

/**
 * How a sum of squared deviations M2 over {@code count} values becomes a variance. A batch is
 * normalised with the biased variance; which one is stored in the running variance differs between
 * systems (PyTorch: unbiased; ONNX, labml: biased). Immutable and safe for use by many threads.
 */
public enum VarianceEstimator {
  /** {@code M2 / count}, the variance of the values themselves. */
  BIASED,
  /**
   * {@code M2 / (count - 1)}, Bessel's estimate of the variance of what the values were drawn from.
   */
  UNBIASED
}
