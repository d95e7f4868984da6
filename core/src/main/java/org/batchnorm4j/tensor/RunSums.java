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

  /**
   * Writes mean and M2 of the block's channels to {@code mean[channel]} and {@code m2[channel]}.
   */
  void moments(SumSource source, StripBlock block, double[] mean, double[] m2) {
    try (Pivots pivots = new Pivots(source, block, scratch.floats());
        LaneSums sums = new LaneSums(block, scratch.doubles())) {
      for (int i = 0; i < pieces(block); i++) {
        StripBlock runs = piece(block, i);
        int c = runs.channel() - block.channel();
        int lanes = c * VirtualLanes.COUNT;
        source.addRunMoments(runs, pivots.values(), c, sums.first(), sums.second(), lanes);
      }
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
      for (int i = 0; i < pieces(block); i++) {
        StripBlock runs = piece(block, i);
        if (gate != null) {
          gate.pass(runs.from(), 1, 0, runs.width());
        }
        int lanes = (runs.channel() - block.channel()) * VirtualLanes.COUNT;
        source.addRunGradients(runs, relu, sums.first(), sums.second(), lanes);
        wide.add(runs);
      }
      sums.totals(sumG, sumGx);
      wide.replace(sumG, sumGx);
    }
  }

  private static int runsTogether(StripBlock block) {
    return Math.max(1, StripBlock.PIECE / block.length());
  }

  /** Pieces of one row: of several runs, or parts of one. */
  private static int piecesPerRow(StripBlock block) {
    return Math.ceilDiv(block.channels(), runsTogether(block))
        * Math.ceilDiv(block.length(), StripBlock.PIECE);
  }

  private static int pieces(StripBlock block) {
    return block.rows() * piecesPerRow(block);
  }

  /** One of the pieces, in the order of memory. */
  private static StripBlock piece(StripBlock block, int number) {
    int length = block.length();
    int row = number / piecesPerRow(block);
    int inRow = number % piecesPerRow(block);
    int parts = Math.ceilDiv(length, StripBlock.PIECE);
    int c = inRow / parts * runsTogether(block);
    int start = inRow % parts * StripBlock.PIECE;
    return new StripBlock(
        block.from() + row * block.stride() + c * length + start,
        1,
        0,
        block.channel() + c,
        Math.min(runsTogether(block), block.channels() - c),
        Math.min(StripBlock.PIECE, length - start),
        1);
  }
}
