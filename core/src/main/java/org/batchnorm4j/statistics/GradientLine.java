package org.batchnorm4j.statistics;

import java.util.Arrays;

/**
 * The line that gives the input gradient of each channel, {@code dx = g * a + (x - mean) * b + c}.
 * Only {@link OfSums} writes to the arrays.
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
   * Finds the line from the gradient sums of channels. Asked for groups of adjacent channels in any
   * order and by many threads at once.
   */
  @FunctionalInterface
  public interface OfSums {

    /**
     * Writes the lines of the channels {@code from} to {@code to - 1}.
     *
     * @param sums of all channels, of which those of other channels may not be known yet
     * @param line what to write to; its arrays may be longer than there are channels
     */
    void write(GradientSums sums, GradientLine line, int from, int to);
  }

  /**
   * The lines of the channels {@code from} to {@code to - 1}; none if there are none, and all of
   * them from 0 on.
   */
  public GradientLine channels(int from, int to) {
    return from == 0 || a.length == 0
        ? this
        : new GradientLine(
            Arrays.copyOfRange(a, from, to),
            Arrays.copyOfRange(b, from, to),
            Arrays.copyOfRange(c, from, to));
  }
}
