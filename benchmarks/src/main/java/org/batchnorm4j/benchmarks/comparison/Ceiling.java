package org.batchnorm4j.benchmarks.comparison;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.batchnorm4j.tensor.Workers;

/**
 * What memory and processor allow: takes part as a peer, but computes less than batch norm, so its
 * outputs are not compared. Used by one thread.
 */
abstract sealed class Ceiling implements Peer permits Roof, Passes {
  /** Values of a task over adjacent ones, 256 KiB. */
  static final int BLOCK = 1 << 16;

  private final Map<Integer, Workers> workers = new HashMap<>();

  @Override
  public final Optional<String> missing() {
    return Optional.empty();
  }

  private Workers workers(int threads) {
    return workers.computeIfAbsent(threads, n -> n == 1 ? Workers.direct() : Workers.of(n));
  }

  /** What is done with adjacent values. */
  interface Task {
    void run(int start, int length);
  }

  /** Works on threads as ours has them. */
  abstract class OnThreads implements Contender {
    private Workers crew = workers(1);

    @Override
    public final String implementation() {
      return facts().getFirst();
    }

    @Override
    public final void enter(int threads) {
      crew = workers(threads);
    }

    /** Runs numbered tasks on these threads. */
    final void each(int tasks, IntConsumer task) {
      crew.run(tasks, task);
    }

    /** Runs a task on each block of so many values. */
    final void eachBlock(int values, Task task) {
      each(
          Math.ceilDiv(values, BLOCK),
          block -> task.run(block * BLOCK, Math.min(BLOCK, values - block * BLOCK)));
    }
  }
}
