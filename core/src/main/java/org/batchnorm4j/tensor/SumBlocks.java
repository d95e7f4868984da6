package org.batchnorm4j.tensor;

/**
 * How a tensor is cut into blocks whose sums are taken one by one and merged in the order of their
 * rows. Blocks beside each other hold different channels.
 */
sealed interface SumBlocks permits Strips, LongRuns {

  /** Number of channels. */
  int channels();

  /** Blocks one below the other. */
  int rowBlocks();

  /** Blocks beside each other. */
  int channelBlocks();

  /** Values of each channel in a block of that row. */
  long count(int rowBlock);

  /** One of the blocks. */
  StripBlock block(int rowBlock, int channelBlock);
}
