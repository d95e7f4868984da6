package org.batchnorm4j.benchmarks.comparison;

import java.util.function.LongSupplier;

/**
 * Runs a contender until its times stop falling: the JVM compiles a long loop over vectors twice,
 * the second time well after the first second on a busy machine.
 */
final class WarmUp {
  private static final long CHUNK_NANOS = 50_000_000;
  private static final long MOST_NANOS = 4_000_000_000L;

  /** So many chunks must pass without a gain. */
  private static final int QUIET_CHUNKS = 4;

  /** What counts as a gain. */
  private static final double GAIN = 0.97;

  private final LongSupplier clock;

  /**
   * @param clock in nanoseconds
   */
  WarmUp(LongSupplier clock) {
    this.clock = clock;
  }

  /**
   * Warms a contender up.
   *
   * @param least nanoseconds to go on at least; 0 for what needs no compiler, which runs twice
   * @return nanoseconds of one warm run
   */
  long nanos(Contender contender, long least) {
    contender.enter();
    once(contender);
    long best = once(contender);
    if (least == 0) {
      return best;
    }
    long start = clock.getAsLong();
    double standing = Double.POSITIVE_INFINITY;
    int quiet = 0;
    long spent = 0;
    while (spent < least || (quiet < QUIET_CHUNKS && spent < MOST_NANOS)) {
      long chunkStart = clock.getAsLong();
      long fastest = Long.MAX_VALUE;
      while (clock.getAsLong() - chunkStart < CHUNK_NANOS) {
        fastest = Math.min(fastest, once(contender));
      }
      if (fastest < GAIN * standing) {
        standing = fastest;
        quiet = 0;
      } else {
        quiet++;
      }
      best = Math.min(best, fastest);
      spent = clock.getAsLong() - start;
    }
    return best;
  }

  private long once(Contender contender) {
    long start = clock.getAsLong();
    contender.run();
    return clock.getAsLong() - start;
  }
}
