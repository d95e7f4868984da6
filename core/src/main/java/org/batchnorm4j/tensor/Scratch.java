package org.batchnorm4j.tensor;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Keeps arrays for reuse, so that a steady state touches no fresh memory. Lengths are rounded up to
 * powers of two; an array that comes back serves any later request of its class. Safe for use by
 * many threads.
 *
 * @param <A> the array type
 */
final class Scratch<A> {
  private static final int LARGEST_CLASS = 30;

  private final IntFunction<A> allocate;
  private final Queue<A>[] kept;

  @SuppressWarnings("unchecked") // an array of queues of A is only ever filled here
  Scratch(IntFunction<A> allocate) {
    this.allocate = allocate;
    this.kept =
        Stream.generate(ConcurrentLinkedQueue::new).limit(LARGEST_CLASS + 1).toArray(Queue[]::new);
  }

  /** An array of at least {@code length} elements with arbitrary contents. */
  A borrow(int length) {
    int sizeClass = sizeClass(length);
    if (sizeClass > LARGEST_CLASS) {
      return allocate.apply(length);
    }
    A array = kept[sizeClass].poll();
    return array == null ? allocate.apply(1 << sizeClass) : array;
  }

  /** Takes back an array that was borrowed with this length. */
  void giveBack(int length, A array) {
    int sizeClass = sizeClass(length);
    if (sizeClass <= LARGEST_CLASS) {
      kept[sizeClass].add(array);
    }
  }

  private static int sizeClass(int length) {
    return length <= 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(length - 1);
  }
}
