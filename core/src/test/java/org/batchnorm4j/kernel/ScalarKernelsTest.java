package org.batchnorm4j.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScalarKernelsTest {
  private static final double UNIT_ROUNDOFF = 0x1p-53;

  private final ScalarKernels kernels = new ScalarKernels();

  @Test
  void momentSumsOfRunsAreAddedToTheLanesOfTheirChannels() {
    float[] x = {99, 1, 2, 3, 6, 99}; // runs 1, 2 about 1 and 3, 6 about 4
    double[] sums = new double[2 * VirtualLanes.COUNT + 1];
    double[] squares = new double[2 * VirtualLanes.COUNT + 1];
    Arrays.fill(sums, 100);
    Arrays.fill(squares, 1000);
    kernels.runMomentSums(x, 1, 2, 2, new float[] {-7, 1, 4}, 1, sums, squares, 1);
    double[] expectedSums = new double[sums.length];
    double[] expectedSquares = new double[sums.length];
    Arrays.fill(expectedSums, 100);
    Arrays.fill(expectedSquares, 1000);
    expectedSums[32] = 101; // the last two lanes of each channel: 0, 1 and -1, 2
    expectedSums[63] = 99;
    expectedSums[64] = 102;
    expectedSquares[32] = 1001;
    expectedSquares[63] = 1001;
    expectedSquares[64] = 1004;
    assertArrayEquals(expectedSums, sums);
    assertArrayEquals(expectedSquares, squares);
  }

  @Test
  void momentsOfOneToFour() {
    double[] moments = RunTotals.moments(kernels, new float[] {1, 2, 3, 4}, 0, 1, 4, 4);
    assertArrayEquals(new double[] {2.5, 5}, moments);
  }

  @Test
  void noValuesAddNothing() {
    double[] lanes = new double[VirtualLanes.COUNT];
    kernels.runMomentSums(new float[0], 0, 0, 5, new float[0], 0, lanes, lanes, 0);
    kernels.runMomentSums(new float[0], 0, 1, 0, new float[1], 0, lanes, lanes, 0);
    assertArrayEquals(new double[VirtualLanes.COUNT], lanes);
  }

  @Test
  void gateLetsGradientsPassWherePositive() {
    float inf = Float.POSITIVE_INFINITY;
    float negativeNan = Float.intBitsToFloat(0xffc00001);
    float[] y = {2, -2, 0, -0.0f, inf, -inf, Float.NaN, negativeNan, Float.MIN_VALUE, -1e-45f};
    float[] g = {1, 2, 3, 4, 5, 6, 7, 8, Float.NaN, 10};
    float[] out = new float[10];
    kernels.gateRuns(y, 0, g, 0, out, 0, 2, 5, 5);
    assertArrayEquals(new float[] {1, 0, 0, 0, 5, 0, 0, 0, Float.NaN, 0}, out);
  }

  @Test
  void lineIsRoundedBeforeTheResidualIsAdded() {
    // 2^24 + 1 rounds to 2^24; added before that, 1 + 1 would give 2^24 + 2
    float[] x = {0x1p24f, 0x1p24f, Float.NaN, 3};
    float[] r = {1, -0x1p25f, 1, -3};
    float[] y = new float[4];
    float[] zero = {0, 0};
    float[] one = {1, 1};
    kernels.standardiseRunsAddRelu(x, 0, r, 0, y, 0, 2, 2, zero, one, one, 0);
    assertArrayEquals(new float[] {0x1p24f, 0, Float.NaN, 1}, y);
    kernels.standardiseRowsAddRelu(x, 0, r, 0, y, 0, 2, 2, 2, zero, one, one, 0);
    assertArrayEquals(new float[] {0x1p24f, 0, Float.NaN, 1}, y);
  }

  @ParameterizedTest
  @ValueSource(floats = {0.1f, -3.3e-39f, 1e30f, Float.MAX_VALUE, 1000.01f})
  void constantChannelHasItsValueAsMeanAndNoDeviation(float value) {
    float[] x = new float[3 * 49];
    Arrays.fill(x, value);
    double[] moments = RunTotals.moments(kernels, x, 0, 3, 49, 49);
    assertArrayEquals(new double[] {value, 0}, moments);
    double[] sums = new double[7];
    double[] squares = new double[7];
    kernels.rowMomentSums(x, 0, 21, 7, 7, x, sums, squares, 0);
    assertArrayEquals(new double[7], sums);
    assertArrayEquals(new double[7], squares);
  }

  @Test
  void infiniteAndMissingValuesShowInTheMoments() {
    for (float[] x :
        new float[][] {{1, Float.POSITIVE_INFINITY, 2}, {Float.POSITIVE_INFINITY, 1, 2}}) {
      double[] moments = RunTotals.moments(kernels, x, 0, 1, 3, 3);
      assertArrayEquals(new double[] {Double.POSITIVE_INFINITY, Double.NaN}, moments);
    }
    for (float[] x : new float[][] {{1, Float.NaN, 2}, {Float.NaN, 1, 2}}) {
      double[] moments = RunTotals.moments(kernels, x, 0, 1, 3, 3);
      assertArrayEquals(new double[] {Double.NaN, Double.NaN}, moments);
    }
  }

  /**
   * With n additions or fewer per lane and fold, each sum is off by at most n u times the sum of
   * its absolute terms. So the mean is off by n u sum|d| / n and its own rounding, and M2, as a
   * difference of the squares and sum * sum / n, by 3 n u sum(d^2) where d = x - pivot; 4 (n + 8)
   * covers the roundings of d, of the products and of the division.
   */
  @ParameterizedTest(name = "{0} runs of {1}, mean {2}, deviation {3}")
  @CsvSource({
    "1, 1, 5, 1",
    "1, 2, 0, 1",
    "3, 49, 0, 1",
    "2, 784, 1000, 0.01",
    "5, 31, 1e30, 1e28",
    "4, 33, 1e-38, 1e-39",
    "7, 100, 1e6, 1",
    "128, 49, 3, 2"
  })
  void momentsAreAsCloseToTheExactOnesAsFloat64Allows(
      int planes, int length, double centre, double deviation) {
    Random random = new Random(planes * 1000L + length);
    float[] x = new float[planes * length];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (centre + deviation * random.nextGaussian());
    }
    x[0] = (float) (centre + 20 * deviation); // the pivot is the worst value there is
    double[] moments = RunTotals.moments(kernels, x, 0, planes, length, length);
    assertCloseToExact(x, moments[0], moments[1]);

    double[] sum = new double[1];
    double[] squares = new double[1];
    kernels.rowMomentSums(x, 0, x.length, 1, 1, x, sum, squares, 0);
    double mean = x[0] + sum[0] / x.length;
    assertCloseToExact(x, mean, Math.max(0, squares[0] - sum[0] * (sum[0] / x.length)));
  }

  private static void assertCloseToExact(float[] x, double mean, double m2) {
    MathContext digits = new MathContext(60);
    BigDecimal n = BigDecimal.valueOf(x.length);
    BigDecimal sum = BigDecimal.ZERO;
    for (float value : x) {
      sum = sum.add(new BigDecimal(value));
    }
    BigDecimal exactMean = sum.divide(n, digits);
    BigDecimal exactM2 = BigDecimal.ZERO;
    double absolute = 0;
    double squares = 0;
    for (float value : x) {
      BigDecimal d = new BigDecimal(value).subtract(exactMean);
      exactM2 = exactM2.add(d.multiply(d));
      absolute += Math.abs((double) value - x[0]);
      squares += ((double) value - x[0]) * ((double) value - x[0]);
    }
    double factor = 4 * (x.length + 8) * UNIT_ROUNDOFF;
    double meanBound = factor * absolute / x.length + UNIT_ROUNDOFF * exactMean.abs().doubleValue();
    double meanError = new BigDecimal(mean).subtract(exactMean).abs().doubleValue();
    assertTrue(meanError <= meanBound, () -> "mean " + mean + " is off by " + meanError);
    double m2Error = new BigDecimal(m2).subtract(exactM2).abs().doubleValue();
    assertTrue(m2Error <= factor * squares, () -> "M2 " + m2 + " is off by " + m2Error);
  }

  @Test
  void standardisesAndLeavesTheRestOfTheOutputAlone() {
    float[] y = {-7, -7, -7, -7, -7, -7};
    float[] mean = {99, 2, 3};
    float[] scale = {99, 10, 100};
    float[] shift = {99, 0.5f, 1};
    kernels.standardiseRuns(new float[] {1, 2, 3, 4}, 0, y, 1, 2, 2, mean, scale, shift, 1, false);
    assertArrayEquals(new float[] {-7, -9.5f, 0.5f, 1, 101, -7}, y);
  }

  @Test
  void reluKeepsNanAndTurnsMinusZeroIntoZero() {
    float[] x = {Float.NaN, -0.0f, -1, 2, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY};
    float[] y = new float[6];
    float[] ones = {1, 1, 1, 1, 1, 1};
    float[] minusZeros = {-0.0f, -0.0f, -0.0f, -0.0f, -0.0f, -0.0f};
    kernels.standardiseRuns(x, 0, y, 0, 1, 6, new float[1], ones, minusZeros, 0, true);
    float[] expected = {Float.NaN, 0f, 0f, 2, 0f, Float.POSITIVE_INFINITY};
    assertArrayEquals(expected, y);
    kernels.standardiseRows(x, 0, y, 0, 1, 6, 6, new float[6], ones, minusZeros, 0, true);
    assertArrayEquals(expected, y);
  }

  @Test
  void aValueEqualToTheMeanGivesExactlyTheShift() {
    float[] y = new float[1];
    float[] mean = {0.1f};
    float[] scale = {316.2f};
    float[] shift = {0.3f};
    kernels.standardiseRuns(mean, 0, y, 0, 1, 1, mean, scale, shift, 0, false);
    assertArrayEquals(new float[] {0.3f}, y);
  }

  @Test
  void gradientSumsOfTwoRunsGoToTheLanesOfTheirChannels() {
    float[] x = {1, 2, 3, 4};
    float[] g = {10, 20, 30, 40};
    float[] mean = {99, 2, 4};
    double[] sumG = new double[1 + 2 * VirtualLanes.COUNT];
    double[] sumGx = new double[1 + 2 * VirtualLanes.COUNT];
    kernels.runGradientSums(x, 0, g, 0, 2, 2, mean, 1, sumG, sumGx, 1);
    assertEquals(30, VirtualLanes.fold(sumG, 1));
    assertEquals(70, VirtualLanes.fold(sumG, 33));
    assertEquals(-10, VirtualLanes.fold(sumGx, 1));
    assertEquals(-30, VirtualLanes.fold(sumGx, 33));
    Arrays.fill(sumG, 0);
    Arrays.fill(sumGx, 0);
    // the pre-activations are -1 + 0.5, 0 + 0.5 and 1 - 0.5, 0 - 0.5
    float[] scale = {99, 1, -1};
    float[] shift = {99, 0.5f, -0.5f};
    kernels.runGradientSumsRelu(x, 0, g, 0, 2, 2, mean, scale, shift, 1, sumG, sumGx, 1);
    assertEquals(20, VirtualLanes.fold(sumG, 1));
    assertEquals(30, VirtualLanes.fold(sumG, 33));
    assertEquals(0, VirtualLanes.fold(sumGx, 1));
    assertEquals(-30, VirtualLanes.fold(sumGx, 33));
  }

  @Test
  void preActivationOfZeroOrNanPassesNoGradient() {
    float[] x = {2, Float.NaN, 3};
    float[] g = {5, 5, 5};
    float[] dx = new float[3];
    float[] two = {2};
    float[] one = {1};
    float[] zero = {0};
    kernels.runInputGradientRelu(x, 0, g, 0, dx, 0, 1, 3, two, one, zero, one, zero, zero, 0);
    assertArrayEquals(new float[] {0, Float.NaN, 5}, dx); // NaN through (x - mean) * b
  }

  @Test
  void inputGradientOfTwoRunsWithConstantsOfTheirOwn() {
    float[] x = {1, 2, 3, 4};
    float[] g = {10, 20, 30, 40};
    float[] mean = {99, 2, 4};
    float[] a = {99, 0.5f, 1};
    float[] b = {99, 3, 2};
    float[] c = {99, 1, -1};
    float[] scale = {99, 1, -1};
    float[] shift = {99, -0.5f, 0.5f};
    float[] dx = new float[4];
    // x - mean is -1, 0 and -1, 0; the pre-activations are -1.5, -0.5 and 1.5, 0.5
    kernels.runInputGradientRelu(x, 0, g, 0, dx, 0, 2, 2, mean, scale, shift, a, b, c, 1);
    assertArrayEquals(new float[] {-2, 1, 27, 39}, dx);
    kernels.runInputGradient(x, 0, g, 0, g, 0, 2, 2, mean, a, b, c, 1); // in place
    assertArrayEquals(new float[] {3, 11, 27, 39}, g);
  }

  @Test
  void rowKernelsTreatEachChannelByItself() {
    float[] x = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50}; // 5 rows of 2 channels
    double[] sums = {0, 0, 1000};
    double[] squares = {0, 0, 10000};
    kernels.rowMomentSums(x, 0, 5, 2, 2, new float[] {0, 1, 20}, sums, squares, 1);
    assertArrayEquals(new double[] {0, 10, 1050}, sums); // 0 to 4, and -10 to 30 added to 1000
    assertArrayEquals(new double[] {0, 30, 11500}, squares);

    float[] means = {3, 30};
    float[] y = new float[10];
    kernels.standardiseRows(
        x, 0, y, 0, 5, 2, 2, means, new float[] {2, 0.1f}, new float[] {1, 0}, 0, true);
    assertArrayEquals(new float[] {0, 0, 0, 0, 1, 0, 3, 1, 5, 2}, y);

    float[] g = {1, 1, 1, 1, 1, 1, 1, 2, 1, 3};
    double[] sumG = {100, 0};
    double[] sumGx = {1000, 0};
    kernels.rowGradientSums(x, 0, g, 0, 5, 2, 2, means, sumG, sumGx, 0);
    assertArrayEquals(new double[] {105, 8}, sumG);
    assertArrayEquals(new double[] {1000, 50}, sumGx); // -20 - 10 + 0 + 20 + 60
    float[] ones = {1, 1};
    kernels.rowGradientSumsRelu(x, 0, g, 0, 5, 2, 2, means, ones, new float[2], sumG, sumGx, 0);
    assertArrayEquals(new double[] {107, 13}, sumG); // 2 and 5 more
    assertArrayEquals(new double[] {1003, 130}, sumGx); // 3 and 80 more

    float[] dx = new float[10];
    float[] a = {2, 1};
    float[] b = {1, 0.5f};
    float[] d = {0, 100};
    kernels.rowInputGradient(x, 0, g, 0, dx, 0, 5, 2, 2, means, a, b, d, 0);
    assertArrayEquals(new float[] {0, 91, 1, 96, 2, 101, 3, 107, 4, 113}, dx);
    kernels.rowInputGradientRelu(x, 0, g, 0, dx, 0, 5, 2, 2, means, ones, new float[2], a, b, d, 0);
    assertArrayEquals(new float[] {-2, 90, -1, 95, 0, 100, 3, 107, 4, 113}, dx);
  }

  @Test
  void sumsOfLargeAndSmallGradientsKeepTheSmallOnes() {
    // float32 sums would lose the ones: 1e8 + 1 == 1e8
    float[] g = {1e8f, 1, 1, 1, -1e8f};
    RunTotals.Runs run = new RunTotals.Runs(1, 5, 5);
    double[] sums = RunTotals.gradients(kernels, new float[5], 0, g, 0, run, -1f);
    assertEquals(3, sums[0]);
    assertEquals(3, sums[1]);
  }

  @Test
  void productsOfGradientsAndDeviationsAreNotRounded() {
    float[] x = {Math.nextUp(1f)};
    double product = (double) x[0] * x[0]; // 1 + 2^-22 + 2^-46 does not fit float32
    RunTotals.Runs run = new RunTotals.Runs(1, 1, 1);
    double[] sums = RunTotals.gradients(kernels, x, 0, x, 0, run, 0f);
    assertEquals(product, sums[1]);
    sums = RunTotals.gradientsRelu(kernels, x, 0, x, 0, run, 0f, 1f, 0f);
    assertEquals(product, sums[1]);
    float[] zero = {0};
    sums[0] = 0;
    kernels.rowGradientSums(x, 0, x, 0, 1, 1, 1, zero, new double[1], sums, 0);
    assertEquals(product, sums[0]);
    sums[0] = 0;
    kernels.rowGradientSumsRelu(x, 0, x, 0, 1, 1, 1, zero, x, zero, new double[1], sums, 0);
    assertEquals(product, sums[0]);
  }
}
