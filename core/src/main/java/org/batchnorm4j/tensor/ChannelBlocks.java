package org.batchnorm4j.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * How the values of a tensor's channels (axis 1) are cut into blocks. The cut depends on shape,
 * type and layout alone, so sums merged in block order have the same bits for any number of
 * threads.
 *
 * <p>Sums go down the columns of {@link Strips}, but run by run ({@link LongRuns}) where runs are
 * long or few. What is computed value by value goes through memory in its order.
 *
 * <p>Blocks may be those of some adjacent channels alone ({@link #groups}). Such a group is cut as
 * the whole tensor is, so that its sums have the same bits, and counts its channels from 0.
 *
 * @param planes whether a channel's values lie in runs; otherwise rows of adjacent channels
 * @param batch number of runs per channel, or number of rows
 * @param channels number of channels of the tensor
 * @param length length of a run; 1 for rows
 * @param dtype element type of the tensor
 * @param first the first channel of the group
 * @param count number of channels of the group
 */
record ChannelBlocks(
    boolean planes, int batch, int channels, int length, DType dtype, int first, int count) {
  /** Runs from this length on are summed one by one for moments. */
  private static final int LONG_RUN = 256;

  /** The same for gradients, of which fewer rows are taken at a time. */
  private static final int LONG_GRADIENT_RUN = 192;

  /** float64 takes two passes over a block, which is to stay in cache between them. */
  private static final int DOUBLES_PER_BLOCK = 16384;

  /** Float64 sums of so many float32 values are far more exact than float32. */
  private static final int FLOATS_PER_BLOCK = 1 << 20;

  /** With fewer runs per channel, sums per column cost more than they save. */
  private static final int FEW_RUNS = 8;

  /** Shorter samples than this are taken several at a time. */
  private static final int SHORT_SAMPLE = 1024;

  /** Adjacent values that a kernel computes in one call where no tile has to hold them. */
  private static final int LONG_PIECE = 65536;

  private static final int VALUES_PER_TASK = 131072;

  /** Values of a group that stay in the last cache, with as many of the gradient, for a thread. */
  private static final int GROUP = 1 << 19;

  /** Adjacent values of a group that make up for the jump to the next sample. */
  private static final int GROUP_ADJACENT = 8192;

  /** Groups for each thread, so that none waits long for the last one. */
  private static final int GROUPS_PER_THREAD = 4;

  static ChannelBlocks of(Tensor x) {
    if (x.rank() < 2) {
      throw new ShapeException(
          "channels are axis 1, so a tensor needs at least the axes (N, C), got shape "
              + x.shape());
    }
    int batch = x.axis(0);
    int channels = x.axis(1);
    int length = (int) x.shape().span(2, x.rank());
    DType dtype = x.dtype();
    if (channels == 0) {
      return whole(true, 0, 0, 0, dtype);
    }
    if (channels == 1) {
      return whole(true, 1, 1, batch * length, dtype);
    }
    if (length == 1 || x.layout() == Layout.CHANNELS_LAST) {
      return whole(false, batch * length, channels, 1, dtype);
    }
    return whole(true, batch, channels, length, dtype);
  }

  private static ChannelBlocks whole(
      boolean planes, int batch, int channels, int length, DType dtype) {
    return new ChannelBlocks(planes, batch, channels, length, dtype, 0, channels);
  }

  /**
   * The channels in groups that stay in cache between their sums and what is computed with them;
   * all in one group where that would not be faster: for rows, in which the values of a group are
   * not adjacent, for planes that are too short or too many, and for tensors that stay in cache.
   */
  List<ChannelBlocks> groups(int threads) {
    long perChannel = perChannel();
    long most = Math.min(GROUP / Math.max(1, perChannel), channels / (GROUPS_PER_THREAD * threads));
    boolean worthIt = perChannel * channels > 2L * GROUP && most * length >= GROUP_ADJACENT;
    if (!planes || !valuesByRuns() || !worthIt) {
      return List.of(this);
    }
    List<ChannelBlocks> groups = new ArrayList<>();
    for (int from = 0; from < channels; from += (int) most) {
      int size = (int) Math.min(most, channels - from);
      groups.add(new ChannelBlocks(planes, batch, channels, length, dtype, from, size));
    }
    return groups;
  }

  /** Whether all values of the tensor are too few for more than one thread. */
  boolean isSmall() {
    return Strips.isSmall(batch, channels, length);
  }

  /** Values of each channel. */
  long perChannel() {
    return (long) batch * length;
  }

  /** The end of the channels of the group. */
  int end() {
    return first + count;
  }

  /** Whether constants can be spread over columns, which takes kernels of float32. */
  private boolean spreads() {
    return dtype != DType.FLOAT64;
  }

  private boolean sumsByRuns(int longRun) {
    return planes && (!spreads() || length >= longRun || length == 0 || batch < FEW_RUNS);
  }

  /** The blocks for moments. */
  SumBlocks momentBlocks() {
    return sumBlocks(LONG_RUN);
  }

  /** The blocks for gradient sums. */
  SumBlocks gradientBlocks() {
    return sumBlocks(LONG_GRADIENT_RUN);
  }

  private SumBlocks sumBlocks(int longRun) {
    return sumsByRuns(longRun)
        ? LongRuns.of(batch, channels, length, spreads() ? FLOATS_PER_BLOCK : DOUBLES_PER_BLOCK)
            .group(first, count)
        : sumStrips();
  }

  private Strips sumStrips() {
    return Strips.forSums(batch, channels, length, spreads()).group(first, count);
  }

  /** Whether results are computed run by run. */
  boolean valuesByRuns() {
    boolean together = spreads() && length > 0 && batch >= FEW_RUNS;
    return planes && (!together || (long) channels * length >= SHORT_SAMPLE);
  }

  /** The blocks for what is computed value by value, unless it is computed run by run. */
  Strips valueStrips() {
    return Strips.forValues(batch, channels, length, spreads());
  }

  private int runPiece() {
    return dtype == DType.FLOAT32 ? LONG_PIECE : StripBlock.PIECE;
  }

  private int runsTogether() {
    return Math.clamp(runPiece() / Math.max(1, length), 1, Math.max(1, count));
  }

  private int runParts() {
    return length <= runPiece()
        ? Math.ceilDiv(count, runsTogether())
        : count * Math.ceilDiv(length, runPiece());
  }

  /** Blocks of runs that make a task. */
  int runBlocksPerTask() {
    return Math.max(
        1, VALUES_PER_TASK / Math.max(1, Math.min(runPiece(), runsTogether() * length)));
  }

  /** Blocks of runs, in the order of memory. */
  int runBlocks() {
    return count == 0 || length == 0 ? 0 : Math.multiplyExact(batch, runParts());
  }

  /**
   * Visits a block of runs that follow one another, each of the next channel, or a part of a run.
   */
  void visitRuns(int block, NormalizationArrays bound, BlockLoops.RunVisitor visitor) {
    int parts = runParts();
    int part = block % parts;
    int sample = (block / parts * channels + first) * length;
    if (length <= runPiece()) {
      int together = runsTogether();
      int channel = part * together;
      int runs = Math.min(together, count - channel);
      visitor.visit(bound, sample + channel * length, runs, length, channel);
      return;
    }
    int perRun = parts / count;
    int channel = part / perRun;
    int start = part % perRun * runPiece();
    int values = Math.min(runPiece(), length - start);
    visitor.visit(bound, sample + channel * length + start, 1, values, channel);
  }

  /** The most values that half types widen at a time. */
  int largestPiece() {
    long values = (long) batch * channels * length;
    int most = StripBlock.PIECE;
    if (!sumsByRuns(LONG_RUN)) {
      most = Math.max(most, StripSums.MOMENT_ROWS * sumStrips().width());
    }
    if (!valuesByRuns()) {
      most = Math.max(most, valueStrips().width());
    }
    return Math.clamp(values, 1, most);
  }
}
