package org.batchnorm4j.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AveragingRuleTest {

  @Test
  void averagingRulesWeighTheNewBatch() {
    assertEquals(0.1, AveragingRule.exponential(0.1).newWeight(1));
    assertEquals(0.1, AveragingRule.exponential(0.1).newWeight(1000));
    assertEquals(1, AveragingRule.cumulative().newWeight(1));
    assertEquals(0.25, AveragingRule.cumulative().newWeight(4));
    AveragingRule decaying = AveragingRule.decaying(1, 0.1);
    assertEquals(1, decaying.newWeight(1));
    assertEquals(0.2, decaying.newWeight(5));
    assertEquals(0.1, decaying.newWeight(11));
  }

  @Test
  void cumulativeAveragesAreThePlainMean() {
    double running = 0;
    for (int n = 1; n <= 100; n++) {
      double f = AveragingRule.cumulative().newWeight(n);
      running = (1 - f) * running + f * n;
    }
    assertEquals(50.5, running, 1e-13); // 100 steps of a few roundings of numbers up to 50
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void weightsThatWouldMakeRunningStatisticsNanAreRefused(double value) {
    for (Executable rule :
        List.<Executable>of(
            () -> AveragingRule.exponential(value),
            () -> AveragingRule.decay(value),
            () -> AveragingRule.decaying(value, 0.1),
            () -> AveragingRule.decaying(1, value))) {
      assertTrue(
          String.valueOf(assertThrows(IllegalArgumentException.class, rule).getMessage())
              .contains(" must be a finite number, but got "));
    }
  }
}
