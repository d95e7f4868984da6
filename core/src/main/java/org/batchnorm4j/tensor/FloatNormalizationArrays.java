package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;
import org.jspecify.annotations.Nullable;

/** float32 arrays: the kernels of the backend, and float64 for {@link WideChannels}. */
final class FloatNormalizationArrays implements NormalizationArrays, SumSource {
  private final CpuKernels kernels;
  private final FloatChannels line;
  private final NormalizationScratch scratch;
  private final float[] x;
  private final int xFrom;
  private final float[] g;
  private final int gFrom;
  private final float[] out;
  private final int outFrom;

  FloatNormalizationArrays(
      CpuKernels kernels,
      FloatChannels line,
      NormalizationScratch scratch,
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom) {
    this.kernels = kernels;
    this.line = line;
    this.scratch = scratch;
    this.x = x;
    this.xFrom = xFrom;
    this.g = g;
    this.gFrom = gFrom;
    this.out = out;
    this.outFrom = outFrom;
  }

  static FloatNormalizationArrays of(
      CpuKernels kernels,
      Tensor x,
      Tensor g,
      Tensor out,
      FloatChannels line,
      NormalizationScratch scratch) {
    return new FloatNormalizationArrays(
        kernels,
        line,
        scratch,
        x.unsafeFloatArray(),
        x.offset(),
        g.unsafeFloatArray(),
        g.offset(),
        out.unsafeFloatArray(),
        out.offset());
  }

  @Override
  public double residue(int channel) {
    return line.residue(channel);
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
  public float value(int position) {
    return x[xFrom + position];
  }

  @Override
  public void addMoments(StripBlock b, float[] pivot, double[] sums, double[] squares) {
    kernels.rowMomentSums(
        x, xFrom + b.from(), b.rows(), b.stride(), b.width(), pivot, sums, squares, 0);
  }

  @Override
  public void addRunMoments(
      StripBlock b, float[] pivot, int at, double[] sums, double[] squares, int to) {
    kernels.runMomentSums(
        x, xFrom + b.from(), b.channels(), b.length(), pivot, at, sums, squares, to);
  }

  /** Runs of the next channel each, as one row. */
  private static StripBlock row(int from, int runs, int length, int channel) {
    return new StripBlock(from, 1, 0, channel, runs, length, 1);
  }

  @Override
  public void standardiseRuns(int from, int runs, int length, int channel, boolean relu) {
    line.forEachPart(
        row(from, runs, length, channel),
        (column, count) ->
            kernels.standardiseRuns(
                x,
                xFrom + from + column,
                out,
                outFrom + from + column,
                count / length,
                length,
                line.means(),
                line.scales(),
                line.shifts(),
                channel + column / length,
                relu),
        (column, wide) -> {
          int xi = xFrom + from + column;
          int yi = outFrom + from + column;
          WideChannels.standardise(line, x, xi, out, yi, 1, 0, length, wide, relu);
        });
  }

  @Override
  public void standardiseStrip(StripBlock block, boolean relu) {
    int rows = block.rows();
    int stride = block.stride();
    try (Columns columns = new Columns(block, scratch.floats())) {
      float[] mean = columns.of(line.means());
      float[] scale = columns.of(line.scales());
      float[] shift = columns.of(line.shifts());
      line.forEachPart(
          block,
          (column, count) -> {
            int from = block.from() + column;
            int at = columns.at() + column;
            kernels.standardiseRows(
                x,
                xFrom + from,
                out,
                outFrom + from,
                rows,
                stride,
                count,
                mean,
                scale,
                shift,
                at,
                relu);
          },
          (column, channel) -> {
            int xi = xFrom + block.from() + column;
            int yi = outFrom + block.from() + column;
            int length = block.length();
            WideChannels.standardise(line, x, xi, out, yi, rows, stride, length, channel, relu);
          });
    }
  }

  @Override
  public void standardiseRunsAddRelu(int from, int runs, int length, int channel) {
    line.forEachPart(
        row(from, runs, length, channel),
        (column, count) ->
            kernels.standardiseRunsAddRelu(
                x,
                xFrom + from + column,
                g,
                gFrom + from + column,
                out,
                outFrom + from + column,
                count / length,
                length,
                line.means(),
                line.scales(),
                line.shifts(),
                channel + column / length),
        (column, wide) -> {
          int xi = xFrom + from + column;
          int gi = gFrom + from + column;
          int yi = outFrom + from + column;
          WideChannels.standardiseAddRelu(line, x, xi, g, gi, out, yi, 1, 0, length, wide);
        });
  }

  @Override
  public void standardiseStripAddRelu(StripBlock block) {
    int rows = block.rows();
    int stride = block.stride();
    try (Columns columns = new Columns(block, scratch.floats())) {
      float[] mean = columns.of(line.means());
      float[] scale = columns.of(line.scales());
      float[] shift = columns.of(line.shifts());
      line.forEachPart(
          block,
          (column, count) -> {
            int xi = xFrom + block.from() + column;
            int gi = gFrom + block.from() + column;
            int yi = outFrom + block.from() + column;
            int at = columns.at() + column;
            kernels.standardiseRowsAddRelu(
                x, xi, g, gi, out, yi, rows, stride, count, mean, scale, shift, at);
          },
          (column, channel) -> {
            int xi = xFrom + block.from() + column;
            int gi = gFrom + block.from() + column;
            int yi = outFrom + block.from() + column;
            int length = block.length();
            WideChannels.standardiseAddRelu(
                line, x, xi, g, gi, out, yi, rows, stride, length, channel);
          });
    }
  }

  @Override
  public void runSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx) {
    RunSums.inPlace(scratch).gradients(this, block, line, relu, gate, sumG, sumGx);
  }

