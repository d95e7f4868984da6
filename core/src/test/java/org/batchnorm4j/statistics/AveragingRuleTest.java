package org.batchnorm4j.statistics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

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
}
