package org.batchnorm4j.tensor;

import java.util.concurrent.Executor;
import java.util.function.IntConsumer;

/**
 * Runs independent numbered tasks, on one thread or many. What a task computes never depends on
 * which thread runs it, nor on how many there are; that is what keeps results equal for any thread
 * count.
 *
 * <p>Implementations may be used from many threads at once.
 */
public interface Workers {

  /** Number of threads that take part, the caller included; at least 1. */
  int threads();

  /**
   * Runs {@code task} for 0 .. {@code tasks - 1}, each exactly once, and returns when all are done.
   * The first exception of a task is thrown again here after the others have finished. Calls from
   * inside one of several tasks run on the calling thread alone.
   *
   * <p>"First" means the failed task with the lowest number, so that the same failure is reported
   * for any number of threads.
   */
  void run(int tasks, IntConsumer task);

  /** Workers that use no thread but the caller's. */
  static Workers direct() {
    return DirectWorkers.INSTANCE;
  }

  /**
   * Starts workers with daemon threads of their own. While there is no work the threads sleep;
   * {@link WorkerThreads#close} ends them.
   *
   * @param threads number of threads that take part, the caller included
   * @throws IllegalArgumentException if {@code threads} is less than 1
   */
  static WorkerThreads of(int threads) {
    return new WorkerThreads(threads);
  }

  /**
   * Workers that borrow threads from an executor. The caller always takes part and never waits for
   * a thread to come free, so a busy or stopped executor makes work slower but cannot block it.
   *
   * @param executor where the other threads come from; it stays the caller's to shut down
   * @param threads the most threads that take part, the caller included
   * @throws IllegalArgumentException if {@code threads} is less than 1
   */
  static Workers of(Executor executor, int threads) {
    return new ExecutorWorkers(executor, threads);
  }
}
