package org.batchnorm4j.statistics;

/**
 * Between the statistics of the values at hand and those that normalise: local moments come in,
 * moments of everything that is normalised together go out, and the same for the two sums of the
 * backward pass. A pass carries one; batch norm asks it wherever it trains.
 *
 * <p>{@link #local()} changes nothing. {@link GhostBatches} cuts a batch into smaller ones;
 * reducers across replicas and micro-batches lie in {@code org.batchnorm4j.nn.parallel}. Those that
 * wait for others need the same calls in the same order from everyone, so each call names its
 * layer.
 *
 * <p>The gradients of gamma and beta are never reduced here: each participant has those of its own
 * values, and whoever adds up gradients adds them up with all others.
 *
 * <p>Implementations say themselves what threads may do; {@link #local()} and {@link GhostBatches}
 * are safe for use by many.
 */
public interface StatisticsReducer {

  /** What is at hand is all there is. */
  static StatisticsReducer local() {
    return LocalStatistics.INSTANCE;
  }

  /**
   * The moments that normalise.
   *
   * @param layer which layer asks, as errors name it
   * @param local moments of the values at hand, a count of 0 included
   * @return moments of all values, the same for every participant
   */
  BatchMoments moments(String layer, BatchMoments local);

  /**
   * The sums that the gradient of the input needs.
   *
   * @param layer which layer asks, as errors name it
   * @param local sums over the values at hand
   * @return sums over all values, the same for every participant
   */
  GradientSums sums(String layer, GradientSums local);

  /**
   * Sums of other numbers over all values, element by element: what gradients of gradients need,
   * and statistics that moments of channels do not hold.
   *
   * @param use which layer asks and for what, as errors name it
   * @param local sums over the values at hand, not written to afterwards
   * @return sums over all values, the same for every participant; not to be written to
   */
  double[] total(String use, double[] local);

  /**
   * Moves running statistics: at once, later, or not at all where another participant moves the
   * same ones.
   *
   * @param target what holds them, for telling shared ones by identity
   * @param change moves them
   */
  default void update(Object target, Runnable change) {
    change.run();
  }

  /**
   * Where a batch is cut into parts that are normalised one by one: {@code cuts[i]} to {@code
   * cuts[i + 1]} is a part, from 0 to {@code samples}.
   */
  default int[] cuts(int samples) {
    return new int[] {0, samples};
  }

  /**
   * Whether the statistics that normalise come from the values at hand alone, so that nobody else
   * is asked.
   */
  boolean ownValuesOnly();
}
