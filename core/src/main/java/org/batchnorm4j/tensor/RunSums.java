package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.VirtualLanes;
import org.jspecify.annotations.Nullable;

/**
 * Sums of a {@link StripBlock} of long runs, in the order of memory. A call of a kernel takes all
 * that is adjacent: from memory, cuts into pieces cost a fifth to a third of the speed. Where
 * values are written before their sums are taken, into a tile or by a gate that is not part of the
 * kernel, it takes some runs or a part of one, which stay in the first caches.
 */
final class RunSums {
  private static final int WHOLE_ROWS = Integer.MAX_VALUE;

  private final NormalizationScratch scratch;
  private final int most;

  private RunSums(NormalizationScratch scratch, int most) {
    this.scratch = scratch;
    this.most = most;
  }

  /** For sources whose values are read where they are. */
  static RunSums inPlace(NormalizationScratch scratch) {
    return new RunSums(scratch, WHOLE_ROWS);
  }

  /** For sources whose values are written first. */
  static RunSums byPieces(NormalizationScratch scratch) {
    return new RunSums(scratch, StripBlock.PIECE);
  }

  /**
   * Writes mean and M2 of the block's channels to {@code mean[channel]} and {@code m2[channel]}.
   */
  void moments(SumSource source, StripBlock block, double[] mean, double[] m2) {
    try (Pivots pivots = new Pivots(source, block, scratch.floats());
        LaneSums sums = new LaneSums(block, scratch.doubles())) {
      for (int i = 0; i < pieces(block, most); i++) {
        StripBlock runs = piece(block, i, most);
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
      for (int i = 0; i < pieces(block, most); i++) {
        StripBlock runs = piece(block, i, most);
        int lanes = (runs.channel() - block.channel()) * VirtualLanes.COUNT;
        if (gate != null) {
          source.addRunGradients(runs, gate, sums.first(), sums.second(), lanes);
        } else {
          source.addRunGradients(runs, relu, sums.first(), sums.second(), lanes);
        }
        wide.add(runs);
      }
      sums.totals(sumG, sumGx);
      wide.replace(sumG, sumGx);
    }
  }

  private static int runsTogether(StripBlock block, int most) {
    return Math.max(1, most / block.length());
  }

  /** Pieces of one row: of several runs, or parts of one. */
  private static int piecesPerRow(StripBlock block, int most) {
    return Math.ceilDiv(block.channels(), runsTogether(block, most))
        * Math.ceilDiv(block.length(), most);
  }

  private static int pieces(StripBlock block, int most) {
    return block.rows() * piecesPerRow(block, most);
  }

  /** One of the pieces, in the order of memory. */
  private static StripBlock piece(StripBlock block, int number, int most) {
    int length = block.length();
    int row = number / piecesPerRow(block, most);
    int inRow = number % piecesPerRow(block, most);
    int parts = Math.ceilDiv(length, most);
    int c = inRow / parts * runsTogether(block, most);
    int start = inRow % parts * most;
    return new StripBlock(
        block.from() + row * block.stride() + c * length + start,
        1,
        0,
        block.channel() + c,
        Math.min(runsTogether(block, most), block.channels() - c),
        Math.min(most, length - start),
        1);
  }
}
