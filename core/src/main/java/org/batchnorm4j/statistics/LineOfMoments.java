package org.batchnorm4j.statistics;

/**
 * Finds the line that normalises channels from their moments. Asked for groups of adjacent channels
 * in any order and by many threads at once, for each channel once.
 */
@FunctionalInterface
public interface LineOfMoments {

  /**
   * Writes scale and shift of the channels {@code from} to {@code to - 1}.
   *
   * @param moments of all channels, of which those of other channels may not be known yet
   * @param line what to write to; its means are those of the moments
   */
  void write(BatchMoments moments, ChannelAffine line, int from, int to);
}
