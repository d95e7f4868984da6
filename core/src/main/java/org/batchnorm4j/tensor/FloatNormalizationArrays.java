package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;

/** float32 arrays: the kernels of the backend, and float64 for {@link WideChannels}. */
final class FloatNormalizationArrays implements NormalizationArrays {
  private final CpuKernels kernels;
  private final FloatChannels line;
  private final float[] x;
  private final int xFrom;
  private final float[] g;
  private final int gFrom;
  private final float[] out;
  private final int outFrom;

  FloatNormalizationArrays(
      CpuKernels kernels,
      FloatChannels line,
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom) {
    this.kernels = kernels;
    this.line = line;
    this.x = x;
    this.xFrom = xFrom;
    this.g = g;
    this.gFrom = gFrom;
    this.out = out;
    this.outFrom = outFrom;
  }

  static FloatNormalizationArrays of(
      CpuKernels kernels, Tensor x, Tensor g, Tensor out, FloatChannels line) {
    return new FloatNormalizationArrays(
        kernels,
        line,
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
  public void planeMoments(int from, int planes, int stride, int length, double[] moments, int at) {
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
    int xi = xFrom + from;
    int yi = outFrom + from;
    if (line.isWide(ch)) {
      WideChannels.standardise(line, x, xi, out, yi, planes, stride, length, ch, relu);
      return;
    }
    float mean = line.means()[ch];
    float scale = line.scales()[ch];
    float shift = line.shifts()[ch];
    kernels.standardisePlanes(x, xi, out, yi, planes, stride, length, mean, scale, shift, relu);
  }

  @Override
  public void standardiseRows(int from, int rows, int stride, int channels, int ch, boolean relu) {
    int xi = xFrom + from - ch;
    int yi = outFrom + from - ch;
    int to = ch + channels;
    for (int k = ch; k < to; k++) {
      int end = line.endOfNarrow(k, to);
      if (end > k) {
        kernels.standardiseRows(
            x,
            xi + k,
            out,
            yi + k,
            rows,
            stride,
            end - k,
            line.means(),
            line.scales(),
            line.shifts(),
            k,
            relu);
        k = end;
      }
      if (k < to) {
        WideChannels.standardise(line, x, xi + k, out, yi + k, rows, stride, 1, k, relu);
      }
    }
  }

  @Override
  public void standardisePlanesAddRelu(int from, int planes, int stride, int length, int ch) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    int yi = outFrom + from;
    if (line.isWide(ch)) {
      WideChannels.standardiseAddRelu(line, x, xi, g, gi, out, yi, planes, stride, length, ch);
      return;
    }
    float mean = line.means()[ch];
    float scale = line.scales()[ch];
    float shift = line.shifts()[ch];
    kernels.standardisePlanesAddRelu(
        x, xi, g, gi, out, yi, planes, stride, length, mean, scale, shift);
  }

  @Override
  public void standardiseRowsAddRelu(int from, int rows, int stride, int channels, int ch) {
    int to = ch + channels;
    for (int k = ch; k < to; k++) {
      int end = line.endOfNarrow(k, to);
      if (end > k) {
        int at = from - ch + k;
        kernels.standardiseRowsAddRelu(
            x,
            xFrom + at,
            g,
            gFrom + at,
            out,
            outFrom + at,
            rows,
            stride,
            end - k,
            line.means(),
            line.scales(),
            line.shifts(),
            k);
        k = end;
      }
      if (k < to) {
        int at = from - ch + k;
        WideChannels.standardiseAddRelu(
            line, x, xFrom + at, g, gFrom + at, out, outFrom + at, rows, stride, 1, k);
      }
    }
  }

  @Override
  public void planeSums(
      int from, int planes, int stride, int length, int ch, boolean relu, double[] sums, int at) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    float mean = line.means()[ch];
    if (line.isWide(ch)) {
      WideChannels.gradientSums(
          line, x, xi, g, gi, planes, stride, length, ch, relu, sums, at, sums, at + 1);
    } else if (relu) {
      float scale = line.scales()[ch];
      float shift = line.shifts()[ch];
      kernels.planeGradientSumsRelu(
          x, xi, g, gi, planes, stride, length, mean, scale, shift, sums, at);
    } else {
      kernels.planeGradientSums(x, xi, g, gi, planes, stride, length, mean, sums, at);
    }
  }

