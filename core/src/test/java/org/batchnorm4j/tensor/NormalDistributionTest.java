package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import org.junit.jupiter.api.Test;

/** Against Taylor series in 120 digits. */
class NormalDistributionTest {
  private static final MathContext DIGITS = new MathContext(120);
  private static final BigDecimal HALF = new BigDecimal("0.5");
  private static final BigDecimal PI =
      new BigDecimal(
          "3.14159265358979323846264338327950288419716939937510582097494459230781640628");

  /** The series of e^-z for z >= 0, as the reciprocal of one of positive terms. */
  private static BigDecimal powerOfMinus(BigDecimal z) {
    BigDecimal sum = BigDecimal.ONE;
    BigDecimal term = BigDecimal.ONE;
    for (int n = 1; n < 4000 && term.compareTo(new BigDecimal("1e-130")) > 0 || n < 10; n++) {
      term = term.multiply(z, DIGITS).divide(BigDecimal.valueOf(n), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return BigDecimal.ONE.divide(sum, DIGITS);
  }

  private static BigDecimal density(double x) {
    BigDecimal square = new BigDecimal(x).multiply(new BigDecimal(x), DIGITS);
    BigDecimal root = PI.multiply(BigDecimal.TWO).sqrt(DIGITS);
    return powerOfMinus(square.multiply(HALF, DIGITS)).divide(root, DIGITS);
  }

  /** 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...) (Abramowitz and Stegun 1964, 26.2.11). */
  private static BigDecimal distribution(double x) {
    BigDecimal square = new BigDecimal(x).multiply(new BigDecimal(x), DIGITS);
    BigDecimal term = new BigDecimal(x);
    BigDecimal sum = term;
    for (int n = 3; n < 8000 && term.abs().compareTo(new BigDecimal("1e-60")) > 0; n += 2) {
      term = term.multiply(square, DIGITS).divide(BigDecimal.valueOf(n), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return HALF.add(density(x).multiply(sum, DIGITS), DIGITS);
  }

  private static void assertClose(BigDecimal expected, double actual, String what) {
    double error =
        expected.subtract(new BigDecimal(actual)).abs().divide(expected, DIGITS).doubleValue();
    // The table's ratio is within 2 roundings and its expansion adds 2, the power of e is within 1,
    // and 4 products round once each: 10 of 1.1e-16.
    assertTrue(error < 10 * 0x1p-53, what + ": " + actual + ", relative error " + error);
  }

  @Test
  void distributionAndDensityKeepTheirRelativePrecision() {
    RandomStream random = RandomStream.of(31);
    for (int i = 0; i < 250; i++) {
      double x = i < 150 ? 6 * random.nextDouble() : 12 * random.nextDouble();
      x = i % 5 == 0 ? i / 32.0 : x; // midway between places of the table too
      assertClose(distribution(-x), NormalDistribution.cdf(-x), "cdf at " + -x);
      assertClose(distribution(x), NormalDistribution.cdf(x), "cdf at " + x);
      assertClose(density(x), NormalDistribution.pdf(x), "pdf at " + x);
    }
  }

  @Test
  void endsAndSpecialValuesAreThoseOfTheLimits() {
    assertEquals(0.5, NormalDistribution.cdf(0));
    assertEquals(0, NormalDistribution.cdf(Double.NEGATIVE_INFINITY));
    assertEquals(1, NormalDistribution.cdf(Double.POSITIVE_INFINITY));
    assertEquals(0, NormalDistribution.cdf(-1e300));
    assertEquals(1, NormalDistribution.cdf(1e300));
    assertTrue(Double.isNaN(NormalDistribution.cdf(Double.NaN)));
    assertEquals(0, NormalDistribution.pdf(1e300));
    assertEquals(0, NormalDistribution.pdf(Double.NEGATIVE_INFINITY));
    assertTrue(Double.isNaN(NormalDistribution.pdf(Double.NaN)));
    assertTrue(NormalDistribution.cdf(-37) > 0 && NormalDistribution.cdf(-37) < 1e-298);
  }
}
