package org.batchnorm4j.tensor;

import java.util.function.IntConsumer;

/**
 * Runs independent numbered tasks, on one thread or many. What a task computes never depends on which thread runs it, nor on how
 * many there are; that is what keeps results equal for any thread count.
 */
public interface Workers {

  /** Number of threads that take part, the caller included; at least 1. */
  int threads();

  /**
   * Runs {@code task} for 0 .. {@code tasks - 1}, each exactly once, and returns when all are done. The first exception of a
   * task is thrown again here after the others have finished. Calls from inside a task run on the calling thread alone.
   */
  void run(int tasks, IntConsumer task);
}
