package org.batchnorm4j.tensor;

/**
 * How the values of a tensor's channels (axis 1) are cut into blocks. The cut depends on shape,
 * type and layout alone, so sums merged in block order have the same bits for any number of
 * threads.
 *
 * <p>Sums go down the columns of {@link Strips}, but run by run ({@link LongRuns}) where runs are
 * long or few. What is computed value by value goes through memory in its order.
 *
 * @param planes whether a channel's values lie in runs; otherwise rows of adjacent channels
 * @param batch number of runs per channel, or number of rows
 * @param channels number of channels
 * @param length length of a run; 1 for rows
 * @param spreads whether constants can be spread over columns, which takes kernels of float32
 */
record ChannelBlocks(boolean planes, int batch, int channels, int length, boolean spreads) {
  /** Runs from this length on are summed one by one. */
  private static final int LONG_RUN = 192;

  /** float64 takes two passes over a block, which is to stay in cache between them. */
  private static final int DOUBLES_PER_BLOCK = 16384;

  /** Float64 sums of so many float32 values are far more exact than float32. */
  private static final int FLOATS_PER_BLOCK = 1 << 20;

  /** With fewer runs per channel, sums per column cost more than they save. */
  private static final int FEW_RUNS = 8;

  /** Shorter samples than this are taken several at a time. */
  private static final int SHORT_SAMPLE = 1024;

  static ChannelBlocks of(Tensor x) {
    if (x.rank() < 2) {
      throw new ShapeException(
          "channels are axis 1, so a tensor needs at least the axes (N, C), got shape "
              + x.shape());
    }
    int batch = x.axis(0);
    int channels = x.axis(1);
    int length = (int) x.shape().span(2, x.rank());
    boolean spreads = x.dtype() != DType.FLOAT64;
    if (channels == 0) {
      return new ChannelBlocks(true, 0, 0, 0, spreads);
    }
    if (channels == 1) {
      return new ChannelBlocks(true, 1, 1, batch * length, spreads);
    }
    if (length == 1 || x.layout() == Layout.CHANNELS_LAST) {
      return new ChannelBlocks(false, batch * length, channels, 1, spreads);
    }
    return new ChannelBlocks(true, batch, channels, length, spreads);
  }

  private boolean sumsByRuns() {
    return planes && (!spreads || length >= LONG_RUN || length == 0 || batch < FEW_RUNS);
  }

  /** The blocks for sums. */
  SumBlocks sumBlocks() {
    return sumsByRuns()
        ? LongRuns.of(batch, channels, length, spreads ? FLOATS_PER_BLOCK : DOUBLES_PER_BLOCK)
        : sumStrips();
  }

  private Strips sumStrips() {
    return Strips.forSums(batch, channels, length, spreads);
  }

  /** Whether results are computed run by run. */
  boolean valuesByRuns() {
    boolean together = spreads && length > 0 && batch >= FEW_RUNS;
    return planes && (!together || (long) channels * length >= SHORT_SAMPLE);
  }

  /** The blocks for what is computed value by value, unless it is computed run by run. */
  Strips valueStrips() {
    return Strips.forValues(batch, channels, length, spreads);
  }

  /** One block of runs that follow one another, each of the next channel, or a part of one run. */
  record RunBlock(int from, int runs, int length, int channel) {}

  private int runsTogether() {
    return Math.clamp(StripBlock.PIECE / Math.max(1, length), 1, channels);
  }

  private int runParts() {
    return length <= StripBlock.PIECE
        ? Math.ceilDiv(channels, runsTogether())
        : channels * Math.ceilDiv(length, StripBlock.PIECE);
  }

  /** Blocks of runs, in the order of memory. */
  int runBlocks() {
    return channels == 0 || length == 0 ? 0 : Math.multiplyExact(batch, runParts());
  }

  RunBlock runBlock(int block) {
    int n = block / runParts();
    int part = block % runParts();
    int sample = n * channels * length;
    if (length <= StripBlock.PIECE) {
      int channel = part * runsTogether();
      int runs = Math.min(runsTogether(), channels - channel);
      return new RunBlock(sample + channel * length, runs, length, channel);
    }
    int parts = runParts() / channels;
    int channel = part / parts;
    int start = part % parts * StripBlock.PIECE;
    int count = Math.min(StripBlock.PIECE, length - start);
    return new RunBlock(sample + channel * length + start, 1, count, channel);
  }

  /** The most values that half types widen at a time. */
  int largestPiece() {
    long values = (long) batch * channels * length;
    int most = StripBlock.PIECE;
    if (!sumsByRuns()) {
      most = Math.max(most, StripSums.MOMENT_ROWS * sumStrips().width());
    }
    if (!valuesByRuns()) {
      most = Math.max(most, valueStrips().width());
    }
    return Math.clamp(values, 1, most);
  }
}
