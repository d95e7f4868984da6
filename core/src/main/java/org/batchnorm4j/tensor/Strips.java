package org.batchnorm4j.tensor;

/**
 * A tensor as rows of many columns, each column within one channel: sums run down the columns and
 * are added up per channel afterwards. That reads memory in its order, whatever the layout: rows of
 * (N, C) or channels last are taken several at a time where they are short, and a sample of short
 * planes is one row with a column per position. Taken channel by channel, planes of 7x7 or 14x14
 * touch a page of memory for a few hundred bytes.
 *
 * <p>The cut depends on the shape alone, so sums merged in block order have the same bits for any
 * number of threads. Rows that are left over when they are taken together are a block of their own.
 *
 * @param rows rows of {@code width} columns
 * @param perRow channels of a row of the tensor
 * @param length adjacent columns of one channel
 * @param repeats rows of the tensor that are taken as one
 * @param left rows of the tensor that are left over
 * @param rowsPerBlock rows of a block
 * @param channelsPerBlock channels of a block
 * @param first the first channel that blocks are of
 * @param channels number of channels that blocks are of; all where rows are taken together
 */
record Strips(
    int rows,
    int perRow,
    int length,
    int repeats,
    int left,
    int rowsPerBlock,
    int channelsPerBlock,
    int first,
    int channels)
    implements SumBlocks {
  /** Columns that make rows long enough for sums, which are fetched and stored every few rows. */
  private static final int LONG = 256;

  /** Columns that make rows long enough for values; their constants fit the first cache. */
  private static final int LONG_FOR_VALUES = 128;

  /** Floats of a vector, so that rows end where vectors do. */
  private static final int VECTOR = 16;

  private static final int MOST_COLUMNS = 4096;

  /** Columns of values that are taken together for the sake of whole vectors. */
  private static final int MOST_FOR_VALUES = 512;

  private static final int MOST_ROWS = 512;
  private static final int LEAST_ROWS = 128;

  /** Rows that there are at least when they are taken together. */
  private static final int ROWS_LEFT = 8;

  /** That many blocks keep the threads of a machine busy. */
  private static final int BLOCKS = 16;

  /** Values of a block where there is nothing to add up. */
  private static final int VALUES = 65536;

  /** Values of a tensor that stays in the caches with others. */
  private static final int CACHED = 1 << 20;

  /** Values of a block there that are worth a task. */
  private static final int BLOCK = 131072;

  /** Values of a tensor from which on rows that are not wide are summed in few places at a time. */
  private static final int FEW_PLACES = 1 << 21;

  /** Columns that make a row wide. */
  private static final int WIDE = 384;

  /** Values of a tensor that stays in the last cache. */
  private static final int LAST_CACHE = 5 << 19;

  /** Values of a block there, of what is computed value by value; kernels tell by that. */
  private static final int MEDIUM = 49152;

  /** Values of a tensor that stays in the caches of one processor, with all that goes with it. */
  private static final int SMALL = 32768;

  /** Columns of rows of a small tensor that are worth a call. */
  private static final int ENOUGH = 64;

  /**
   * The blocks for sums.
   *
   * @param together whether short rows may be taken several at a time
   */
  static Strips forSums(int rows, int channels, int length, boolean together) {
    if (together && isSmall(rows, channels, length)) {
      return small(rows, channels, length);
    }
    Strips whole = of(rows, channels, length, together ? LONG : 0, true);
    int perBlock = whole.repeats > 1 ? channels : Math.clamp(MOST_COLUMNS / length, 1, channels);
    long blocks = Math.ceilDiv(channels, perBlock);
    long taken = Math.ceilDiv(whole.rows * blocks, BLOCKS);
    if ((long) rows * channels * length > CACHED) {
      return whole.cut(Math.clamp(taken, LEAST_ROWS, MOST_ROWS), perBlock);
    }
    int least = Math.clamp(BLOCK / (perBlock * length * whole.repeats), ROWS_LEFT, LEAST_ROWS);
    int most = Math.clamp(taken, least, MOST_ROWS);
    int even = Math.ceilDiv(whole.rows, Math.max(1, Math.ceilDiv(whole.rows, most)));
    return whole.cut(Math.max(1, even), perBlock);
  }

  /** The blocks for what is computed value by value. */
  static Strips forValues(int rows, int channels, int length, boolean together) {
    if (together && isSmall(rows, channels, length)) {
      return small(rows, channels, length);
    }
    Strips whole = of(rows, channels, length, together ? LONG_FOR_VALUES : 0, false);
    int most = Math.max(1, StripBlock.PIECE / length);
    int perBlock = whole.repeats > 1 ? channels : Math.min(most, channels);
    int width = perBlock * length * whole.repeats;
    long values = (long) rows * channels * length;
    int block = values <= CACHED ? SMALL : values <= LAST_CACHE ? MEDIUM : VALUES;
    return whole.cut(Math.max(1, block / width), perBlock);
  }

  /** Whether a tensor is worth less than what more than one block costs. */
  static boolean isSmall(int rows, int channels, int length) {
    return (long) rows * channels * length <= SMALL;
  }

  /**
   * One block, in which rows are taken together so that none is left over: the most that
   * LONG_FOR_VALUES columns hold and that end where a vector does.
   */
  private static Strips small(int rows, int channels, int length) {
    int columns = channels * length;
    int even = VECTOR / Math.min(VECTOR, Integer.lowestOneBit(columns));
    int repeats = LONG_FOR_VALUES / columns / even * even;
    while (repeats > 0 && rows % repeats != 0) {
      repeats -= even;
    }
    if (repeats * columns < ENOUGH) {
      repeats = repeats(rows, columns, LONG_FOR_VALUES, false);
    }
    int whole = rows / repeats;
    return new Strips(
        whole,
        channels,
        length,
        repeats,
        rows % repeats,
        Math.max(1, whole),
        channels,
        0,
        channels);
  }

  private static Strips of(int rows, int channels, int length, int columns, boolean sums) {
    int repeats = columns > 0 ? repeats(rows, channels * length, columns, sums) : 1;
    return new Strips(
        rows / repeats, channels, length, repeats, rows % repeats, 1, channels, 0, channels);
  }

  /**
   * Rows to take as one, so that they have about {@code wanted} columns and end where a vector
   * does. For {@code sums} it is an odd number of these, which puts rows some way apart in
   * different lines of a cache, and they may be longer.
   */
  private static int repeats(int rows, int columns, int wanted, boolean sums) {
    int most = Math.max(1, rows / ROWS_LEFT);
    int enough = Math.min(Math.ceilDiv(wanted, columns), most);
    int even = VECTOR / Math.min(VECTOR, Integer.lowestOneBit(columns));
    if (enough >= even) {
      int times = enough / even;
      return (sums ? (times - 1) | 1 : times) * even;
    }
    return even <= most && even * columns <= (sums ? MOST_COLUMNS : MOST_FOR_VALUES)
        ? even
        : enough;
  }

  private Strips cut(int rowsPerBlock, int channelsPerBlock) {
    return new Strips(
        rows, perRow, length, repeats, left, rowsPerBlock, channelsPerBlock, first, channels);
  }

  /** The blocks of some of the channels, cut as those of all are. */
  Strips group(int from, int count) {
    if (count == channels) {
      return this;
    }
    if (repeats > 1) {
      throw new IllegalStateException("rows that are taken together hold all channels");
    }
    return new Strips(
        rows, perRow, length, repeats, left, rowsPerBlock, channelsPerBlock, from, count);
  }

  @Override
  public int rowBlocks() {
    return Math.ceilDiv(rows, rowsPerBlock) + (left > 0 ? 1 : 0);
  }

  @Override
  public int channelBlocks() {
    return Math.ceilDiv(channels, channelsPerBlock);
  }

  @Override
  public long count(int rowBlock) {
    int row = rowBlock * rowsPerBlock;
    return row >= rows
        ? (long) length * left
        : (long) Math.min(rowsPerBlock, rows - row) * length * repeats;
  }

  @Override
  public StripBlock block(int rowBlock, int channelBlock) {
    int stride = perRow * length * repeats;
    int row = rowBlock * rowsPerBlock;
    int channel = channelBlock * channelsPerBlock;
    int count = Math.min(channelsPerBlock, channels - channel);
    if (row >= rows) {
      return new StripBlock(rows * stride, 1, stride, 0, channels, length, left);
    }
    return new StripBlock(
        row * stride + (first + channel) * length,
        Math.min(rowsPerBlock, rows - row),
        stride,
        channel,
        count,
        length,
        repeats,
        width() <= WIDE && (long) rows * perRow * length * repeats >= FEW_PLACES);
  }

  /** Columns of a row of a block. */
  int width() {
    return channelsPerBlock * length * repeats;
  }
}
