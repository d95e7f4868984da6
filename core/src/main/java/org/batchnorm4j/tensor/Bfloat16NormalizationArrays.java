package org.batchnorm4j.tensor;

import java.util.function.Supplier;
import org.batchnorm4j.kernel.Bfloat16;
import org.batchnorm4j.kernel.Bfloat16Kernels;
import org.jspecify.annotations.Nullable;

/**
 * bfloat16 arrays whose kernels load and store halves themselves: memory is read as it lies and
 * nothing is written but the result. What such kernels do not take goes through the tiles of {@link
 * HalfNormalizationArrays}, with the same bits: sums of rows that do not fill vectors, runs shorter
 * than a few, wide channels and the end of a residual block.
 */
final class Bfloat16NormalizationArrays implements NormalizationArrays, SumSource {
  private final Bfloat16Kernels kernels;
  private final FloatChannels line;
  private final NormalizationScratch scratch;
  private final short[] x;
  private final int xFrom;
  private final short[] g;
  private final int gFrom;
  private final short[] out;
  private final int outFrom;
  private final Supplier<HalfNormalizationArrays> newTiles;
  private @Nullable HalfNormalizationArrays tiles;

  Bfloat16NormalizationArrays(
      Bfloat16Kernels kernels,
      Tensor x,
      Tensor g,
      Tensor out,
      FloatChannels line,
      NormalizationScratch scratch,
      Supplier<HalfNormalizationArrays> newTiles) {
    this.kernels = kernels;
    this.line = line;
    this.scratch = scratch;
    this.x = ((Storage.Shorts) x.storage()).array();
    xFrom = x.offset();
    this.g = ((Storage.Shorts) g.storage()).array();
    gFrom = g.offset();
    this.out = ((Storage.Shorts) out.storage()).array();
    outFrom = out.offset();
    this.newTiles = newTiles;
  }

  /** Tiles take scratch memory, and mostly nothing goes through them. */
  private HalfNormalizationArrays tiles() {
    HalfNormalizationArrays made = tiles;
    if (made == null) {
      made = newTiles.get();
      tiles = made;
    }
    return made;
  }

  @Override
  public void close() {
    if (tiles != null) {
      tiles.close();
    }
  }

  @Override
  public double residue(int channel) {
    return line.residue(channel);
  }

  @Override
  public float value(int position) {
    return Bfloat16.widened(x[xFrom + position]);
  }

  private static boolean fills(StripBlock rows) {
    return rows.width() % Bfloat16Kernels.COLUMNS == 0;
  }

  private boolean areNarrow(StripBlock block) {
    return line.areNarrow(block.channel(), block.channel() + block.channels());
  }

  private boolean takes(StripBlock rows) {
    return rows.width() >= Bfloat16Kernels.COLUMNS && areNarrow(rows);
  }

  private boolean takes(int runs, int length, int channel) {
    return length >= Bfloat16Kernels.LEAST_RUN && line.areNarrow(channel, channel + runs);
  }

  @Override
  public void runMoments(StripBlock block, double[] mean, double[] m2) {
    RunSums.inPlace(scratch).moments(this, block, mean, m2);
  }

  @Override
  public void stripMoments(StripBlock block, double[] mean, double[] m2) {
    new StripSums(scratch).moments(this, block, mean, m2);
  }

  @Override
  public void addMoments(StripBlock b, float[] pivot, double[] sums, double[] squares) {
    if (fills(b)) {
      kernels.rowMomentSums(
          x, xFrom + b.from(), b.rows(), b.stride(), b.width(), pivot, sums, squares, 0);
    } else {
      tiles().addMoments(b, pivot, sums, squares);
    }
  }

  @Override
  public void addRunMoments(
      StripBlock b, float[] pivot, int at, double[] sums, double[] squares, int to) {
    kernels.runMomentSums(
        x, xFrom + b.from(), b.channels(), b.length(), pivot, at, sums, squares, to);
  }

