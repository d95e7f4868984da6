package org.batchnorm4j.tensor;

/**
 * The standard normal distribution in float64, in the same bits on every machine. Functions without
 * state: safe for use by many threads.
 *
 * <p>For {@code x >= 0} the upper tail is {@code phi(x) M(x)} with the density phi and Mills' ratio
 * M, which falls slowly from {@code sqrt(pi / 2)} and keeps the tail's relative precision. M is
 * tabulated by Laplace's continued fraction {@code 1 / (x + 1 / (x + 2 / (x + ...)))} and expanded
 * around the nearest place of the table with the derivatives that {@code M' = x M - 1} gives:
 * {@code M^(n+1) = x M^(n) + n M^(n-1)} (Abramowitz and Stegun 1964, 26.2.13 and 26.2.14).
 */
final class NormalDistribution {
  private static final double BEYOND = 38.6; // the tail is below the least positive double
  private static final int PER_UNIT = 16;
  private static final int TERMS = 10; // h = 1 / 32: M^(n) h^n / n! is below 1e-17 from n = 9 on
  private static final double INVERSE_ROOT = 1 / Math.sqrt(2 * Math.PI);
  private static final double[] RATIOS = ratios();

  private NormalDistribution() {}

  /** Probability of a value up to x: 0 at -Infinity, 1 at Infinity, NaN at NaN. */
  static double cdf(double x) {
    double tail = tail(Math.abs(x));
    return x > 0 ? 1 - tail : tail;
  }

  /** Density at x. */
  static double pdf(double x) {
    if (Math.abs(x) > BEYOND) {
      return 0; // and x * x may be infinite, whose rounding error is NaN
    }
    double square = x * x;
    double rest = Math.fma(x, x, -square); // what rounding took from the square
    return INVERSE_ROOT * StrictMath.exp(-0.5 * square) * (1 - 0.5 * rest);
  }

  private static double tail(double x) {
    if (x >= BEYOND) {
      return 0;
    }
    if (Double.isNaN(x)) {
      return x;
    }
    int place = (int) Math.rint(x * PER_UNIT);
    double at = (double) place / PER_UNIT;
    double h = x - at; // exact: the two are close to each other
    double earlier = RATIOS[place];
    double derivative = at * earlier - 1;
    double power = h;
    double ratio = earlier;
    for (int n = 1; n < TERMS; n++) {
      ratio += derivative * power;
      double next = at * derivative + n * earlier;
      earlier = derivative;
      derivative = next;
      power *= h / (n + 1);
    }
    return pdf(x) * ratio;
  }

  private static double[] ratios() {
    double[] table = new double[(int) Math.ceil(BEYOND * PER_UNIT) + 1];
    table[0] = Math.sqrt(Math.PI / 2);
    for (int i = 1; i < table.length; i++) {
      double x = (double) i / PER_UNIT;
      double fraction = x;
      // the error falls like exp(-2 x sqrt(n)), 4e-19 with these
      for (int n = 60 + (int) Math.ceil(450 / (x * x)); n > 0; n--) {
        fraction = x + n / fraction;
      }
      table[i] = 1 / fraction;
    }
    return table;
  }
}
