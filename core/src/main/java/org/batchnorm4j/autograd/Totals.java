package org.batchnorm4j.autograd;

import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.Tensor;

/**
 * Sums over all who share a batch, as operations of a pass. Functions without state, as safe for
 * use by many threads as the reducer.
 */
final class Totals {
  private Totals() {}

  /**
   * The sum of what every participant has, the same for all; what is at hand where that is all.
   *
   * <p>What is differentiated is the sum of everyone's results, on each of which everyone's share
   * works through the total. So the gradient of a share is the total of the gradients, which can be
   * differentiated again in the same way.
   *
   * @param use which layer asks and for what, as errors name it
   * @param share float64
   */
  static Tensor of(String use, Tensor share, StatisticsReducer reducer, Pass pass) {
    if (reducer.ownValuesOnly()) {
      return share;
    }
    Tensor total = Tensor.of(reducer.total(use, share.toDoubles()), share.shape().toArray());
    return pass.record(
        "total", total, new Edge(share, (g, p) -> of(use + " backward", g, reducer, p)));
  }
}
