package org.batchnorm4j.data;

import java.util.Iterator;

/**
 * The batches of one epoch, in order, once.
 *
 * <p>To be closed when done, even in the middle; a loader has one open epoch at a time. Not safe
 * for use by several threads at once.
 */
public sealed interface Batches extends Iterator<Batch>, AutoCloseable
    permits DirectBatches, PrefetchedBatches {

  /** Returns whether another batch follows; does not wait. */
  @Override
  boolean hasNext();

  /**
   * Returns the next batch; the tensors of the one before become invalid.
   *
   * @throws java.util.NoSuchElementException if none follows
   * @throws IllegalStateException if the epoch is closed, or the thread is interrupted while it
   *     waits (its interrupt status stays set)
   */
  @Override
  Batch next();

  /** Ends the epoch and the thread that makes batches ahead; a second call does nothing. */
  @Override
  void close();
}
