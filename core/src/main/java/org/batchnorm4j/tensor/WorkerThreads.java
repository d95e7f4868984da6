package org.batchnorm4j.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Workers with daemon threads of their own, made for thousands of short parallel sections per
 * second: a thread that has run out of work looks for more for some microseconds before it sleeps,
 * and the caller works too.
 *
 * <p>Safe for use by many threads; one section has the threads at a time, and whoever calls
 * meanwhile (another thread, or a task that calls again) runs its tasks itself.
 */
public final class WorkerThreads implements Workers, AutoCloseable {
  private static final int SPINS =
      1000; // 10 to 50 microseconds, about what waking a sleeping thread costs

  private final int threads;
  private final int spins;
  private final AtomicBoolean busy = new AtomicBoolean();
  private final List<Worker> helpers = new ArrayList<>();
  private volatile @Nullable NumberedTasks current;
  private volatile boolean closed;

  WorkerThreads(int threads) {
    requireThreads(threads);
    this.threads = threads;
    this.spins = threads <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    for (int i = 1; i < threads; i++) {
      helpers.add(new Worker(i));
    }
    helpers.forEach(helper -> helper.thread.start());
  }

  static void requireThreads(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException(
          "the number of threads must be at least 1, but is " + threads);
    }
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public void run(int tasks, IntConsumer task) {
    if (tasks <= 1 || threads == 1 || closed || !busy.compareAndSet(false, true)) {
      NumberedTasks.runInline(tasks, task);
      return;
    }
    try {
      NumberedTasks section = new NumberedTasks(tasks, threads, task);
      current = section;
      wake(tasks - 1);
      section.help(0);
      section.finish(spins);
    } finally {
      current = null;
      busy.set(false);
    }
  }

  /**
   * Ends the threads. Work in progress is finished; later calls run on the calling thread alone.
   */
  @Override
  public void close() {
    closed = true;
    wake(helpers.size());
  }

  @Override
  public String toString() {
    return threads == 1 ? "1 thread" : threads + " threads";
  }

  private void wake(int useful) {
    int wanted = Math.min(useful, helpers.size());
    for (int i = 0; i < wanted; i++) {
      Worker helper = helpers.get(i);
      if (helper.asleep) {
        LockSupport.unpark(helper.thread);
      }
    }
  }

  private final class Worker implements Runnable {
    final int number;
    final Thread thread;
    volatile boolean asleep;

    Worker(int number) {
      this.number = number;
      thread = Thread.ofPlatform().daemon().name("batchnorm4j-worker-" + number).unstarted(this);
    }

    @Override
    public void run() {
      while (!closed) {
        NumberedTasks section = current;
        if (section != null && section.hasWork()) {
          section.help(number);
        } else {
          awaitWork();
        }
      }
    }

    private void awaitWork() {
      for (int spin = 0; spin < spins; spin++) {
        if (hasWork()) {
          return;
        }
        Thread.onSpinWait();
      }
      asleep =
          true; // before the last look: whoever publishes work after that look sees the flag and
      // wakes this thread
      if (!hasWork() && !closed) {
        LockSupport.park(WorkerThreads.this);
      }
      asleep = false;
    }

    private boolean hasWork() {
      NumberedTasks section = current;
      return section != null && section.hasWork();
    }
  }
}
