package org.batchnorm4j.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.Test;

class MomentsTest {

  private static ChannelMoments of(double[] values, int from, int to) {
    double mean = 0;
    for (int i = from; i < to; i++) {
      mean += values[i] / (to - from);
    }
    double m2 = 0;
    for (int i = from; i < to; i++) {
      m2 += (values[i] - mean) * (values[i] - mean);
    }
    return new ChannelMoments(to - from, mean, m2);
  }

  @Test
  void anySplitMergedIsTheWhole() {
    Random random = new Random(1);
    double[] values = random.doubles(200, -3, 5).toArray();
    ChannelMoments whole = of(values, 0, values.length);
    for (int round = 0; round < 200; round++) {
      int a = random.nextInt(values.length + 1);
      int b = a + random.nextInt(values.length + 1 - a);
      ChannelMoments merged =
          of(values, 0, a).merge(of(values, a, b)).merge(of(values, b, values.length));
      assertEquals(200, merged.count());
      // sums of 200 terms of size up to 5, and of squares up to 64, in another order
      assertEquals(whole.mean(), merged.mean(), 200 * 5 * 0x1p-52);
      assertEquals(whole.m2(), merged.m2(), 200 * 64 * 200 * 0x1p-52);
    }
  }

  @Test
  void mergingKnownMomentsIsExact() {
    ChannelMoments merged = new ChannelMoments(2, 1, 2).merge(new ChannelMoments(2, 3, 2));
    assertEquals(new ChannelMoments(4, 2, 8), merged);
    assertEquals(2, merged.variance(VarianceEstimator.BIASED));
    assertEquals(8.0 / 3, merged.variance(VarianceEstimator.UNBIASED));
    ChannelMoments one = new ChannelMoments(1, 0.1, 0);
    assertEquals(one, one.merge(ChannelMoments.EMPTY));
    assertEquals(one, ChannelMoments.EMPTY.merge(one));
    assertEquals(new ChannelMoments(2, 0.1, 0), one.merge(one));
    assertEquals(Double.NaN, one.variance(VarianceEstimator.UNBIASED));
    assertEquals(0, one.variance(VarianceEstimator.BIASED));
    assertEquals(Double.NaN, ChannelMoments.EMPTY.variance(VarianceEstimator.UNBIASED));
    assertEquals(Double.NaN, ChannelMoments.EMPTY.variance(VarianceEstimator.BIASED));
  }

  @Test
  void wrongMomentsAreRefused() {
    assertEquals(
        "count of channel moments is -1, expected 0 or more",
        refused(() -> new ChannelMoments(-1, 0, 0)));
    assertEquals(
        "m2 of channel moments is -0.5, expected 0 or more",
        refused(() -> new ChannelMoments(1, 0, -0.5)));
    assertEquals(
        "channel moments of 0 values have mean 1.0 and m2 0.0, expected 0 and 0",
        refused(() -> new ChannelMoments(0, 1, 0)));
    assertThrows(
        ArithmeticException.class,
        () -> new ChannelMoments(Long.MAX_VALUE, 1, 0).merge(new ChannelMoments(1, 1, 0)));
    assertEquals(
        "means of 1 channels but M2 of 2",
        refused(() -> new BatchMoments(1, new double[1], new double[2])));
    assertEquals(
        "cannot merge moments of 1 channels with 2",
        refused(
            () ->
                new BatchMoments(1, new double[1], new double[1])
                    .merge(new BatchMoments(1, new double[2], new double[2]))));
  }

  private static String refused(org.junit.jupiter.api.function.Executable use) {
    return assertThrows(IllegalArgumentException.class, use).getMessage();
  }

  @Test
  void batchesMergeChannelByChannel() {
    BatchMoments a = new BatchMoments(2, new double[] {1, 10}, new double[] {2, 0});
    BatchMoments b = new BatchMoments(2, new double[] {3, 10}, new double[] {2, 4});
    BatchMoments merged = a.merge(b);
    assertEquals(4, merged.count());
    assertArrayEquals(new double[] {2, 10}, merged.means());
    assertEquals(8, merged.m2(0));
    assertEquals(4, merged.m2(1));
    assertEquals(2, merged.variance(0, VarianceEstimator.BIASED));
    assertEquals(4 / 3.0, merged.variance(1, VarianceEstimator.UNBIASED));
    merged.means()[0] = 99; // a copy
    assertEquals(2, merged.mean(0));
    assertEquals("count=4 mean=[2.0, 10.0] m2=[8.0, 4.0]", merged.toString());
  }

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
