package org.batchnorm4j.peers.training;

import java.util.Arrays;
import java.util.Locale;

/**
 * The middle of a sample and where its middle half lies.
 *
 * @param lower a quarter of the values are below
 * @param median half of the values are below
 * @param upper three quarters of the values are below
 */
record Quartiles(double lower, double median, double upper) {

  static Quartiles of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Quartiles(at(sorted, 0.25), at(sorted, 0.5), at(sorted, 0.75));
  }

  private static double at(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  /** {@code median (lower to upper)} with the given number of decimals. */
  String text(int decimals) {
    String number = "%." + decimals + "f";
    return String.format(
        Locale.ROOT, number + " (" + number + " to " + number + ")", median, lower, upper);
  }
}
