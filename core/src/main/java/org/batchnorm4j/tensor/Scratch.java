package org.batchnorm4j.tensor;

import java.util.ArrayDeque;
import java.util.Deque;
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
  private final Deque<A>[] kept;

  @SuppressWarnings("unchecked") // an array of deques of A is only ever filled here
  Scratch(IntFunction<A> allocate) {
    this.allocate = allocate;
    this.kept = Stream.generate(ArrayDeque::new).limit(LARGEST_CLASS + 1).toArray(Deque[]::new);
  }

  /** An array of at least {@code length} elements with arbitrary contents. */
  A borrow(int length) {
    int sizeClass = sizeClass(length);
    if (sizeClass > LARGEST_CLASS) {
      return allocate.apply(length);
    }
    Deque<A> stack = kept[sizeClass];
    A array;
    synchronized (stack) {
      array = stack.poll();
    }
    return array == null ? allocate.apply(1 << sizeClass) : array;
  }

  /** Takes back an array that was borrowed with this length. */
  void giveBack(int length, A array) {
    int sizeClass = sizeClass(length);
    if (sizeClass <= LARGEST_CLASS) {
      Deque<A> stack = kept[sizeClass];
      synchronized (stack) {
        stack.push(array); // the last one given back is the likeliest to be in a cache
      }
    }
  }

  private static int sizeClass(int length) {
    return length <= 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(length - 1);
  }
}
