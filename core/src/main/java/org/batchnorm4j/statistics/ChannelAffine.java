package org.batchnorm4j.statistics;

import java.util.Arrays;

/**
 * The line that normalisation applies to each channel, {@code y = (x - mean) * scale + shift}:
 * scale is {@code gamma / sqrt(var + eps)}, shift is {@code beta}. The mean stays apart because
 * folding it into the shift loses the digits of data such as 1000 ± 0.01. Only {@link
 * LineOfMoments} writes to the arrays.
 *
 * <p>Safe for use by many threads as long as none writes to the arrays.
 *
 * @param mean mean of each channel
 * @param scale factor of each channel
 * @param shift constant of each channel
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record ChannelAffine(double[] mean, double[] scale, double[] shift) {

  /** Number of channels. */
  public int channels() {
    return mean.length;
  }

  /** The lines of the channels {@code from} to {@code to - 1}; none if there are none. */
  public ChannelAffine channels(int from, int to) {
    return channels() == 0 || (from == 0 && to == channels())
        ? this
        : new ChannelAffine(
            Arrays.copyOfRange(mean, from, to),
            Arrays.copyOfRange(scale, from, to),
            Arrays.copyOfRange(shift, from, to));
  }
}
