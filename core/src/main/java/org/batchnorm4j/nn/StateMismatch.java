package org.batchnorm4j.nn;

import java.util.List;

/**
 * Names that did not match when a state was loaded.
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @param missing names that the module has and the state has not
 * @param unexpected names that the state has and the module has not
 */
public record StateMismatch(List<String> missing, List<String> unexpected) {

  /** Copies the lists. */
  public StateMismatch {
    missing = List.copyOf(missing);
    unexpected = List.copyOf(unexpected);
  }

  /** Whether every name matched. */
  public boolean isEmpty() {
    return missing.isEmpty() && unexpected.isEmpty();
  }
}
