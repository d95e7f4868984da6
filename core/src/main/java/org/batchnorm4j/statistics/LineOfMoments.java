package org.batchnorm4j.statistics;

/**
 * Finds the line that normalises channels from their moments. It depends on its arguments alone, as
 * it may be asked for groups of channels in any order and by many threads at once.
 */
@FunctionalInterface
public interface LineOfMoments {

  /**
   * The lines of adjacent channels.
   *
   * @param moments moments of these channels
   * @param from which channel the first of them is
   * @return lines of as many channels
   */
  ChannelAffine of(BatchMoments moments, int from);
}
