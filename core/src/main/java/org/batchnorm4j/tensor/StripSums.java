package org.batchnorm4j.tensor;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sums down the columns of a {@link StripBlock}, a few rows at a time: as many as the kernels take
 * at once, so that sums per column are seldom fetched and stored.
 */
final class StripSums {
  /** Rows per call of a kernel; memory is read in as many places at a time. */
  static final int MOMENT_ROWS = 8;

  private static final int FEW_MOMENT_ROWS = 4;

  /** Rows of both tensors per call. */
  private static final int GRADIENT_ROWS = 4;

  private static final int FEW_GRADIENT_ROWS = 3;

  private final NormalizationScratch scratch;

  StripSums(NormalizationScratch scratch) {
    this.scratch = scratch;
  }

  /** Constants per column from 0 on. */
  @SuppressWarnings("ArrayRecordComponent") // a bundle of arguments, never compared
  record Line(float[] mean, float[] scale, float[] shift) {}

  /**
   * Writes mean and M2 of the block's channels to {@code mean[channel]} and {@code m2[channel]}.
   */
  void moments(SumSource source, StripBlock block, double[] mean, double[] m2) {
    try (Pivots pivots = new Pivots(source, block, scratch.floats());
        Columns columns = new Columns(block, scratch.floats());
        ColumnSums sums = new ColumnSums(block, scratch.doubles())) {
      float[] pivot = columns.spread(pivots.values(), 0);
      apart(
          block,
          block.inFewPlaces() ? FEW_MOMENT_ROWS : MOMENT_ROWS,
          null,
          rows -> source.addMoments(rows, pivot, sums.first(), sums.second()));
      sums.totals(mean, m2, block.channel());
      pivots.toMoments(mean, m2);
    }
  }

  /**
   * Takes each row of a block once, as many at a time as a kernel does, as far from one another as
   * the block allows: each then goes on in memory where it was, which the processor reads ahead of
   * better the further apart they are. An odd distance keeps them from meeting in the same lines of
   * the first cache.
   *
   * <p>A gate writes some adjacent rows in each of these places before the kernel takes them. It
   * reads and writes memory at its full speed, in its order; row by row between the calls of the
   * kernel it takes twice as long.
   */
  private static void apart(
      StripBlock block, int most, @Nullable ReluGate gate, Consumer<StripBlock> kernel) {
    int ahead = block.rowsPerPiece();
    int row = 0;
    while (row < block.rows()) {
      int left = block.rows() - row;
      int distance = Math.max(1, (left / most - 1) | 1);
      int count = Math.min(most, left);
      for (int first = row; first < row + distance; first++) {
        if (gate != null && (first - row) % ahead == 0) {
          int adjacent = Math.min(ahead, row + distance - first);
          for (int r = 0; r < count; r++) {
            int from = block.from() + (first + r * distance) * block.stride();
            gate.pass(from, adjacent, block.stride(), block.width());
          }
        }
        kernel.accept(block.rows(first, count, distance));
      }
      row += count * distance;
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
    try (Columns columns = new Columns(block, scratch.floats());
        ColumnSums sums = new ColumnSums(block, scratch.doubles())) {
      int first = block.channel();
      float[] mean = columns.spread(line.means(), first);
      Line perColumn =
          relu
              ? new Line(
                  mean, columns.spread(line.scales(), first), columns.spread(line.shifts(), first))
              : new Line(mean, mean, mean);
      WideSums wide = new WideSums(source, block, line, relu);
      apart(
          block,
          relu || block.inFewPlaces() ? FEW_GRADIENT_ROWS : GRADIENT_ROWS,
          gate,
          rows -> {
            source.addGradients(rows, perColumn, relu, sums.first(), sums.second());
            wide.add(rows);
          });
      sums.totals(sumG, sumGx, first);
      wide.replace(sumG, sumGx);
    }
  }
}
