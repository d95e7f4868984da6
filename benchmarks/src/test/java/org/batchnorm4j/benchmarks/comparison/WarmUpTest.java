package org.batchnorm4j.benchmarks.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** When warming up ends, by a clock that moves as contenders say. */
class WarmUpTest {

  @Test
  void warmingUpGoesOnUntilTimesStopFalling() {
    long[] clock = {0};
    int[] runs = {0};
    Contender slowAtFirst =
        new Contender() {
          @Override
          public String implementation() {
            return "slow at first";
          }

          @Override
          public void run() {
            clock[0] += 1_000_000L * Math.max(10, 40 - runs[0]++);
          }

          @Override
          public Outputs outputs() {
            throw new UnsupportedOperationException("nothing is computed");
          }
        };
    assertEquals(10_000_000, new WarmUp(() -> clock[0], () -> 0).nanos(slowAtFirst, 1));
    // they fall for 31 runs, then come four chunks of three, before which one may have begun
    assertTrue(runs[0] >= 31 + 12 && runs[0] < 31 + 12 + 6, "stopped after " + runs[0] + " runs");
  }
}
