package org.batchnorm4j.optim;

/**
 * What becomes of the running statistics, and of all other buffers, when weights are averaged. The
 * running statistics of a model belong to its weights: none of those that were averaged, nor their
 * mean, belong to the averaged weights. Counters, such as {@code num_batches_tracked}, are copied
 * in any case. Immutable and safe for use by many threads.
 */
public enum AveragedStatistics {
  /**
   * Averaged as the weights are. A fair guess for an average over the last few steps. The mean of
   * variances lacks the spread between the means.
   */
  AVERAGED,
  /** Those of the last update, as PyTorch's {@code AveragedModel} has them by default. */
  COPIED,
  /**
   * Taken anew from data with the averaged weights, layer by layer: what inference will meet, and
   * what stochastic weight averaging asks for (Izmailov et al. 2018, section 3.2).
   */
  RECALIBRATED
}
