package org.batchnorm4j.data;

/** Makes any batch of an epoch. */
interface BatchMaker {

  /** Returns the number of batches in the epoch. */
  int batches();

  /** Fills a buffer with batch {@code index} and returns the batch. */
  Batch make(int index, BatchBuffer buffer);

  /** Is called once when the epoch is closed and nothing uses its buffers any more. */
  void closed();
}
