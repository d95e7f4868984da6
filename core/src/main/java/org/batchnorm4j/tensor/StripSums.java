package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Sums of a {@link StripBlock} of float32 or of values widened to it, some rows at a time: so many
 * that sums per column are seldom fetched and stored, so few that the rows stay in the first
 * caches.
 */
final class StripSums {
  /**
   * Rows per call of a kernel. With fewer, sums per column are fetched and stored more often; with
   * more, memory is read in as many places at a time, twice as many for gradients.
   */
  private static final int MOMENT_ROWS = 8;

  private static final int GRADIENT_ROWS = 4;

  private final NormalizationScratch scratch;

  StripSums(NormalizationScratch scratch) {
    this.scratch = scratch;
  }

  /** What the sums are taken of, in memory that kernels read. */
  interface Rows {
    /** The value at a position of the tensor. */
    float value(int position);

    /** Adds the moments of a few rows. */
    void addMoments(StripBlock rows, float[] pivot, double[] sums, double[] squares);

    /** Adds the gradient sums of a few rows. */
    void addGradients(StripBlock rows, Line line, boolean relu, double[] sumG, double[] sumGx);

    /** Adds the two gradient sums of a wide channel in the rows that were added last. */
    void addWide(StripBlock rows, int channel, boolean relu, double[] sums);
  }

  /** Constants per column from 0 on. */
  @SuppressWarnings("ArrayRecordComponent") // a bundle of arguments, never compared
  record Line(float[] mean, float[] scale, float[] shift) {}

  /**
   * Writes mean and M2 of the block's channels to {@code mean[channel]} and {@code m2[channel]}.
   * The pivot of a channel is its first value in the first row; 0 if that is not finite.
   */
  void moments(Rows rows, StripBlock block, double[] mean, double[] m2) {
    float[] pivots = scratch.floats().borrow(block.channels());
    try (Columns columns = new Columns(block, scratch.floats());
        ColumnSums sums = new ColumnSums(block, scratch.doubles())) {
      for (int c = 0; c < block.channels(); c++) {
        float first = rows.value(block.from() + c * block.length());
        pivots[c] = Float.isFinite(first) ? first : 0f;
      }
      float[] pivot = columns.spread(pivots, 0);
      int most = block.rowsPerPiece(MOMENT_ROWS);
      for (int r = 0; r < block.rows(); r += most) {
        StripBlock some = block.rows(r, Math.min(most, block.rows() - r));
        rows.addMoments(some, pivot, sums.first(), sums.second());
      }
      double n = block.count();
      int at = block.channel();
      sums.totals(mean, m2, at);
      for (int c = 0; c < block.channels(); c++) {
        double sum = mean[at + c];
        m2[at + c] = Math.max(0.0, m2[at + c] - sum * (sum / n));
        mean[at + c] = pivots[c] + sum / n;
      }
    }
    scratch.floats().giveBack(block.channels(), pivots);
  }

  /** Writes the gradient sums of the block's channels; what the gate lets pass if there is one. */
  void gradients(
      Rows rows,
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
      int[] wide = line.wideChannels(first, first + block.channels());
      double[][] wideSums = new double[wide.length][2];
      int most = block.rowsPerPiece(GRADIENT_ROWS);
      for (int r = 0; r < block.rows(); r += most) {
        StripBlock some = block.rows(r, Math.min(most, block.rows() - r));
        if (gate != null) {
          gate.pass(some.from(), some.rows(), some.stride(), some.width());
        }
        rows.addGradients(some, perColumn, relu, sums.first(), sums.second());
        for (int w = 0; w < wide.length; w++) {
          rows.addWide(some, wide[w], relu, wideSums[w]);
        }
      }
      sums.totals(sumG, sumGx, first);
      for (int w = 0; w < wide.length; w++) {
        sumG[wide[w]] = wideSums[w][0];
        sumGx[wide[w]] = wideSums[w][1];
      }
    }
  }
}