  @Override
  public void stripSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx) {
    new StripSums(scratch).gradients(this, block, line, relu, gate, sumG, sumGx);
  }

  @Override
  public void addGradients(
      StripBlock b, StripSums.Line perColumn, boolean relu, double[] sumG, double[] sumGx) {
    int xi = xFrom + b.from();
    int gi = gFrom + b.from();
    float[] mean = perColumn.mean();
    if (relu) {
      float[] scale = perColumn.scale();
      float[] shift = perColumn.shift();
      kernels.rowGradientSumsRelu(
          x, xi, g, gi, b.rows(), b.stride(), b.width(), mean, scale, shift, sumG, sumGx, 0);
    } else {
      kernels.rowGradientSums(x, xi, g, gi, b.rows(), b.stride(), b.width(), mean, sumG, sumGx, 0);
    }
  }

  @Override
  public void addRunGradients(StripBlock b, boolean relu, double[] sumG, double[] sumGx, int to) {
    int xi = xFrom + b.from();
    int gi = gFrom + b.from();
    int runs = b.channels();
    int at = b.channel();
    float[] mean = line.means();
    if (relu) {
      float[] scale = line.scales();
      float[] shift = line.shifts();
      kernels.runGradientSumsRelu(
          x, xi, g, gi, runs, b.length(), mean, scale, shift, at, sumG, sumGx, to);
    } else {
      kernels.runGradientSums(x, xi, g, gi, runs, b.length(), mean, at, sumG, sumGx, to);
    }
  }

  @Override
  public void addRunGradients(StripBlock b, ReluGate gate, double[] sumG, double[] sumGx, int to) {
    if (gate instanceof FloatReluGate floats) {
      floats.passWithSums(x, xFrom, b, line.means(), sumG, sumGx, to);
    } else {
      SumSource.super.addRunGradients(b, gate, sumG, sumGx, to);
    }
  }

  @Override
  public void addWide(StripBlock b, int channel, boolean relu, double[] sums) {
    double[] more = new double[2];
    for (int repeat = 0; repeat < b.repeats(); repeat++) {
      int column = (repeat * b.channels() + channel - b.channel()) * b.length();
      int xi = xFrom + b.from() + column;
      int gi = gFrom + b.from() + column;
      WideChannels.gradientSums(
          line, x, xi, g, gi, b.rows(), b.stride(), b.length(), channel, relu, more, 0, more, 1);
      sums[0] += more[0];
      sums[1] += more[1];
    }
  }

  @Override
  public void runGradient(int from, int runs, int length, int channel, boolean relu) {
    line.forEachPart(
        row(from, runs, length, channel),
        (column, count) ->
            narrowRunGradient(
                from + column, count / length, length, channel + column / length, relu),
        (column, wide) -> {
          int xi = xFrom + from + column;
          int gi = gFrom + from + column;
          int di = outFrom + from + column;
          WideChannels.inputGradient(line, x, xi, g, gi, out, di, 1, 0, length, wide, relu);
        });
  }

  private void narrowRunGradient(int from, int runs, int length, int ch, boolean relu) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    int di = outFrom + from;
    float[] mean = line.means();
    float[] a = line.as();
    float[] b = line.bs();
    float[] c = line.cs();
    if (relu) {
      float[] scale = line.scales();
      float[] shift = line.shifts();
      kernels.runInputGradientRelu(
          x, xi, g, gi, out, di, runs, length, mean, scale, shift, a, b, c, ch);
    } else {
      kernels.runInputGradient(x, xi, g, gi, out, di, runs, length, mean, a, b, c, ch);
    }
  }

  @Override
  public void stripGradient(StripBlock block, boolean relu) {
    int rows = block.rows();
    int stride = block.stride();
    try (Columns columns = new Columns(block, scratch.floats())) {
      float[] mean = columns.of(line.means());
      float[] scale = relu ? columns.of(line.scales()) : mean;
      float[] shift = relu ? columns.of(line.shifts()) : mean;
      float[] a = columns.of(line.as());
      float[] b = columns.of(line.bs());
      float[] c = columns.of(line.cs());
      line.forEachPart(
          block,
          (column, count) -> {
            int xi = xFrom + block.from() + column;
            int gi = gFrom + block.from() + column;
            int di = outFrom + block.from() + column;
            int at = columns.at() + column;
            if (relu) {
              kernels.rowInputGradientRelu(
                  x, xi, g, gi, out, di, rows, stride, count, mean, scale, shift, a, b, c, at);
            } else {
              kernels.rowInputGradient(
                  x, xi, g, gi, out, di, rows, stride, count, mean, a, b, c, at);
            }
          },
          (column, channel) -> {
            int xi = xFrom + block.from() + column;
            int gi = gFrom + block.from() + column;
            int di = outFrom + block.from() + column;
            int length = block.length();
            WideChannels.inputGradient(
                line, x, xi, g, gi, out, di, rows, stride, length, channel, relu);
          });
    }
  }
}
