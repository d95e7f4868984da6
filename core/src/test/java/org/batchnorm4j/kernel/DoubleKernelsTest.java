package org.batchnorm4j.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The formulas of {@link ScalarKernels} on small whole numbers, where both are exact, and what is
 * particular to float64.
 */
class DoubleKernelsTest {
  private static final int COUNT = 5;
  private static final int LENGTH = 37;
  private static final int STRIDE = 40;
  private static final int SIZE = COUNT * STRIDE;

  private final ScalarKernels floats = new ScalarKernels();
  private final float[] x = wholeNumbers(1, SIZE);
  private final float[] g = wholeNumbers(2, SIZE);
  private final float[] p = wholeNumbers(3, LENGTH);
  private final float[] q = wholeNumbers(4, LENGTH);
  private final float[] out = new float[SIZE];
  private final double[] doubleOut = new double[SIZE];
  private final double[] sums = new double[LENGTH];
  private final double[] moreSums = new double[LENGTH];
  private final double[] doubleSums = new double[LENGTH];
  private final double[] moreDoubleSums = new double[LENGTH];

  private static float[] wholeNumbers(long seed, int size) {
    Random random = new Random(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = random.nextInt(-20, 21);
    }
    return values;
  }

  private static double[] widened(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  private void assertSame() {
    assertArrayEquals(widened(out), doubleOut);
    assertArrayEquals(sums, doubleSums);
    assertArrayEquals(moreSums, moreDoubleSums);
    assertTrue(
        Arrays.stream(doubleOut).anyMatch(v -> v != 0)
            || Arrays.stream(doubleSums).anyMatch(v -> v != 0));
  }

  @Test
  void planeMomentsAgree() {
    double[] moments = RunTotals.moments(floats, x, 1, COUNT, STRIDE, LENGTH);
    DoubleKernels.planeMoments(widened(x), 1, COUNT, STRIDE, LENGTH, doubleSums, 3);
    // sums of whole numbers are exact on both sides; the mean and M2 are rounded a few times each
    assertEquals(moments[0], doubleSums[3], 4 * Math.ulp(20.0));
    assertEquals(moments[1], doubleSums[4], 200 * Math.ulp(moments[1]));
  }

  @Test
  void standardisedRunsAgree() {
    for (boolean relu : new boolean[] {false, true}) {
      floats.standardiseRuns(x, 1, out, 2, COUNT, LENGTH, p, q, p, 3, relu);
      DoubleKernels.standardiseRuns(
          widened(x), 1, doubleOut, 2, COUNT, LENGTH, widened(p), widened(q), widened(p), 3, relu);
      assertSame();
    }
  }

  @Test
  void sumsOfRunsAndRowsWithAResidualAgree() {
    floats.standardiseRunsAddRelu(x, 1, g, 2, out, 0, COUNT, LENGTH, p, q, p, 3);
    DoubleKernels.standardiseRunsAddRelu(
        widened(x),
        1,
        widened(g),
        2,
        doubleOut,
        0,
        COUNT,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        3);
    assertSame();
    floats.standardiseRowsAddRelu(x, 1, g, 2, out, 0, COUNT, STRIDE, LENGTH, p, q, p, 0);
    DoubleKernels.standardiseRowsAddRelu(
        widened(x),
        1,
        widened(g),
        2,
        doubleOut,
        0,
        COUNT,
        STRIDE,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        0);
    assertSame();
  }

  @Test
  void planeGradientSumsAgree() {
    RunTotals.Runs runs = new RunTotals.Runs(COUNT, STRIDE, LENGTH);
    System.arraycopy(RunTotals.gradients(floats, x, 1, g, 2, runs, 2f), 0, sums, 3, 2);
    DoubleKernels.planeGradientSums(
        widened(x), 1, widened(g), 2, COUNT, STRIDE, LENGTH, 2, doubleSums, 3);
    assertSame();
    double[] gated = RunTotals.gradientsRelu(floats, x, 1, g, 2, runs, 2f, 3f, -4f);
    System.arraycopy(gated, 0, sums, 3, 2);
    DoubleKernels.planeGradientSumsRelu(
        widened(x), 1, widened(g), 2, COUNT, STRIDE, LENGTH, 2, 3, -4, doubleSums, 3);
    assertSame();
  }

  @Test
  void runInputGradientsAgree() {
    floats.runInputGradient(x, 1, g, 2, out, 0, COUNT, LENGTH, p, q, p, q, 3);
    DoubleKernels.runInputGradient(
        widened(x),
        1,
        widened(g),
        2,
        doubleOut,
        0,
        COUNT,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        widened(q),
        3);
    assertSame();
    floats.runInputGradientRelu(x, 1, g, 2, out, 0, COUNT, LENGTH, p, q, p, q, p, q, 3);
    DoubleKernels.runInputGradientRelu(
        widened(x),
        1,
        widened(g),
        2,
        doubleOut,
        0,
        COUNT,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        widened(q),
        widened(p),
        widened(q),
        3);
    assertSame();
  }

  @Test
  void rowMomentsAgree() {
    floats.rowMomentSums(x, 1, COUNT, STRIDE, LENGTH, new float[LENGTH], sums, moreSums, 0);
    DoubleKernels.rowMoments(widened(x), 1, COUNT, STRIDE, LENGTH, doubleSums, moreDoubleSums, 0);
    for (int c = 0; c < LENGTH; c++) {
      moreSums[c] -= sums[c] * sums[c] / COUNT;
      sums[c] /= COUNT;
    }
    assertArrayEquals(sums, doubleSums, 4 * Math.ulp(20.0));
    assertArrayEquals(moreSums, moreDoubleSums, 20 * Math.ulp(COUNT * 400.0));
  }

  @Test
  void standardisedRowsAgree() {
    for (boolean relu : new boolean[] {false, true}) {
      floats.standardiseRows(x, 1, out, 2, COUNT, STRIDE, LENGTH, p, q, p, 0, relu);
      DoubleKernels.standardiseRows(
          widened(x),
          1,
          doubleOut,
          2,
          COUNT,
          STRIDE,
          LENGTH,
          widened(p),
          widened(q),
          widened(p),
          0,
          relu);
      assertSame();
    }
  }

  @Test
  void rowGradientSumsAgree() {
    floats.rowGradientSums(x, 1, g, 2, COUNT, STRIDE, LENGTH, p, sums, moreSums, 0);
    DoubleKernels.rowGradientSums(
        widened(x),
        1,
        widened(g),
        2,
        COUNT,
        STRIDE,
        LENGTH,
        widened(p),
        doubleSums,
        moreDoubleSums,
        0);
    assertSame();
    floats.rowGradientSumsRelu(x, 1, g, 2, COUNT, STRIDE, LENGTH, p, q, p, sums, moreSums, 0);
    DoubleKernels.rowGradientSumsRelu(
        widened(x),
        1,
        widened(g),
        2,
        COUNT,
        STRIDE,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        doubleSums,
        moreDoubleSums,
        0);
    assertSame();
  }

  @Test
  void rowInputGradientsAgree() {
    floats.rowInputGradient(x, 1, g, 2, out, 0, COUNT, STRIDE, LENGTH, p, q, p, q, 0);
    DoubleKernels.rowInputGradient(
        widened(x),
        1,
        widened(g),
        2,
        doubleOut,
        0,
        COUNT,
        STRIDE,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        widened(q),
        0);
    assertSame();
    floats.rowInputGradientRelu(x, 1, g, 2, out, 0, COUNT, STRIDE, LENGTH, p, q, p, q, p, q, 0);
    DoubleKernels.rowInputGradientRelu(
        widened(x),
        1,
        widened(g),
        2,
        doubleOut,
        0,
        COUNT,
        STRIDE,
        LENGTH,
        widened(p),
        widened(q),
        widened(p),
        widened(q),
        widened(p),
        widened(q),
        0);
    assertSame();
  }

  @Test
  void constantChannelHasItsValueAsMeanAndNoDeviation() {
    double[] values = new double[SIZE];
    Arrays.fill(values, 0.1);
    DoubleKernels.planeMoments(values, 0, COUNT, STRIDE, STRIDE, doubleSums, 0);
    assertEquals(0.1, doubleSums[0]);
    assertEquals(0, doubleSums[1]);
    DoubleKernels.rowMoments(values, 0, COUNT, STRIDE, 3, doubleSums, moreDoubleSums, 0);
    assertArrayEquals(new double[] {0.1, 0.1, 0.1}, Arrays.copyOf(doubleSums, 3));
    assertArrayEquals(new double[3], Arrays.copyOf(moreDoubleSums, 3));
  }

  @Test
  void noValuesHaveMomentsOfZero() {
    Arrays.fill(doubleSums, -7);
    DoubleKernels.planeMoments(new double[0], 0, 0, 0, 5, doubleSums, 0);
    assertEquals(0, doubleSums[0]);
    assertEquals(0, doubleSums[1]);
    DoubleKernels.rowMoments(new double[0], 0, 0, 2, 2, doubleSums, moreDoubleSums, 3);
    assertEquals(0, doubleSums[3]);
  }

  @Test
  void infiniteFirstValueGivesAnInfiniteMean() {
    DoubleKernels.planeMoments(
        new double[] {Double.POSITIVE_INFINITY, 1}, 0, 1, 2, 2, doubleSums, 0);
    assertEquals(Double.POSITIVE_INFINITY, doubleSums[0]);
    assertTrue(Double.isNaN(doubleSums[1]));
  }
}
