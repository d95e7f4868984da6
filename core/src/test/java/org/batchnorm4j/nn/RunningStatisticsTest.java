package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RunningStatisticsTest {

  private static RunningStatistics.@Nullable Kind reported(
      Tensor mean, Tensor variance, double batchMean, double batchM2) {
    RunningStatistics.Incident incident =
        RunningStatistics.update(
            mean,
            variance,
            new BatchMoments(4, new double[] {batchMean}, new double[] {batchM2}),
            VarianceEstimator.BIASED,
            0.5);
    return incident == null ? null : incident.kind();
  }

  @Test
  void keptStatisticsAreReportedEachTimeAndInfiniteOnesWhenTheyBecomeSo() {
    Tensor mean = Tensor.zeros(1);
    Tensor variance = Tensor.ones(1);
    for (int time = 0; time < 3; time++) {
      assertEquals(RunningStatistics.Kind.KEPT, reported(mean, variance, Double.NaN, Double.NaN));
      assertEquals(
          RunningStatistics.Kind.KEPT, reported(mean, variance, Double.POSITIVE_INFINITY, 1));
    }
    assertNull(reported(mean, variance, 2, 4));
    assertEquals(1, variance.at(0));
    assertEquals(RunningStatistics.Kind.OVERFLOW, reported(mean, variance, 2, 1e60));
    assertEquals(Double.POSITIVE_INFINITY, variance.at(0));
    assertNull(reported(mean, variance, 2, 1e60));
    assertNull(reported(mean, variance, 2, 4));
  }
}
