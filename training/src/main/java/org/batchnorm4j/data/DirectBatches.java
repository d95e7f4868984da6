package org.batchnorm4j.data;

import java.util.NoSuchElementException;

/** Makes each batch when it is asked for, on the thread that asks. */
final class DirectBatches implements Batches {
  private final BatchMaker maker;
  private final BatchBuffer buffer;
  private int next;
  private boolean closed;

  DirectBatches(BatchMaker maker, BatchBuffer buffer, int first) {
    this.maker = maker;
    this.buffer = buffer;
    this.next = first;
  }

  @Override
  public boolean hasNext() {
    return !closed && next < maker.batches();
  }

  @Override
  public Batch next() {
    if (closed) {
      throw new IllegalStateException("this epoch is closed");
    }
    if (!hasNext()) {
      throw new NoSuchElementException("the epoch has no batch " + next);
    }
    return maker.make(next++, buffer);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      maker.closed();
    }
  }
}
