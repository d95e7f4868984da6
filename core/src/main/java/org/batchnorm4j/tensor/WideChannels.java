package org.batchnorm4j.tensor;

/**
 * The loops for the few channels whose constants leave float32's range ({@link FloatChannels}): one
 * channel at a time, in float64, rounded once. The values lie in runs of {@code length}, {@code
 * stride} apart; a channel of a row block has runs of length 1.
 */
final class WideChannels {
  private WideChannels() {}

  static void standardise(
      FloatChannels channels,
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int runs,
      int stride,
      int length,
      int channel,
      boolean relu) {
    for (int run = 0; run < runs; run++) {
      for (int i = run * stride; i < run * stride + length; i++) {
        float value = (float) channels.wideLine(x[xFrom + i], channel);
        y[yFrom + i] = relu ? Math.max(value, 0f) : value;
      }
    }
  }

  /** {@code y} may be {@code x} or {@code r} at the same offset. */
  static void standardiseAddRelu(
      FloatChannels channels,
      float[] x,
      int xFrom,
      float[] r,
      int rFrom,
      float[] y,
      int yFrom,
      int runs,
      int stride,
      int length,
      int channel) {
    for (int run = 0; run < runs; run++) {
      for (int i = run * stride; i < run * stride + length; i++) {
        float line = (float) channels.wideLine(x[xFrom + i], channel);
        y[yFrom + i] = Math.max(line + r[rFrom + i], 0f);
      }
    }
  }

  /** Writes sum(g) to {@code sumG[at]} and sum(g * (x - mean)) to {@code sumGx[gxAt]}. */
  static void gradientSums(
      FloatChannels channels,
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int stride,
      int length,
      int channel,
      boolean relu,
      double[] sumG,
      int at,
      double[] sumGx,
      int gxAt) {
    double sum = 0;
    double products = 0;
    for (int run = 0; run < runs; run++) {
      for (int i = run * stride; i < run * stride + length; i++) {
        float value = x[xFrom + i];
        float gradient = relu && !channels.isActive(value, channel) ? 0 : g[gFrom + i];
        sum += gradient;
        products = Math.fma(gradient, channels.wideCentred(value, channel), products);
      }
    }
    sumG[at] = sum;
    sumGx[gxAt] = products;
  }

  /** {@code dx} may be {@code g} at the same offset. */
  static void inputGradient(
      FloatChannels channels,
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int stride,
      int length,
      int channel,
      boolean relu) {
    for (int run = 0; run < runs; run++) {
      for (int i = run * stride; i < run * stride + length; i++) {
        float value = x[xFrom + i];
        float gradient = relu && !channels.isActive(value, channel) ? 0 : g[gFrom + i];
        dx[dxFrom + i] = (float) channels.wideGradient(gradient, value, channel);
      }
    }
  }
}
