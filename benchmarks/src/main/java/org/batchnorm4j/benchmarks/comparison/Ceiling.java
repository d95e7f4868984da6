package org.batchnorm4j.benchmarks.comparison;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.tensor.Workers;

/**
 * What memory and processor allow: takes part as a peer, but computes less than batch norm, so its
 * outputs are not compared. Used by one thread.
 */
abstract sealed class Ceiling implements Peer permits Roof, Passes {
  private final Map<Integer, Workers> workers = new HashMap<>();

  @Override
  public final Optional<String> missing() {
    return Optional.empty();
  }

  /** Threads as ours has them. */
  final Workers workers(int threads) {
    return workers.computeIfAbsent(threads, n -> n == 1 ? Workers.direct() : Workers.of(n));
  }
}
