package org.batchnorm4j.statistics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.batchnorm4j.kernel.RunTotals;
import org.batchnorm4j.kernel.ScalarKernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelMomentsTest {
  private static final ChannelMoments ONE_TWO = new ChannelMoments(2, 1.5, 0.5);
  private static final ChannelMoments THREE_TO_SIX = new ChannelMoments(4, 4.5, 5);

  @Test
  void mergesTwoPartsOfOneToSix() {
    ChannelMoments all = ONE_TWO.merge(THREE_TO_SIX);
    assertEquals(6, all.count());
    assertEquals(3.5, all.mean(), Math.ulp(3.5)); // 4 / 6 is rounded
    assertEquals(17.5, all.m2(), 4 * Math.ulp(17.5));
  }

  @Test
  void emptySideLeavesTheOtherAsItIs() {
    assertEquals(ONE_TWO, ONE_TWO.merge(ChannelMoments.EMPTY));
    assertEquals(ONE_TWO, ChannelMoments.EMPTY.merge(ONE_TWO));
    assertEquals(ChannelMoments.EMPTY, ChannelMoments.EMPTY.merge(ChannelMoments.EMPTY));
    ChannelMoments infinite = new ChannelMoments(3, Double.POSITIVE_INFINITY, Double.NaN);
    assertEquals(infinite, ChannelMoments.EMPTY.merge(infinite));
    assertEquals(infinite, infinite.merge(ChannelMoments.EMPTY));
  }

  @Test
  void equalMeansStayEqualAndAddNothing() {
    ChannelMoments one = new ChannelMoments(3, 0.1, 2);
    ChannelMoments other = new ChannelMoments(7, 0.1, 5);
    assertEquals(new ChannelMoments(10, 0.1, 7), one.merge(other));
  }

  @Test
  void variancesDivideByCountOrByOneLess() {
    assertEquals(1.25, THREE_TO_SIX.variance(VarianceEstimator.BIASED));
    assertEquals(5.0 / 3, THREE_TO_SIX.variance(VarianceEstimator.UNBIASED));
    ChannelMoments single = new ChannelMoments(1, 2, 0);
    assertEquals(0, single.variance(VarianceEstimator.BIASED));
    assertEquals(Double.NaN, single.variance(VarianceEstimator.UNBIASED));
    assertEquals(Double.NaN, ChannelMoments.EMPTY.variance(VarianceEstimator.BIASED));
    assertEquals(Double.NaN, ChannelMoments.EMPTY.variance(VarianceEstimator.UNBIASED));
  }

  /**
   * A merge rounds a handful of times relative to the result, so k merges are off by about 8 k u
   * from the moments of the whole, on top of what the kernel allows itself for n values (see
   * ScalarKernelsTest).
   */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 10, 100})
  void anySplitThenMergeEqualsTheWhole(int parts) {
    Random random = new Random(parts);
    ScalarKernels kernels = new ScalarKernels();
    float[] x = new float[2000];
    double absolute = 0;
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (1000 + 0.01 * random.nextGaussian());
      absolute = Math.max(absolute, Math.abs(x[i]));
    }
    ChannelMoments merged = ChannelMoments.EMPTY;
    int from = 0;
    for (int part = 0; part < parts; part++) {
      int until = part == parts - 1 ? x.length : from + random.nextInt((x.length - from) / 2 + 1);
      double[] pair = RunTotals.moments(kernels, x, from, 1, 0, until - from);
      merged = merged.merge(new ChannelMoments(until - from, pair[0], pair[1]));
      from = until;
    }
    double[] pair = RunTotals.moments(kernels, x, 0, 1, 0, x.length);
    double unit = 0x1p-53;
    assertEquals(2000, merged.count());
    assertEquals(pair[0], merged.mean(), 8 * parts * unit * absolute);
    // the means of parts are known to u * 1000, which is 1e5 u deviations: squared twice it does
    // not show
    double relative = (8 * parts + 16 * x.length) * unit + 2 * parts * 1000 * unit / 0.01;
    assertEquals(pair[1], merged.m2(), relative * pair[1]);
  }

  @Test
  void mergingInArraysDoesTheSame() {
    double[] means = {-7, 1.5, 99};
    double[] m2s = {-7, 0.5, 99};
    long count = 2;
    count =
        ChannelMoments.mergeInto(
            count, means, m2s, 1, 4, new double[] {4.5, 0}, 0, new double[] {5, 0}, 0, 1);
    ChannelMoments expected = ONE_TWO.merge(THREE_TO_SIX);
    assertEquals(6, count);
    assertArrayEquals(new double[] {-7, expected.mean(), 99}, means);
    assertArrayEquals(new double[] {-7, expected.m2(), 99}, m2s);
  }

  @Test
  void mergingIntoNothingCopiesAndMergingNothingKeeps() {
    double[] pairs = {1.5, 0.5};
    double[] means = {Double.NaN};
    double[] m2s = {Double.NaN};
    assertEquals(2, ChannelMoments.mergeInto(0, means, m2s, 0, 2, pairs, 0, pairs, 1, 1));
    assertEquals(1.5, means[0]);
    assertEquals(0.5, m2s[0]);
    assertEquals(
        2,
        ChannelMoments.mergeInto(2, means, m2s, 0, 0, new double[] {9}, 0, new double[] {9}, 0, 1));
    assertEquals(1.5, means[0]);
  }

  @Test
  void impossibleMomentsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new ChannelMoments(-1, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new ChannelMoments(2, 0, -1));
    assertThrows(IllegalArgumentException.class, () -> new ChannelMoments(0, 1, 0));
    ChannelMoments most = new ChannelMoments(Long.MAX_VALUE, 0, 0);
    assertThrows(ArithmeticException.class, () -> most.merge(ONE_TWO));
    assertTrue(Double.isNaN(new ChannelMoments(1, Double.NaN, Double.NaN).m2()));
  }
}
