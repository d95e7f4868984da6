package org.batchnorm4j.benchmarks.comparison;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Where the time comes from that a comparison takes, and where it goes.
 *
 * @param clock in nanoseconds
 * @param warmUp by the same clock
 * @param rest waits so many nanoseconds
 */
record Timing(LongSupplier clock, WarmUp warmUp, LongConsumer rest) {

  /** The JVM's own. */
  static Timing ofThisJvm() {
    return new Timing(System::nanoTime, WarmUp.ofThisJvm(), LockSupport::parkNanos);
  }
}
