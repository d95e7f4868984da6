package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.DoubleKernels;
import org.batchnorm4j.statistics.ChannelAffine;

/**
 * The kernels of one normalisation bound to its arrays, so that blocking and threading are written
 * once for float32 and float64. Positions count from the first element of the tensors. {@code at}
 * is where per-channel results go or where the channel's constants lie.
 */
sealed interface NormalizationArrays {

  void planeMoments(int from, int planes, int stride, int length, double[] moments, int at);

  void rowMoments(int from, int rows, int stride, int channels, double[] mean, double[] m2, int at);

  void standardisePlanes(int from, int planes, int stride, int length, int channel, boolean relu);

  void standardiseRows(int from, int rows, int stride, int channels, int channel, boolean relu);

  void planeSums(
      int from,
      int planes,
      int stride,
      int length,
      int channel,
      boolean relu,
      double[] sums,
      int at);

  void rowSums(
      int from,
      int rows,
      int stride,
      int channels,
      int channel,
      boolean relu,
      double[] sumG,
      double[] sumGx);

  void planeGradient(int from, int planes, int stride, int length, int channel, boolean relu);

  void rowGradient(int from, int rows, int stride, int channels, int channel, boolean relu);

  /** Difference between the mean as the kernels see it and the exact one. */
  double residue(int channel);

  /**
   * float32 arrays. The mean is rounded to float32 and its residue goes into the constants, so that
   * a constant channel gives exactly beta.
   */
  final class Floats implements NormalizationArrays {
    private final CpuKernels kernels;
    private final float[] x;
    private final int xFrom;
    private final float[] g;
    private final int gFrom;
    private final float[] out;
    private final int outFrom;
    private final float[] mean;
    private final float[] scale;
    private final float[] shift;
    private final double[] residue;
    private float[] a = {};
    private float[] b = {};
    private float[] c = {};

    Floats(CpuKernels kernels, Tensor x, Tensor g, Tensor out, ChannelAffine affine) {
      this.kernels = kernels;
      this.x = x.unsafeFloatArray();
      this.xFrom = x.offset();
      this.g = g.unsafeFloatArray();
      this.gFrom = g.offset();
      this.out = out.unsafeFloatArray();
      this.outFrom = out.offset();
      int channels = affine.channels();
      mean = new float[channels];
      scale = new float[channels];
      shift = new float[channels];
      residue = new double[channels];
      for (int i = 0; i < channels; i++) {
        mean[i] = (float) affine.mean()[i];
        double rest = mean[i] - affine.mean()[i];
        residue[i] = Double.isNaN(rest) ? 0 : rest; // an infinite mean has no residue
        scale[i] = (float) affine.scale()[i];
        shift[i] = (float) (affine.shift()[i] + residue[i] * affine.scale()[i]);
      }
    }

    Floats withGradient(double[] factors, double[] slopes, double[] constants) {
      int channels = mean.length;
      a = new float[channels];
      b = new float[channels];
      c = new float[channels];
      for (int i = 0; i < channels; i++) {
        a[i] = (float) factors[i];
        b[i] = (float) slopes[i];
        c[i] = (float) (constants[i] + residue[i] * slopes[i]);
      }
      return this;
    }

    @Override
    public double residue(int channel) {
      return residue[channel];
    }

    @Override
    public void planeMoments(
        int from, int planes, int stride, int length, double[] moments, int at) {
      kernels.planeMoments(x, xFrom + from, planes, stride, length, moments, at);
    }

    @Override
    public void rowMoments(
        int from, int rows, int stride, int channels, double[] means, double[] m2, int at) {
      kernels.rowMoments(x, xFrom + from, rows, stride, channels, means, m2, at);
    }

    @Override
    public void standardisePlanes(
        int from, int planes, int stride, int length, int ch, boolean relu) {
      kernels.standardisePlanes(
          x,
          xFrom + from,
          out,
          outFrom + from,
          planes,
          stride,
          length,
          mean[ch],
          scale[ch],
          shift[ch],
          relu);
    }

