package org.batchnorm4j.statistics;

/**
 * The line that gives the input gradient of each channel, {@code dx = g * a + (x - mean) * b + c}.
 * The arrays are not to be written to.
 *
 * <p>Safe for use by many threads as long as none writes to the arrays.
 *
 * @param a factor of the output gradient, per channel
 * @param b factor of the centred input
 * @param c constant
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record GradientLine(double[] a, double[] b, double[] c) {

  /**
   * Finds the line from the gradient sums of channels. It depends on its arguments alone, as it may
   * be asked for groups of channels in any order and by many threads at once.
   */
  @FunctionalInterface
  public interface OfSums {

    /**
     * The lines of adjacent channels.
     *
     * @param sums gradient sums of these channels
     * @param from which channel the first of them is
     * @return lines of as many channels
     */
    GradientLine of(GradientSums sums, int from);
  }
}
