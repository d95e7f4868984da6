package org.batchnorm4j.tensor;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Arrays that outlive the step that used them. A training loop keeps one pool and opens one {@link
 * Arena} per step; from the second step on no fresh memory is touched, because equal steps ask for
 * equal sizes.
 *
 * <p>Safe for use by many threads; an arena belongs to one pass.
 */
public final class BufferPool {
  private record Kind(DType dtype, int length) {}

  private final Map<Kind, Deque<Storage>> free = new HashMap<>();
  private long allocatedBytes;

  /** An empty pool. */
  public BufferPool() {}

  /** An arena that borrows from this pool until it is closed. */
  public Arena open() {
    return new Arena(this);
  }

  /** Bytes that the pool has taken from the heap since it was made; constant in a steady state. */
  public synchronized long allocatedBytes() {
    return allocatedBytes;
  }

  synchronized Storage take(DType dtype, int length) {
    Deque<Storage> stack = free.get(new Kind(dtype, length));
    Storage storage = stack == null ? null : stack.poll();
    if (storage == null) {
      allocatedBytes += (long) length * dtype.bytes();
      return Storage.allocate(dtype, length);
    }
    return storage;
  }

  synchronized void giveBack(DType dtype, Storage storage) {
    free.computeIfAbsent(new Kind(dtype, storage.length()), kind -> new ArrayDeque<>())
        .push(storage);
  }
}
