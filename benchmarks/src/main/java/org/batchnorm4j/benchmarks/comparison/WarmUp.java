package org.batchnorm4j.benchmarks.comparison;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * Runs a contender until its times stop falling: the JVM compiles a long loop over vectors twice,
 * the second time well after the first second on a busy machine.
 */
final class WarmUp {
  private static final long CHUNK_NANOS = 20_000_000;

  /** Runs of a chunk at least, over which a slow gain shows. */
  private static final int CHUNK_RUNS = 3;

  private static final long MOST_NANOS = 4_000_000_000L;

  /** Who takes so long is not asked twice. */
  private static final long LONG_NANOS = 500_000_000;

  /** A run that takes less of the time of the one before may be followed by a faster one. */
  private static final double COLD = 0.8;

  private static final int MOST_COLD_RUNS = 8;

  /** So many chunks must pass without a gain. */
  private static final int QUIET_CHUNKS = 4;

  /** More compiling than this in a chunk may still bring a gain. */
  private static final long BUSY_MILLIS = 4;

  /** What counts as a gain. */
  private static final double GAIN = 0.97;

  private final LongSupplier clock;
  private final LongSupplier compiled;

  /**
   * @param clock in nanoseconds
   * @param compiled milliseconds that the JVM has spent on compiling
   */
  WarmUp(LongSupplier clock, LongSupplier compiled) {
    this.clock = clock;
    this.compiled = compiled;
  }

  /** By the JVM's clock and compilers. */
  static WarmUp ofThisJvm() {
    CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
    return new WarmUp(
        System::nanoTime, compilers == null ? () -> 0 : compilers::getTotalCompilationTime);
  }

  /**
   * Warms up a contender that has run once.
   *
   * @param least nanoseconds to go on at least; 0 for what needs no compiler
   * @return nanoseconds of one warm run
   */
  long nanos(Contender contender, long least) {
    long best = untilMemoryIsTouched(contender);
    if (least == 0) {
      return best;
    }
    long start = clock.getAsLong();
    double standing = Double.POSITIVE_INFINITY;
    int quiet = 0;
    long spent = 0;
    while (spent < least || (quiet < QUIET_CHUNKS && spent < MOST_NANOS)) {
      long compiledBefore = compiled.getAsLong();
      long chunkStart = clock.getAsLong();
      long fastest = Long.MAX_VALUE;
      for (int run = 0; run < CHUNK_RUNS || clock.getAsLong() - chunkStart < CHUNK_NANOS; run++) {
        fastest = Math.min(fastest, once(contender));
      }
      boolean busy = compiled.getAsLong() - compiledBefore > BUSY_MILLIS;
      quiet = busy || fastest < GAIN * standing ? 0 : quiet + 1;
      standing = Math.min(standing, (double) fastest);
      best = Math.min(best, fastest);
      spent = clock.getAsLong() - start;
    }
    return best;
  }

  /** Runs as long as each run takes far less time than the one before, as it does on new memory. */
  private long untilMemoryIsTouched(Contender contender) {
    long best = once(contender);
    long before = Long.MAX_VALUE;
    for (int run = 1; run < MOST_COLD_RUNS && best < COLD * before && best < LONG_NANOS; run++) {
      before = best;
      best = Math.min(best, once(contender));
    }
    return best;
  }

  private long once(Contender contender) {
    long start = clock.getAsLong();
    contender.run();
    return clock.getAsLong() - start;
  }
}
