package org.batchnorm4j.statistics;

/** Nothing to reduce. Stateless and safe for use by many threads. */
final class LocalStatistics implements StatisticsReducer {
  static final StatisticsReducer INSTANCE = new LocalStatistics();

  private LocalStatistics() {}

  @Override
  public BatchMoments moments(String layer, BatchMoments local) {
    return local;
  }

  @Override
  public GradientSums sums(String layer, GradientSums local) {
    return local;
  }

  @Override
  public double[] total(String use, double[] local) {
    return local;
  }

  @Override
  public boolean ownValuesOnly() {
    return true;
  }

  @Override
  public String toString() {
    return "local";
  }
}