  @Override
  public void standardiseRuns(int from, int runs, int length, int channel, boolean relu) {
    if (!takes(runs, length, channel)) {
      tiles().standardiseRuns(from, runs, length, channel, relu);
      return;
    }
    kernels.standardiseRuns(
        x,
        xFrom + from,
        out,
        outFrom + from,
        runs,
        length,
        line.means(),
        line.scales(),
        line.shifts(),
        channel,
        relu);
  }

  @Override
  public void standardiseStrip(StripBlock b, boolean relu) {
    if (!takes(b)) {
      tiles().standardiseStrip(b, relu);
      return;
    }
    try (Columns columns = new Columns(b, scratch.floats())) {
      kernels.standardiseRows(
          x,
          xFrom + b.from(),
          out,
          outFrom + b.from(),
          b.rows(),
          b.stride(),
          b.width(),
          columns.of(line.means()),
          columns.of(line.scales()),
          columns.of(line.shifts()),
          columns.at(),
          relu);
    }
  }

  @Override
  public void standardiseRunsAddRelu(int from, int runs, int length, int channel) {
    tiles().standardiseRunsAddRelu(from, runs, length, channel);
  }

  @Override
  public void standardiseStripAddRelu(StripBlock block) {
    tiles().standardiseStripAddRelu(block);
  }

  @Override
  public void runSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx) {
    boolean inPlace = gate == null && areNarrow(block);
    RunSums sums = inPlace ? RunSums.inPlace(scratch) : RunSums.byPieces(scratch);
    sums.gradients(this, block, line, relu, gate, sumG, sumGx);
  }

  @Override
  public void stripSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx) {
    new StripSums(scratch).gradients(this, block, line, relu, gate, sumG, sumGx);
  }

  @Override
  public void addGradients(
      StripBlock b, StripSums.Line perColumn, boolean relu, double[] sumG, double[] sumGx) {
    if (!fills(b) || !areNarrow(b)) {
      tiles().addGradients(b, perColumn, relu, sumG, sumGx);
      return;
    }
    kernels.rowGradientSums(
        x,
        xFrom + b.from(),
        g,
        gFrom + b.from(),
        b.rows(),
        b.stride(),
        b.width(),
        perColumn.mean(),
        perColumn.scale(),
        perColumn.shift(),
        relu,
        sumG,
        sumGx,
        0);
  }

  @Override
  public void addRunGradients(StripBlock b, boolean relu, double[] sumG, double[] sumGx, int to) {
    if (!areNarrow(b)) {
      tiles().addRunGradients(b, relu, sumG, sumGx, to);
      return;
    }
    kernels.runGradientSums(
        x,
        xFrom + b.from(),
        g,
        gFrom + b.from(),
        b.channels(),
        b.length(),
        line.means(),
        line.scales(),
        line.shifts(),
        b.channel(),
        relu,
        sumG,
        sumGx,
        to);
  }

  @Override
  public void addWide(StripBlock rows, int channel, boolean relu, double[] sums) {
    tiles().addWide(rows, channel, relu, sums);
  }

  @Override
  public void runGradient(int from, int runs, int length, int channel, boolean relu) {
    if (!takes(runs, length, channel)) {
      tiles().runGradient(from, runs, length, channel, relu);
      return;
    }
    kernels.runInputGradient(
        x,
        xFrom + from,
        g,
        gFrom + from,
        out,
        outFrom + from,
        runs,
        length,
        line.means(),
        line.scales(),
        line.shifts(),
        line.as(),
        line.bs(),
        line.cs(),
        channel,
        relu);
  }

  @Override
  public void stripGradient(StripBlock b, boolean relu) {
    if (!takes(b)) {
      tiles().stripGradient(b, relu);
      return;
    }
    try (Columns columns = new Columns(b, scratch.floats())) {
      float[] mean = columns.of(line.means());
      kernels.rowInputGradient(
          x,
          xFrom + b.from(),
          g,
          gFrom + b.from(),
          out,
          outFrom + b.from(),
          b.rows(),
          b.stride(),
          b.width(),
          mean,
          relu ? columns.of(line.scales()) : mean,
          relu ? columns.of(line.shifts()) : mean,
          columns.of(line.as()),
          columns.of(line.bs()),
          columns.of(line.cs()),
          columns.at(),
          relu);
    }
  }
}
