package org.batchnorm4j.nn;

/**
 * What training does with a batch of one value per channel, whose variance is 0 and whose unbiased
 * variance does not exist. The output of such a batch is beta, whatever the input, and its gradient
 * is 0, so it teaches nothing; systems differ in whether they say so. Immutable and safe for use by
 * many threads.
 */
public enum BatchOfOne {
  /** Refused with advice, as in PyTorch; nothing moves. */
  REFUSE,
  /**
   * Normalised to beta; the running mean moves towards the value and the running variance towards
   * 0, the biased variance, whichever estimator the layer stores. So labml, ONNX, Keras, and
   * PuzzleLib on AMD cards (MIOpen); on NVIDIA cards (cuDNN) PuzzleLib stores NaN, which nobody
   * wants back.
   */
  ACCEPT,
  /** Normalised to beta; neither the running statistics nor their counter move. */
  KEEP_STATISTICS
}
