package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.VirtualLanes;
import org.jspecify.annotations.Nullable;

/**
 * Sums of a {@link StripBlock} of long runs, in the order of memory, some runs or a part of one at
 * a time: so many that calls do not count, so few that they stay in the first caches.
 */
final class RunSums {
  private final NormalizationScratch scratch;

  RunSums(NormalizationScratch scratch) {
    this.scratch = scratch;
  }

  private interface Piece {
    /** Takes adjacent runs, of which the first is that of channel {@code c} of the block. */
    void add(StripBlock runs, int c);
  }

  /**
   * Writes mean and M2 of the block's channels to {@code mean[channel]} and {@code m2[channel]}.
   */
  void moments(SumSource source, StripBlock block, double[] mean, double[] m2) {
    try (Pivots pivots = new Pivots(source, block, scratch.floats());
        LaneSums sums = new LaneSums(block, scratch.doubles())) {
      forEachPiece(
          block,
          (runs, c) -> {
            int lanes = c * VirtualLanes.COUNT;
            source.addRunMoments(runs, pivots.values(), c, sums.first(), sums.second(), lanes);
          });
      sums.totals(mean, m2);
      pivots.toMoments(mean, m2);
    }
  }

  /** Writes the gradient sums of the block's channels; what the gate lets pass if there is one. */
  void gradients(
      SumSource source,
      StripBlock block,
      FloatChannels line,
      boolean relu,
      @Nullable ReluGate gate,
      double[] sumG,
      double[] sumGx) {
    WideSums wide = new WideSums(source, block, line, relu);
    try (LaneSums sums = new LaneSums(block, scratch.doubles())) {
      forEachPiece(
          block,
          (runs, c) -> {
            if (gate != null) {
              gate.pass(runs.from(), 1, 0, runs.width());
            }
            int lanes = c * VirtualLanes.COUNT;
            source.addRunGradients(runs, relu, sums.first(), sums.second(), lanes);
            wide.add(runs);
          });
      sums.totals(sumG, sumGx);
      wide.replace(sumG, sumGx);
    }
  }

  private static void forEachPiece(StripBlock block, Piece piece) {
    int length = block.length();
    int together = Math.max(1, StripBlock.PIECE / Math.max(1, length));
    for (int row = 0; row < block.rows(); row++) {
      for (int c = 0; c < block.channels(); c += together) {
        int from = block.from() + row * block.stride() + c * length;
        int channel = block.channel() + c;
        int runs = Math.min(together, block.channels() - c);
        for (int i = 0; i < length; i += StripBlock.PIECE) {
          int part = Math.min(StripBlock.PIECE, length - i);
          piece.add(new StripBlock(from + i, 1, 0, channel, runs, part, 1), c);
        }
      }
    }
  }
}
