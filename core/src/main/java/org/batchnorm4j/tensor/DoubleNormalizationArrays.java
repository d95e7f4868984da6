package org.batchnorm4j.tensor;

import java.util.Arrays;
import org.batchnorm4j.kernel.DoubleKernels;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.jspecify.annotations.Nullable;

/** float64 arrays; always the scalar kernels. */
final class DoubleNormalizationArrays implements NormalizationArrays {
  private final double[] x;
  private final int xFrom;
  private final double[] g;
  private final int gFrom;
  private final double[] out;
  private final int outFrom;
  private final ChannelAffine affine;
  private final double[] a;
  private final double[] b;
  private final double[] c;

  DoubleNormalizationArrays(
      Tensor x, Tensor g, Tensor out, ChannelAffine affine, GradientLine line) {
    this.x = x.unsafeDoubleArray();
    this.xFrom = x.offset();
    this.g = g.unsafeDoubleArray();
    this.gFrom = g.offset();
    this.out = out.unsafeDoubleArray();
    this.outFrom = out.offset();
    this.affine = affine;
    a = line.a();
    b = line.b();
    c = line.c();
  }

  @Override
  public double residue(int channel) {
    return 0;
  }

  @Override
  public void runMoments(StripBlock block, double[] mean, double[] m2) {
    double[] pair = new double[2];
    for (int c = 0; c < block.channels(); c++) {
      int from = xFrom + block.from() + c * block.length();
      DoubleKernels.planeMoments(x, from, block.rows(), block.stride(), block.length(), pair, 0);
      mean[block.channel() + c] = pair[0];
      m2[block.channel() + c] = pair[1];
    }
  }

  @Override
  public void stripMoments(StripBlock b, double[] mean, double[] m2) {
    DoubleKernels.rowMoments(
        x, xFrom + b.from(), b.rows(), b.stride(), b.channels(), mean, m2, b.channel());
  }

  @Override
  public void standardiseRuns(int from, int runs, int length, int channel, boolean relu) {
    DoubleKernels.standardiseRuns(
        x,
        xFrom + from,
        out,
        outFrom + from,
        runs,
        length,
        affine.mean(),
        affine.scale(),
        affine.shift(),
        channel,
        relu);
  }

  @Override
  public void standardiseStrip(StripBlock b, boolean relu) {
    DoubleKernels.standardiseRows(
        x,
        xFrom + b.from(),
        out,
        outFrom + b.from(),
        b.rows(),
        b.stride(),
        b.channels(),
        affine.mean(),
        affine.scale(),
        affine.shift(),
        b.channel(),
        relu);
  }

  @Override
  public void standardiseRunsAddRelu(int from, int runs, int length, int channel) {
    DoubleKernels.standardiseRunsAddRelu(
        x,
        xFrom + from,
        g,
        gFrom + from,
        out,
        outFrom + from,
        runs,
        length,
        affine.mean(),
        affine.scale(),
        affine.shift(),
        channel);
  }

  @Override
  public void standardiseStripAddRelu(StripBlock b) {
    DoubleKernels.standardiseRowsAddRelu(
        x,
        xFrom + b.from(),
        g,
        gFrom + b.from(),
        out,
        outFrom + b.from(),
        b.rows(),
        b.stride(),
        b.channels(),
        affine.mean(),
        affine.scale(),
        affine.shift(),
        b.channel());
  }

  @Override
  public void runSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx) {
    double[] pair = new double[2];
    for (int c = 0; c < block.channels(); c++) {
      int channel = block.channel() + c;
      planeSums(block, block.from() + c * block.length(), channel, relu, gate, pair);
      sumG[channel] = pair[0];
      sumGx[channel] = pair[1];
    }
  }

  private void planeSums(
      StripBlock b, int from, int ch, boolean relu, @Nullable ReluGate gate, double[] sums) {
    int runs = b.rows();
    int stride = b.stride();
    int length = b.length();
    int xi = xFrom + from;
    int gi = gFrom + from;
    double mean = affine.mean()[ch];
    if (gate != null) {
      gate.pass(from, runs, stride, length);
    }
    if (relu) {
      double scale = affine.scale()[ch];
      double shift = affine.shift()[ch];
      DoubleKernels.planeGradientSumsRelu(
          x, xi, g, gi, runs, stride, length, mean, scale, shift, sums, 0);
    } else {
      DoubleKernels.planeGradientSums(x, xi, g, gi, runs, stride, length, mean, sums, 0);
    }
  }

  @Override
  public void stripSums(
      StripBlock b, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx) {
    int xi = xFrom + b.from();
    int gi = gFrom + b.from();
    if (gate != null) {
      gate.pass(b.from(), b.rows(), b.stride(), b.channels());
    }
    Arrays.fill(sumG, b.channel(), b.channel() + b.channels(), 0.0);
    Arrays.fill(sumGx, b.channel(), b.channel() + b.channels(), 0.0);
    if (relu) {
      DoubleKernels.rowGradientSumsRelu(
          x,
          xi,
          g,
          gi,
          b.rows(),
          b.stride(),
          b.channels(),
          affine.mean(),
          affine.scale(),
          affine.shift(),
          sumG,
          sumGx,
          b.channel());
    } else {
      DoubleKernels.rowGradientSums(
          x,
          xi,
          g,
          gi,
          b.rows(),
          b.stride(),
          b.channels(),
          affine.mean(),
          sumG,
          sumGx,
          b.channel());
    }
  }

  @Override
  public void runGradient(int from, int runs, int length, int channel, boolean relu) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    int di = outFrom + from;
    double[] mean = affine.mean();
    if (relu) {
      double[] scale = affine.scale();
      double[] shift = affine.shift();
      DoubleKernels.runInputGradientRelu(
          x, xi, g, gi, out, di, runs, length, mean, scale, shift, a, b, c, channel);
    } else {
      DoubleKernels.runInputGradient(x, xi, g, gi, out, di, runs, length, mean, a, b, c, channel);
    }
  }

  @Override
  public void stripGradient(StripBlock block, boolean relu) {
    int rows = block.rows();
    int stride = block.stride();
    int channels = block.channels();
    int ch = block.channel();
    int xi = xFrom + block.from();
    int gi = gFrom + block.from();
    int di = outFrom + block.from();
    double[] mean = affine.mean();
    if (relu) {
      double[] scale = affine.scale();
      double[] shift = affine.shift();
      DoubleKernels.rowInputGradientRelu(
          x, xi, g, gi, out, di, rows, stride, channels, mean, scale, shift, a, b, c, ch);
    } else {
      DoubleKernels.rowInputGradient(
          x, xi, g, gi, out, di, rows, stride, channels, mean, a, b, c, ch);
    }
  }
}
