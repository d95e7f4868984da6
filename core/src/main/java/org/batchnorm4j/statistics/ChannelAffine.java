package org.batchnorm4j.statistics;

/**
 * The line that normalisation applies to each channel, {@code y = (x - mean) * scale + shift}:
 * scale is {@code gamma / sqrt(var + eps)}, shift is {@code beta}. The mean stays apart because
 * folding it into the shift loses the digits of data such as 1000 ± 0.01. The arrays are not to be
 * written to.
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
}
