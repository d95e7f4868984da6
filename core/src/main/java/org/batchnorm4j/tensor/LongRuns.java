package org.batchnorm4j.tensor;

/**
 * A tensor as samples of runs, one run per channel, each long enough to be summed by itself: planes
 * of NCHW. A block holds the runs of some channels in some samples and goes through them in the
 * order of memory, so that the processor reads ahead. Channel by channel or down the columns, in
 * several places at a time, reading takes half as long again and more.
 *
 * <p>The cut depends on the shape alone, so sums merged in block order have the same bits for any
 * number of threads. Blocks hold several channels where runs are short, so that what follows one
 * another is long, and several samples, so that there is little to merge. The longest runs are cut
 * into parts that are blocks of their own.
 *
 * @param batch number of runs per channel
 * @param perSample channels of the tensor
 * @param length values of a run
 * @param samplesPerBlock samples of a block
 * @param channelsPerBlock channels of a block
 * @param first the first channel that blocks are of
 * @param channels number of channels that blocks are of
 */
record LongRuns(
    int batch,
    int perSample,
    int length,
    int samplesPerBlock,
    int channelsPerBlock,
    int first,
    int channels)
    implements SumBlocks {
  /** Values of a run or of a part of one; steps of the kernels end where it does. */
  private static final int PART = 65536;

  /** Adjacent values that are long enough to be read ahead. */
  private static final int ADJACENT = 65536;

  /** Values of a block that are worth a task. */
  private static final int BLOCK = 32768;

  /** That many blocks keep the threads of a machine busy. */
  private static final int BLOCKS = 16;

  /** Channels of a block, whose lanes are to stay in the first cache. */
  private static final int MOST_CHANNELS = 64;

  /**
   * The blocks for sums.
   *
   * @param most values of a channel in a block, if there is more than one sample in it
   */
  static LongRuns of(int batch, int channels, int length, int most) {
    if (length > PART) {
      return new LongRuns(batch, channels, length, 1, 1, 0, channels);
    }
    int run = Math.max(1, length);
    int perBlock = Math.min(Math.ceilDiv(ADJACENT, run), Math.clamp(channels, 1, MOST_CHANNELS));
    int below = Math.ceilDiv(BLOCKS, Math.ceilDiv(Math.max(1, channels), perBlock));
    int enough = Math.max(Math.ceilDiv(batch, below), Math.ceilDiv(BLOCK, perBlock * run));
    int samples = Math.clamp(enough, 1, Math.max(1, most / run));
    return new LongRuns(batch, channels, length, samples, perBlock, 0, channels);
  }

  /** The blocks of some of the channels, cut as those of all are. */
  LongRuns group(int from, int count) {
    return new LongRuns(batch, perSample, length, samplesPerBlock, channelsPerBlock, from, count);
  }

  private int parts() {
    return Math.ceilDiv(length, PART);
  }

  @Override
  public int rowBlocks() {
    return Math.multiplyExact(Math.ceilDiv(batch, samplesPerBlock), parts());
  }

  @Override
  public int channelBlocks() {
    return Math.ceilDiv(channels, channelsPerBlock);
  }

  private int samples(int rowBlock) {
    return Math.min(samplesPerBlock, batch - rowBlock / parts() * samplesPerBlock);
  }

  private int partLength(int rowBlock) {
    return Math.min(PART, length - rowBlock % parts() * PART);
  }

  @Override
  public long count(int rowBlock) {
    return (long) samples(rowBlock) * partLength(rowBlock);
  }

  @Override
  public StripBlock block(int rowBlock, int channelBlock) {
    int stride = perSample * length;
    int sample = rowBlock / parts() * samplesPerBlock;
    int part = rowBlock % parts();
    int channel = channelBlock * channelsPerBlock;
    return new StripBlock(
        sample * stride + (first + channel) * length + part * PART,
        samples(rowBlock),
        stride,
        channel,
        Math.min(channelsPerBlock, channels - channel),
        partLength(rowBlock),
        1);
  }
}
