package org.batchnorm4j.tensor;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;

/**
 * Workers on the threads of an executor that belongs to someone else. Safe for use by many threads.
 */
final class ExecutorWorkers implements Workers {
  private final Executor executor;
  private final int threads;
  private final AtomicBoolean busy = new AtomicBoolean();

  ExecutorWorkers(Executor executor, int threads) {
    WorkerThreads.requireThreads(threads);
    this.executor = executor;
    this.threads = threads;
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public void run(int tasks, IntConsumer task) {
    if (tasks <= 1 || threads == 1 || !busy.compareAndSet(false, true)) {
      NumberedTasks.runInline(tasks, task);
      return;
    }
    try {
      NumberedTasks section = new NumberedTasks(tasks, threads, task);
      askForHelp(section, Math.min(tasks, threads) - 1);
      section.help(0);
      section.finish(0);
    } finally {
      busy.set(false);
    }
  }

  @Override
  public String toString() {
    return "up to " + threads + " threads of " + executor;
  }

  private void askForHelp(NumberedTasks section, int helpers) {
    try {
      for (int i = 1; i <= helpers; i++) {
        int thread = i;
        executor.execute(() -> section.help(thread));
      }
    } catch (RejectedExecutionException stoppedOrFull) {
      // the caller runs whatever nobody else takes
    }
  }
}
