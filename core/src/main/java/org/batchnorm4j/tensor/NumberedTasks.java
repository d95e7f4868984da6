package org.batchnorm4j.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One call of {@link Workers#run}: hands out task numbers by an atomic counter and knows when all
 * tasks are done. Any number of threads may help, at any time; a thread that comes late finds
 * nothing left and goes away, and nobody waits for it.
 */
final class NumberedTasks {
  private final int tasks;
  private final Thread caller = Thread.currentThread();
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger unfinished;
  private @Nullable IntConsumer task;
  private @Nullable Throwable failure;
  private int failedTask;

  NumberedTasks(int tasks, IntConsumer task) {
    this.tasks = tasks;
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

  boolean hasWork() {
    return next.get() < tasks;
  }

  /** Takes and runs tasks until none is left to take. */
  void help() {
    while (hasWork()) {
      int number = next.getAndIncrement();
      if (number >= tasks) {
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
