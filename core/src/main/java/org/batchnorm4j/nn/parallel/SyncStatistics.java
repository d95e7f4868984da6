package org.batchnorm4j.nn.parallel;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.StatisticsReducer;

/**
 * Statistics of all ranks. Of one rank alone they are the local ones. Used by the thread of its
 * rank.
 */
final class SyncStatistics implements StatisticsReducer {
  private final Collective collective;

  SyncStatistics(Collective collective) {
    this.collective = collective;
  }

  @Override
  public BatchMoments moments(String layer, BatchMoments local) {
    return ownValuesOnly() ? local : collective.moments(layer + " forward", local);
  }

  @Override
  public GradientSums sums(String layer, GradientSums local) {
    return ownValuesOnly() ? local : collective.sums(layer + " backward", local);
  }

  @Override
  public double[] total(String use, double[] local) {
    return ownValuesOnly()
        ? local
        : collective.total(use + " of " + local.length + " numbers", local);
  }

  @Override
  public void update(Object target, Runnable change) {
    if (collective.claim(target)) {
      change.run();
    }
  }

  @Override
  public boolean ownValuesOnly() {
    return collective.size() == 1;
  }
}
