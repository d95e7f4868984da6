package org.batchnorm4j.benchmarks.comparison;

import java.util.Arrays;
import java.util.Locale;

/**
 * Quartiles of some rounds. Immutable; safe for use by many threads.
 *
 * @param lower a quarter is below
 * @param median half is below
 * @param upper three quarters are below
 */
public record Spread(double lower, double median, double upper) {

  /** Quartiles with linear interpolation between neighbours. */
  public static Spread of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Spread(at(sorted, 0.25), at(sorted, 0.5), at(sorted, 0.75));
  }

  private static double at(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }

  /** {@code 1.23 (1.20-1.31)}. */
  String text() {
    return String.format(Locale.ROOT, "%.2f (%.2f-%.2f)", median, lower, upper);
  }
}
