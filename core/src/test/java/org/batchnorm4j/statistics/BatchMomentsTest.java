package org.batchnorm4j.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class BatchMomentsTest {

  @Test
  void batchesThatDoNotBelongTogetherAreRefused() {
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
}
