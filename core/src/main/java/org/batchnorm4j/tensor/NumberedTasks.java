package org.batchnorm4j.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@link Workers#run}: hands out task numbers by atomic counters and knows when all
 * tasks are done. Any number of threads may help, at any time; a thread that comes late finds
 * nothing left and goes away, and nobody waits for it.
 *
 * <p>Tasks are in shares of adjacent numbers, one for each thread, which takes its own share before
 * it helps with the others. So in one section after another a thread mostly works on the same part
 * of a tensor: values that another thread has just written are far slower to get than those of a
 * thread's own cache, on some machines slower than memory.
 */
final class NumberedTasks {
  private final int tasks;
  private final int shares;
  private final Thread caller = Thread.currentThread();
  private final AtomicIntegerArray taken;
  private final AtomicInteger unfinished;
  private @Nullable IntConsumer task;
  private @Nullable Throwable failure;
  private int failedTask;

  /**
   * Nothing is taken yet.
   *
   * @param tasks number of tasks, at least 1
   * @param threads number of threads that are expected to help, the caller included
   */
  NumberedTasks(int tasks, int threads, IntConsumer task) {
    this.tasks = tasks;
    this.shares = Math.min(tasks, threads);
    this.taken = new AtomicIntegerArray(shares);
    this.task = task;
    this.unfinished = new AtomicInteger(tasks);
  }

  /** Runs all tasks on the calling thread, in order. */
  static void runInline(int tasks, IntConsumer task) {
    if (tasks < 0) {
      throw negative(tasks);
    }
    Throwable first = null;
    for (int i = 0; i < tasks; i++) {
      try {
        task.accept(i);
      } catch (Throwable thrown) {
        first = first == null ? thrown : first;
      }
    }
    rethrow(first);
  }

  static IllegalArgumentException negative(int tasks) {
    return new IllegalArgumentException(
        "the number of tasks must not be negative, but is " + tasks);
  }

  /** The first task of a share. */
  private int start(int share) {
    return (int) ((long) tasks * share / shares);
  }

  private boolean hasWork(int share) {
    return taken.get(share) < start(share + 1) - start(share);
  }

  boolean hasWork() {
    for (int share = 0; share < shares; share++) {
      if (hasWork(share)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes and runs tasks until none is left to take.
   *
   * @param thread number of the thread that helps; the caller's is 0
   */
  void help(int thread) {
    for (int i = 0; i < shares; i++) {
      helpWith((thread + i) % shares);
    }
  }

  private void helpWith(int share) {
    while (hasWork(share)) {
      int number = start(share) + taken.getAndIncrement(share);
      if (number >= start(share + 1)) {
        return;
      }
      runTask(number);
      if (unfinished.decrementAndGet() == 0 && !caller.equals(Thread.currentThread())) {
        LockSupport.unpark(caller);
      }
    }
  }

  /**
   * Waits until every task is done, then throws the failure of the lowest numbered task that
   * failed.
   */
  void finish(int spins) {
    boolean interrupted = false;
    for (int spin = 0; unfinished.get() != 0; spin++) {
      if (spin < spins) {
        Thread.onSpinWait();
      } else {
        LockSupport.park(this);
        interrupted |= Thread.interrupted();
      }
    }
    if (interrupted) {
      caller.interrupt();
    }
    task = null; // a late helper may keep this object for a while, but not what the task refers to
    rethrow(failure);
  }

  private void runTask(int number) {
    IntConsumer running =
        task; // set: a task with a number of its own is unfinished, so finish() has not passed
    try {
      if (running != null) {
        running.accept(number);
      }
    } catch (Throwable thrown) {
      fail(number, thrown);
    }
  }

  private synchronized void fail(int number, Throwable thrown) {
    if (failure == null || number < failedTask) {
      failure = thrown;
      failedTask = number;
    }
  }

  private static void rethrow(@Nullable Throwable thrown) {
    switch (thrown) {
      case null -> {}
      case RuntimeException unchecked -> throw unchecked;
      case Error error -> throw error;
      default -> throw new IllegalStateException("a task threw a checked exception", thrown);
    }
  }
}
