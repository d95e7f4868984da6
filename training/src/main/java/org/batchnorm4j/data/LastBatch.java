package org.batchnorm4j.data;

/**
 * What happens to the last batch of an epoch when it would be smaller than the others.
 *
 * <p>A batch of one picture is unsafe for batch normalisation in training: behind a linear layer
 * there is one value per channel, whose variance is 0 and says nothing, so that layers refuse it.
 *
 * <p>Immutable and safe for use by several threads.
 */
public enum LastBatch {
  /** It comes, smaller. Right for evaluation, where every picture counts. */
  KEEP,
  /** It comes, smaller, unless it has only one picture; then it is left out of this epoch. */
  DROP_IF_SINGLE,
  /** It is left out of this epoch; all batches have the same size. */
  DROP
}
