package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Sums down the columns of a {@link StripBlock}, a few rows at a time: as many as the kernels take
 * at once, so that sums per column are seldom fetched and stored.
 */
final class StripSums {
  /** Rows per call of a kernel; memory is read in as many places at a time. */
  static final int MOMENT_ROWS = 8;

  private static final int GRADIENT_ROWS = 4;

  private static final int RELU_GRADIENT_ROWS = 3;

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
      for (int r = 0; r < block.rows(); r += MOMENT_ROWS) {
        StripBlock some = block.rows(r, Math.min(MOMENT_ROWS, block.rows() - r));
        source.addMoments(some, pivot, sums.first(), sums.second());
      }
      sums.totals(mean, m2, block.channel());
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
      int most = relu ? RELU_GRADIENT_ROWS : GRADIENT_ROWS;
      for (int r = 0; r < block.rows(); r += most) {
        StripBlock some = block.rows(r, Math.min(most, block.rows() - r));
        if (gate != null) {
          gate.pass(some.from(), some.rows(), some.stride(), some.width());
        }
        source.addGradients(some, perColumn, relu, sums.first(), sums.second());
        wide.add(some);
      }
      sums.totals(sumG, sumGx, first);
      wide.replace(sumG, sumGx);
    }
  }
}
