package org.batchnorm4j.tensor;

import java.lang.reflect.Array;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Keeps arrays for reuse, so that a steady state touches no fresh memory. Safe for use by many
 * threads.
 *
 * <p>Lengths of small arrays are rounded up to powers of two; one that comes back serves any later
 * request of its class. A request for a large array gets the shortest kept one that is long enough,
 * whatever its length, so that layers of different sizes share; if none is, the longest makes room
 * for the new one. So there are never more large arrays than were lent at one time.
 *
 * @param <A> the array type
 */
final class Scratch<A> {
  private static final int LARGEST_CLASS = 15;

  private final IntFunction<A> allocate;
  private final Deque<A>[] kept;
  private final List<A> large = new ArrayList<>();

  @SuppressWarnings("unchecked") // an array of deques of A is only ever filled here
  Scratch(IntFunction<A> allocate) {
    this.allocate = allocate;
    this.kept = Stream.generate(ArrayDeque::new).limit(LARGEST_CLASS + 1).toArray(Deque[]::new);
  }

  /** An array of at least {@code length} elements with arbitrary contents. */
  A borrow(int length) {
    int sizeClass = sizeClass(length);
    if (sizeClass > LARGEST_CLASS) {
      return borrowLarge(length);
    }
    Deque<A> stack = kept[sizeClass];
    A array;
    synchronized (stack) {
      array = stack.poll();
    }
    return array == null ? allocate.apply(1 << sizeClass) : array;
  }

  private A borrowLarge(int length) {
    synchronized (large) {
      int best = -1;
      int longest = -1;
      for (int i = large.size() - 1; i >= 0; i--) { // the last is the likeliest to be in a cache
        int size = size(i);
        if (size >= length && (best < 0 || size < size(best))) {
          best = i;
        }
        if (longest < 0 || size > size(longest)) {
          longest = i;
        }
      }
      if (best >= 0) {
        return large.remove(best);
      }
      if (longest >= 0) {
        large.remove(longest);
      }
    }
    return allocate.apply(length);
  }

  private int size(int i) {
    return Array.getLength(large.get(i));
  }

  /** Takes back an array that was borrowed with this length. */
  void giveBack(int length, A array) {
    int sizeClass = sizeClass(length);
    if (sizeClass > LARGEST_CLASS) {
      synchronized (large) {
        large.add(array);
      }
      return;
    }
    Deque<A> stack = kept[sizeClass];
    synchronized (stack) {
      stack.push(array); // the last one given back is the likeliest to be in a cache
    }
  }

  private static int sizeClass(int length) {
    return length <= 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(length - 1);
  }
}
