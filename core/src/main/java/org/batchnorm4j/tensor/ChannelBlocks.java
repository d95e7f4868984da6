package org.batchnorm4j.tensor;

/**
 * How the values of a tensor's channels (axis 1) are cut into blocks that fit the first caches. The
 * cut depends on shape and layout alone, so sums merged in block order have the same bits for any
 * number of threads.
 *
 * @param planes whether a channel's values lie in runs; otherwise rows of adjacent channels
 * @param batch number of runs per channel, or number of rows
 * @param channels number of channels
 * @param length length of a run; 1 for rows
 */
record ChannelBlocks(boolean planes, int batch, int channels, int length) {
  private static final int PLANE_BLOCK = 4096;
  private static final int ROW_BLOCK = 16384;
  private static final int CHANNEL_TILE = 256;
  private static final int LEAST_ROWS = 16;

  static ChannelBlocks of(Tensor x) {
    if (x.rank() < 2) {
      throw new ShapeException(
          "channels are axis 1, so a tensor needs at least the axes (N, C), got shape "
              + x.shape());
    }
    int batch = x.axis(0);
    int channels = x.axis(1);
    int length = (int) x.shape().span(2, x.rank());
    if (channels == 0) {
      return new ChannelBlocks(true, 0, 0, 0);
    }
    if (channels == 1) {
      return new ChannelBlocks(true, 1, 1, batch * length);
    }
    if (length == 1 || x.layout() == Layout.CHANNELS_LAST) {
      return new ChannelBlocks(false, batch * length, channels, 1);
    }
    return new ChannelBlocks(true, batch, channels, length);
  }

  /** Values per channel. */
  long count() {
    return (long) batch * length;
  }

  private int segments() {
    return (length + PLANE_BLOCK - 1) / PLANE_BLOCK;
  }

  private int runsPerBlock() {
    return Math.max(1, PLANE_BLOCK / Math.max(1, length));
  }

  /** Plane blocks of one channel. */
  int planeBlocks() {
    return length > PLANE_BLOCK
        ? batch * segments()
        : (batch + runsPerBlock() - 1) / runsPerBlock();
  }

  /** One block of runs of one channel. */
  record PlaneBlock(int from, int planes, int stride, int length) {}

  PlaneBlock planeBlock(int channel, int block) {
    int stride = channels * length;
    if (length > PLANE_BLOCK) {
      int n = block / segments();
      int start = block % segments() * PLANE_BLOCK;
      int part = Math.min(PLANE_BLOCK, length - start);
      return new PlaneBlock((n * channels + channel) * length + start, 1, stride, part);
    }
    int n = block * runsPerBlock();
    int runs = Math.min(runsPerBlock(), batch - n);
    return new PlaneBlock((n * channels + channel) * length, runs, stride, length);
  }

  private int rowsPerBlock() {
    return Math.max(LEAST_ROWS, ROW_BLOCK / Math.min(channels, CHANNEL_TILE));
  }

  /** The most values that a block holds. */
  int largestBlock() {
    return planes
        ? Math.max(1, Math.min(PLANE_BLOCK, batch * length))
        : Math.min(batch, rowsPerBlock()) * Math.min(channels, CHANNEL_TILE);
  }

  /** Blocks of rows. */
  int rowBlocks() {
    return (batch + rowsPerBlock() - 1) / rowsPerBlock();
  }

  /** Tiles of adjacent channels that each row block is cut into. */
  int channelTiles() {
    return (channels + CHANNEL_TILE - 1) / CHANNEL_TILE;
  }

  /** One block of rows over one tile of channels. */
  record RowBlock(int from, int rows, int channel, int channels) {}

  RowBlock rowBlock(int block, int tile) {
    int row = block * rowsPerBlock();
    int channel = tile * CHANNEL_TILE;
    return new RowBlock(
        row * channels + channel,
        Math.min(rowsPerBlock(), batch - row),
        channel,
        Math.min(CHANNEL_TILE, channels - channel));
  }
}
