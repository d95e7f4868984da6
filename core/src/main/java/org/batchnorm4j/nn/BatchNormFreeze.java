package org.batchnorm4j.nn;

/**
 * The three things that "frozen" can mean for a batch normalisation that trains. They are
 * independent; {@code layer.freeze(BatchNormFreeze.values())} is what Keras' {@code
 * trainable=false} and most fine-tuning recipes mean. Immutable and safe for use by many threads.
 */
public enum BatchNormFreeze {
  /**
   * Training normalises with the running statistics, as inference does; they are constants to the
   * gradient. They may still move: a batch is normalised with what was there before it.
   */
  NORMALISATION,
  /**
   * The running statistics do not move and their counter does not count. PyTorch's {@code
   * track_running_stats} switched off later.
   */
  RUNNING_STATISTICS,
  /** Gamma and beta do not train: {@link Parameter#isTrainable} is false. */
  AFFINE
}
