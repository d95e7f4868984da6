package org.batchnorm4j.nn;

/**
 * How far batch renormalisation lets the batch and the running statistics lie apart: r in {@code [1
 * / rMax, rMax]} and d in {@code [-dMax, dMax]}. Both limits start at 1 and 0, where the layer is
 * batch norm, stay there for some batches and then grow evenly to their ends (Ioffe 2017, section
 * 4). Immutable; safe for use by many threads.
 *
 * @param rMax the last limit of r, at least 1
 * @param dMax the last limit of d, at least 0
 * @param warmup batches that are normalised as batch norm does, at least 0
 * @param rEnd batch from which on r has its last limit, at least {@code warmup}
 * @param dEnd batch from which on d has its last limit, at least {@code warmup}
 */
public record BatchRenormLimits(double rMax, double dMax, long warmup, long rEnd, long dEnd) {

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public BatchRenormLimits {
    if (!(rMax >= 1 && dMax >= 0)) {
      throw new IllegalArgumentException(
          "batch renorm needs r_max of at least 1 and d_max of at least 0, got "
              + rMax
              + " and "
              + dMax);
    }
    if (warmup < 0 || rEnd < warmup || dEnd < warmup) {
      throw new IllegalArgumentException(
          "batch renorm's limits grow from batch "
              + warmup
              + " to "
              + rEnd
              + " and "
              + dEnd
              + ", which must not be negative or before it");
    }
  }

  /** The paper's: 3 and 5, with 5,000 batches of batch norm, full at 40,000 and 25,000. */
  public static BatchRenormLimits paper() {
    return new BatchRenormLimits(3, 5, 5_000, 40_000, 25_000);
  }

  /** The same limits from the first batch on. */
  public static BatchRenormLimits constant(double rMax, double dMax) {
    return new BatchRenormLimits(rMax, dMax, 0, 0, 0);
  }

  double r(long batches) {
    return 1 + (rMax - 1) * grown(batches, rEnd);
  }

  double d(long batches) {
    return dMax * grown(batches, dEnd);
  }

  private double grown(long batches, long end) {
    if (batches >= end) {
      return 1;
    }
    return batches <= warmup ? 0 : (double) (batches - warmup) / (end - warmup);
  }
}
