package org.batchnorm4j.tensor;

/** The gradient sums of the wide channels of a block, which replace those of the kernels. */
final class WideSums {
  private static final double[][] NO_SUMS = {};

  private final SumSource source;
  private final boolean relu;
  private final int[] channels;
  private final double[][] sums;

  WideSums(SumSource source, StripBlock block, FloatChannels line, boolean relu) {
    this.source = source;
    this.relu = relu;
    channels = line.wideChannels(block.channel(), block.channel() + block.channels());
    sums = channels.length == 0 ? NO_SUMS : new double[channels.length][2];
  }

  /** Adds what the wide channels have in rows or runs that were added last. */
  void add(StripBlock rows) {
    for (int w = 0; w < channels.length; w++) {
      int c = channels[w] - rows.channel();
      if (c >= 0 && c < rows.channels()) {
        source.addWide(rows, channels[w], relu, sums[w]);
      }
    }
  }

  /** Writes the sums at the indices of their channels. */
  void replace(double[] sumG, double[] sumGx) {
    for (int w = 0; w < channels.length; w++) {
      sumG[channels[w]] = sums[w][0];
      sumGx[channels[w]] = sums[w][1];
    }
  }
}
