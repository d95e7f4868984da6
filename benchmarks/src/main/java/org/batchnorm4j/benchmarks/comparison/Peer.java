package org.batchnorm4j.benchmarks.comparison;

import java.util.List;
import java.util.Optional;

/**
 * A library that computes batch norm. Peers other than ours are services, so that nothing here
 * depends on them. Used by one thread.
 */
public interface Peer {

  /** Name in tables. */
  String name();

  /** Why it cannot take part on this machine, in one line; empty if it can. */
  Optional<String> missing();

  /** Version, instruction set and other settings, one line each. */
  List<String> facts();

  /** Whether it has this operation, layout and type. */
  default boolean solves(Problem problem) {
    return true;
  }

  /** Gets ready to solve a problem that it {@linkplain #solves can solve}. */
  Contender prepare(Problem problem);
}
