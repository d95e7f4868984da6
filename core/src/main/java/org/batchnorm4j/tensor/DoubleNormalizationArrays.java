package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.DoubleKernels;
import org.batchnorm4j.statistics.ChannelAffine;

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
      Tensor x,
      Tensor g,
      Tensor out,
      ChannelAffine affine,
      double[] factors,
      double[] slopes,
      double[] constants) {
    this.x = x.unsafeDoubleArray();
    this.xFrom = x.offset();
    this.g = g.unsafeDoubleArray();
    this.gFrom = g.offset();
    this.out = out.unsafeDoubleArray();
    this.outFrom = out.offset();
    this.affine = affine;
    a = factors;
    b = slopes;
    c = constants;
  }

  @Override
  public double residue(int channel) {
    return 0;
  }

  @Override
  public void planeMoments(int from, int planes, int stride, int length, double[] moments, int at) {
    DoubleKernels.planeMoments(x, xFrom + from, planes, stride, length, moments, at);
  }

  @Override
  public void rowMoments(
      int from, int rows, int stride, int channels, double[] mean, double[] m2, int at) {
    DoubleKernels.rowMoments(x, xFrom + from, rows, stride, channels, mean, m2, at);
  }

  @Override
  public void standardisePlanes(
      int from, int planes, int stride, int length, int ch, boolean relu) {
    DoubleKernels.standardisePlanes(
        x,
        xFrom + from,
        out,
        outFrom + from,
        planes,
        stride,
        length,
        affine.mean()[ch],
        affine.scale()[ch],
        affine.shift()[ch],
        relu);
  }

  @Override
  public void standardiseRows(int from, int rows, int stride, int channels, int ch, boolean relu) {
    DoubleKernels.standardiseRows(
        x,
        xFrom + from,
        out,
        outFrom + from,
        rows,
        stride,
        channels,
        affine.mean(),
        affine.scale(),
        affine.shift(),
        ch,
        relu);
  }

  @Override
  public void standardisePlanesAddRelu(int from, int planes, int stride, int length, int ch) {
    DoubleKernels.standardisePlanesAddRelu(
        x,
        xFrom + from,
        g,
        gFrom + from,
        out,
        outFrom + from,
        planes,
        stride,
        length,
        affine.mean()[ch],
        affine.scale()[ch],
        affine.shift()[ch]);
  }

  @Override
  public void standardiseRowsAddRelu(int from, int rows, int stride, int channels, int ch) {
    DoubleKernels.standardiseRowsAddRelu(
        x,
        xFrom + from,
        g,
        gFrom + from,
        out,
        outFrom + from,
        rows,
        stride,
        channels,
        affine.mean(),
        affine.scale(),
        affine.shift(),
        ch);
  }

  @Override
  public void planeSums(
      int from, int planes, int stride, int length, int ch, boolean relu, double[] sums, int at) {
    if (relu) {
      DoubleKernels.planeGradientSumsRelu(
          x,
          xFrom + from,
          g,
          gFrom + from,
          planes,
          stride,
          length,
          affine.mean()[ch],
          affine.scale()[ch],
          affine.shift()[ch],
          sums,
          at);
    } else {
      DoubleKernels.planeGradientSums(
          x, xFrom + from, g, gFrom + from, planes, stride, length, affine.mean()[ch], sums, at);
    }
  }

  @Override
  public void rowSums(
      int from,
      int rows,
      int stride,
      int channels,
      int ch,
      boolean relu,
      double[] sumG,
      double[] sumGx) {
    if (relu) {
      DoubleKernels.rowGradientSumsRelu(
          x,
          xFrom + from,
          g,
          gFrom + from,
          rows,
          stride,
          channels,
          affine.mean(),
          affine.scale(),
          affine.shift(),
          sumG,
          sumGx,
          ch);
    } else {
      DoubleKernels.rowGradientSums(
          x, xFrom + from, g, gFrom + from, rows, stride, channels, affine.mean(), sumG, sumGx, ch);
    }
  }

  @Override
  public void planeGradient(int from, int planes, int stride, int length, int ch, boolean relu) {
    if (relu) {
      DoubleKernels.planeInputGradientRelu(
          x,
          xFrom + from,
          g,
          gFrom + from,
          out,
          outFrom + from,
          planes,
          stride,
          length,
          affine.mean()[ch],
          affine.scale()[ch],
          affine.shift()[ch],
          a[ch],
          b[ch],
          c[ch]);
    } else {
      DoubleKernels.planeInputGradient(
          x,
          xFrom + from,
          g,
          gFrom + from,
          out,
          outFrom + from,
          planes,
          stride,
          length,
          affine.mean()[ch],
          a[ch],
          b[ch],
          c[ch]);
    }
  }

  @Override
  public void rowGradient(int from, int rows, int stride, int channels, int ch, boolean relu) {
    if (relu) {
      DoubleKernels.rowInputGradientRelu(
          x,
          xFrom + from,
          g,
          gFrom + from,
          out,
          outFrom + from,
          rows,
          stride,
          channels,
          affine.mean(),
          affine.scale(),
          affine.shift(),
          a,
          b,
          c,
          ch);
    } else {
      DoubleKernels.rowInputGradient(
          x,
          xFrom + from,
          g,
          gFrom + from,
          out,
          outFrom + from,
          rows,
          stride,
          channels,
          affine.mean(),
          a,
          b,
          c,
          ch);
    }
  }
}