  @Override
  public void planeGatedSums(
      ReluGate gate, int from, int planes, int stride, int length, int ch, double[] sums, int at) {
    if (gate instanceof ReluGate.Floats floats && !line.isWide(ch)) {
      kernels.planeGatedGradientSums(
          x,
          xFrom + from,
          floats.y(),
          floats.yFrom() + from,
          floats.g(),
          floats.gFrom() + from,
          g,
          gFrom + from,
          planes,
          stride,
          length,
          line.means()[ch],
          sums,
          at);
    } else {
      NormalizationArrays.super.planeGatedSums(gate, from, planes, stride, length, ch, sums, at);
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
    int to = ch + channels;
    for (int k = ch; k < to; k++) {
      int end = line.endOfNarrow(k, to);
      if (end > k) {
        narrowRowSums(from - ch + k, rows, stride, end - k, k, relu, sumG, sumGx);
        k = end;
      }
      if (k < to) {
        int at = from - ch + k;
        WideChannels.gradientSums(
            line, x, xFrom + at, g, gFrom + at, rows, stride, 1, k, relu, sumG, k, sumGx, k);
      }
    }
  }

  private void narrowRowSums(
      int from,
      int rows,
      int stride,
      int channels,
      int ch,
      boolean relu,
      double[] sumG,
      double[] sumGx) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    if (relu) {
      kernels.rowGradientSumsRelu(
          x,
          xi,
          g,
          gi,
          rows,
          stride,
          channels,
          line.means(),
          line.scales(),
          line.shifts(),
          sumG,
          sumGx,
          ch);
    } else {
      kernels.rowGradientSums(x, xi, g, gi, rows, stride, channels, line.means(), sumG, sumGx, ch);
    }
  }

  @Override
  public void planeGradient(int from, int planes, int stride, int length, int ch, boolean relu) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    int di = outFrom + from;
    if (line.isWide(ch)) {
      WideChannels.inputGradient(line, x, xi, g, gi, out, di, planes, stride, length, ch, relu);
      return;
    }
    float mean = line.means()[ch];
    float a = line.as()[ch];
    float b = line.bs()[ch];
    float c = line.cs()[ch];
    if (relu) {
      float scale = line.scales()[ch];
      float shift = line.shifts()[ch];
      kernels.planeInputGradientRelu(
          x, xi, g, gi, out, di, planes, stride, length, mean, scale, shift, a, b, c);
    } else {
      kernels.planeInputGradient(x, xi, g, gi, out, di, planes, stride, length, mean, a, b, c);
    }
  }

  @Override
  public void rowGradient(int from, int rows, int stride, int channels, int ch, boolean relu) {
    int to = ch + channels;
    for (int k = ch; k < to; k++) {
      int end = line.endOfNarrow(k, to);
      if (end > k) {
        narrowRowGradient(from - ch + k, rows, stride, end - k, k, relu);
        k = end;
      }
      if (k < to) {
        int at = from - ch + k;
        WideChannels.inputGradient(
            line, x, xFrom + at, g, gFrom + at, out, outFrom + at, rows, stride, 1, k, relu);
      }
    }
  }

  private void narrowRowGradient(
      int from, int rows, int stride, int channels, int ch, boolean relu) {
    int xi = xFrom + from;
    int gi = gFrom + from;
    int di = outFrom + from;
    float[] mean = line.means();
    float[] a = line.as();
    float[] b = line.bs();
    float[] c = line.cs();
    if (relu) {
      kernels.rowInputGradientRelu(
          x,
          xi,
          g,
          gi,
          out,
          di,
          rows,
          stride,
          channels,
          mean,
          line.scales(),
          line.shifts(),
          a,
          b,
          c,
          ch);
    } else {
      kernels.rowInputGradient(x, xi, g, gi, out, di, rows, stride, channels, mean, a, b, c, ch);
    }
  }
}
