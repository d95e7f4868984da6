package org.batchnorm4j.benchmarks.comparison;

/**
 * One implementation with its memory for one problem. Everything that it writes is allocated and
 * touched before the first timed run. Not safe for use by many threads.
 */
public interface Contender extends AutoCloseable {

  /** What the implementation calls itself for this problem, such as its kernel. */
  String implementation();

  /** Called before the first run and outside the time that is taken: sets the number of threads. */
  default void enter(int threads) {}

  /** Computes once. */
  void run();

  /** Copies of what the last run computed. */
  Outputs outputs();

  /** Frees the memory. */
  @Override
  default void close() {}
}
