package org.batchnorm4j.nn.parallel;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Thrown on every rank when ranks cannot go on together; the message names those at fault and what
 * they were doing. If a rank failed, its exception is the cause. Reading it is safe for use by many
 * threads.
 */
public final class CollectiveException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final int[] ranks;

  /**
   * An exception with the whole story in one line.
   *
   * @param message which rank, what it was doing, what was expected
   * @param ranks the ranks at fault
   * @param cause why a rank failed, or null
   */
  public CollectiveException(String message, List<Integer> ranks, @Nullable Throwable cause) {
    super(message, cause);
    this.ranks = ranks.stream().mapToInt(rank -> rank).toArray();
  }

  /** The ranks at fault, in order; empty if it was none of them. */
  public List<Integer> ranks() {
    return Arrays.stream(ranks).boxed().toList();
  }
}