    @Override
    public void standardiseRows(
        int from, int rows, int stride, int channels, int ch, boolean relu) {
      kernels.standardiseRows(
          x,
          xFrom + from,
          out,
          outFrom + from,
          rows,
          stride,
          channels,
          mean,
          scale,
          shift,
          ch,
          relu);
    }

    @Override
    public void planeSums(
        int from, int planes, int stride, int length, int ch, boolean relu, double[] sums, int at) {
      if (relu) {
        kernels.planeGradientSumsRelu(
            x,
            xFrom + from,
            g,
            gFrom + from,
            planes,
            stride,
            length,
            mean[ch],
            scale[ch],
            shift[ch],
            sums,
            at);
      } else {
        kernels.planeGradientSums(
            x, xFrom + from, g, gFrom + from, planes, stride, length, mean[ch], sums, at);
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
        kernels.rowGradientSumsRelu(
            x,
            xFrom + from,
            g,
            gFrom + from,
            rows,
            stride,
            channels,
            mean,
            scale,
            shift,
            sumG,
            sumGx,
            ch);
      } else {
        kernels.rowGradientSums(
            x, xFrom + from, g, gFrom + from, rows, stride, channels, mean, sumG, sumGx, ch);
      }
    }

    @Override
    public void planeGradient(int from, int planes, int stride, int length, int ch, boolean relu) {
      if (relu) {
        kernels.planeInputGradientRelu(
            x,
            xFrom + from,
            g,
            gFrom + from,
            out,
            outFrom + from,
            planes,
            stride,
            length,
            mean[ch],
            scale[ch],
            shift[ch],
            a[ch],
            b[ch],
            c[ch]);
      } else {
        kernels.planeInputGradient(
            x,
            xFrom + from,
            g,
            gFrom + from,
            out,
            outFrom + from,
            planes,
            stride,
            length,
            mean[ch],
            a[ch],
            b[ch],
            c[ch]);
      }
    }

    @Override
    public void rowGradient(int from, int rows, int stride, int channels, int ch, boolean relu) {
      if (relu) {
        kernels.rowInputGradientRelu(
            x,
            xFrom + from,
            g,
            gFrom + from,
            out,
            outFrom + from,
            rows,
            stride,
            channels,
            mean,
            scale,
            shift,
            a,
            b,
            c,
            ch);
      } else {
        kernels.rowInputGradient(
            x,
            xFrom + from,
            g,
            gFrom + from,
            out,
            outFrom + from,
            rows,
            stride,
            channels,
            mean,
            a,
            b,
            c,
            ch);
      }
    }
  }

  /** float64 arrays; always the scalar kernels. */
  final class Doubles implements NormalizationArrays {
    private final double[] x;
    private final int xFrom;
    private final double[] g;
    private final int gFrom;
    private final double[] out;
    private final int outFrom;
    private final ChannelAffine affine;
    private double[] a = {};
    private double[] b = {};
    private double[] c = {};

    Doubles(Tensor x, Tensor g, Tensor out, ChannelAffine affine) {
      this.x = x.unsafeDoubleArray();
      this.xFrom = x.offset();
      this.g = g.unsafeDoubleArray();
      this.gFrom = g.offset();
      this.out = out.unsafeDoubleArray();
      this.outFrom = out.offset();
      this.affine = affine;
    }

    Doubles withGradient(double[] factors, double[] slopes, double[] constants) {
      a = factors;
      b = slopes;
      c = constants;
      return this;
    }

    @Override
    public double residue(int channel) {
      return 0;
    }

    @Override
    public void planeMoments(
        int from, int planes, int stride, int length, double[] moments, int at) {
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
    public void standardiseRows(
        int from, int rows, int stride, int channels, int ch, boolean relu) {
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
            x,
            xFrom + from,
            g,
            gFrom + from,
            rows,
            stride,
            channels,
            affine.mean(),
            sumG,
            sumGx,
            ch);
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
}
