package org.batchnorm4j.data;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Makes batches ahead on a thread of its own, as many as there are buffers to spare.
 *
 * <p>Buffers go round: free, filled by the producer, in the hands of the consumer, free again. What
 * a batch holds does not depend on when it is made, so this gives the same batches as {@link
 * DirectBatches}. What the producer throws is thrown again to the consumer in place of the batch.
 */
final class PrefetchedBatches implements Batches {
  /** A batch in its buffer, or what went wrong when it was made. */
  private sealed interface Made {}

  private record Full(Batch batch, BatchBuffer buffer) implements Made {}

  private record Failed(Throwable cause) implements Made {}

  private final BatchMaker maker;
  private final BlockingQueue<BatchBuffer> free;
  private final BlockingQueue<Made> made;
  private final Thread producer;
  private int next;
  private @Nullable BatchBuffer inUse;
  private @Nullable Failed failed;
  private boolean closed;

  PrefetchedBatches(BatchMaker maker, List<BatchBuffer> buffers, int first) {
    this.maker = maker;
    this.free = new ArrayBlockingQueue<>(buffers.size(), false, buffers);
    this.made = new ArrayBlockingQueue<>(buffers.size() + 1); // a failure has room too
    this.next = first;
    this.producer =
        Thread.ofPlatform().daemon().name("batchnorm4j-batches").start(() -> produce(first));
  }

  private void produce(int first) {
    try {
      for (int index = first; index < maker.batches(); index++) {
        BatchBuffer buffer = free.take();
        made.put(new Full(maker.make(index, buffer), buffer));
      }
    } catch (InterruptedException closing) {
      // close() wants this thread to end
    } catch (RuntimeException | Error failure) {
      made.add(new Failed(failure));
    }
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
    if (inUse != null) {
      free.add(inUse);
      inUse = null;
    }
    return switch (failed != null ? failed : take()) {
      case Failed failure -> {
        failed = failure; // the producer is gone; asking again must not wait for ever
        if (failure.cause() instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) failure.cause();
      }
      case Full full -> {
        inUse = full.buffer();
        next++;
        yield full.batch();
      }
    };
  }

  private Made take() {
    try {
      return made.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for batch " + next, e);
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    producer.interrupt();
    boolean interrupted = false;
    while (producer.isAlive()) { // it ends after the batch in hand; its buffers are used again then
      try {
        producer.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    maker.closed();
  }
}
