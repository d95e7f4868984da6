package org.batchnorm4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20) // a hang must fail, not wait
class PrefetchedBatchesTest {
  private final List<BatchBuffer> ring =
      Stream.generate(() -> new BatchBuffer(1, new ImageShape(1, 1, 1))).limit(4).toList();

  @Test
  void failuresReachTheConsumerInTheirPlaceAndAgain() {
    RuntimeException failure = new IllegalStateException("broken picture");
    Maker maker =
        new Maker() {
          @Override
          public Batch make(int index, BatchBuffer buffer) {
            if (index == 2) {
              throw failure;
            }
            return super.make(index, buffer);
          }
        };
    try (Batches batches = new PrefetchedBatches(maker, ring, 0)) {
      assertEquals(0, batches.next().index());
      assertEquals(1, batches.next().index());
      assertSame(failure, assertThrows(IllegalStateException.class, batches::next));
      assertSame(failure, assertThrows(IllegalStateException.class, batches::next));
    }
  }

  @Test
  void errorsReachTheConsumerToo() {
    Error error = new OutOfMemoryError("not really");
    Maker maker =
        new Maker() {
          @Override
          public Batch make(int index, BatchBuffer buffer) {
            throw error;
          }
        };
    try (Batches batches = new PrefetchedBatches(maker, ring, 0)) {
      assertSame(error, assertThrows(OutOfMemoryError.class, batches::next));
    }
  }

  @Test
  void noMoreBatchesAreMadeAheadThanTheRingHolds() throws InterruptedException {
    CountDownLatch ringIsFull = new CountDownLatch(4);
    Maker maker =
        new Maker() {
          @Override
          public Batch make(int index, BatchBuffer buffer) {
            Batch batch = super.make(index, buffer);
            ringIsFull.countDown();
            return batch;
          }
        };
    try (Batches batches = new PrefetchedBatches(maker, ring, 0)) {
      assertTrue(ringIsFull.await(10, TimeUnit.SECONDS));
      assertEquals(4, maker.made.get());
      for (int i = 0; i < 50; i++) {
        assertEquals(i, batches.next().index());
        // what is made: those asked for, the one in hand among them, and at most three ahead
        assertTrue(maker.made.get() <= i + 4, i + ": " + maker.made.get());
      }
    }
  }

  @Test
  void closingInTheMiddleEndsTheThread() {
    Maker maker = new Maker();
    Batches batches = new PrefetchedBatches(maker, ring, 0);
    batches.next();
    batches.close();
    assertEquals(1, maker.closed.get());
    batches.close();
    assertEquals(1, maker.closed.get());
    assertFalse(
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(thread -> thread.getName().equals("batchnorm4j-batches")));
  }

  @Test
  void interruptedConsumerGetsAnErrorAndKeepsItsStatus() {
    CountDownLatch never = new CountDownLatch(1);
    Maker maker =
        new Maker() {
          @Override
          public Batch make(int index, BatchBuffer buffer) {
            try {
              never.await();
            } catch (InterruptedException closing) {
              Thread.currentThread().interrupt();
            }
            return super.make(index, buffer);
          }
        };
    try (Batches batches = new PrefetchedBatches(maker, ring, 0)) {
      Thread.currentThread().interrupt();
      assertThrows(IllegalStateException.class, batches::next);
      assertTrue(Thread.interrupted());
    }
  }

  /** A hundred batches that hold nothing. */
  private static class Maker implements BatchMaker {
    final AtomicInteger made = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();

    @Override
    public int batches() {
      return 100;
    }

    @Override
    public Batch make(int index, BatchBuffer buffer) {
      made.incrementAndGet();
      return buffer.batch(index, 1);
    }

    @Override
    public void closed() {
      closed.incrementAndGet();
    }
  }
}
