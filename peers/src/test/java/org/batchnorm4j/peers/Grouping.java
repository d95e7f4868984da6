package org.batchnorm4j.peers;

import java.util.function.IntUnaryOperator;

/**
 * Which values are normalised together, and which gamma and beta each gets, by position in
 * row-major order.
 *
 * @param groups number of sets of values with statistics of their own
 * @param groupOf the set of a position
 * @param affines number of gammas
 * @param affineOf the gamma of a position
 * @param centred whether the mean is subtracted; root mean square normalisation does not
 */
record Grouping(
    int groups, IntUnaryOperator groupOf, int affines, IntUnaryOperator affineOf, boolean centred) {

  /** Batch norm: a channel over all else. */
  static Grouping byChannel(int channels, IntUnaryOperator channelOf) {
    return new Grouping(channels, channelOf, channels, channelOf, true);
  }
}
