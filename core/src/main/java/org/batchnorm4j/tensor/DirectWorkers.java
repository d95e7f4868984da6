package org.batchnorm4j.tensor;

import java.util.function.IntConsumer;

/** Runs every task on the calling thread. Stateless and safe for use by many threads. */
enum DirectWorkers implements Workers {
  INSTANCE;

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public void run(int tasks, IntConsumer task) {
    NumberedTasks.runInline(tasks, task);
  }

  @Override
  public String toString() {
    return "1 thread";
  }
}
