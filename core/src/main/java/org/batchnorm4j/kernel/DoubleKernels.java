package org.batchnorm4j.kernel;

import java.util.Arrays;

/**
 * The twins of {@link CpuKernels} for tensors of float64: the same names, arguments and formulas
 * over {@code double[]}, in plain loops only.
 *
 * <p>There is no wider type to sum in, so moments are taken of {@code x - pivot}, where the pivot
 * is the first value of the channel: a constant channel gives its mean exactly and M2 exactly 0,
 * and a large common offset costs no digits. A pivot that is not finite is replaced by 0. Plane
 * sums run over 8 lanes (index within the run, modulo 8), row sums over the rows in order.
 *
 * <p>Thread safety: stateless; safe from many threads on disjoint outputs.
 */
public final class DoubleKernels {
  private static final int LANES = 8;

  private DoubleKernels() {}

  /**
   * Writes the mean and M2 of {@code planes} runs of one channel, {@code stride} apart, to {@code
   * moments[at]} and {@code moments[at + 1]}; no values give (0, 0).
   */
  public static void planeMoments(
      double[] x, int from, int planes, int stride, int length, double[] moments, int at) {
    moments[at] = 0.0;
    moments[at + 1] = 0.0;
    long count = (long) planes * length;
    if (count == 0) {
      return;
    }
    double pivot = finiteOrZero(x[from]);
    double[] lanes = new double[LANES];
    for (int p = 0; p < planes; p++) {
      for (int i = 0; i < length; i++) {
        lanes[i % LANES] += x[from + p * stride + i] - pivot;
      }
    }
    double mean = pivot + foldAndClear(lanes) / count;
    for (int p = 0; p < planes; p++) {
      for (int i = 0; i < length; i++) {
        double d = x[from + p * stride + i] - mean;
        lanes[i % LANES] = Math.fma(d, d, lanes[i % LANES]);
      }
    }
    moments[at] = mean;
    moments[at + 1] = foldAndClear(lanes);
  }

  private static double finiteOrZero(double x) {
    return Double.isFinite(x) ? x : 0.0;
  }

  private static double foldAndClear(double[] lanes) {
    double sum =
        ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
            + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
    Arrays.fill(lanes, 0.0);
    return sum;
  }

  /** See {@link CpuKernels#standardiseRuns}. */
  public static void standardiseRuns(
      double[] x,
      int xFrom,
      double[] y,
      int yFrom,
      int runs,
      int length,
      double[] mean,
      double[] scale,
      double[] shift,
      int at,
      boolean relu) {
    for (int r = 0; r < runs; r++) {
      int k = at + r;
      for (int i = r * length; i < (r + 1) * length; i++) {
        double value = standardised(x[xFrom + i], mean[k], scale[k], shift[k]);
        y[yFrom + i] = relu ? Math.max(value, 0.0) : value;
      }
    }
  }

  private static double standardised(double x, double mean, double scale, double shift) {
    return Math.fma(x - mean, scale, shift);
  }

  /** See {@link CpuKernels#standardiseRunsAddRelu}. */
  public static void standardiseRunsAddRelu(
      double[] x,
      int xFrom,
      double[] r,
      int rFrom,
      double[] y,
      int yFrom,
      int runs,
      int length,
      double[] mean,
      double[] scale,
      double[] shift,
      int at) {
    for (int run = 0; run < runs; run++) {
      int k = at + run;
      for (int i = run * length; i < (run + 1) * length; i++) {
        double line = standardised(x[xFrom + i], mean[k], scale[k], shift[k]);
        y[yFrom + i] = Math.max(line + r[rFrom + i], 0.0);
      }
    }
  }

  /** See {@link CpuKernels#gateRuns}. */
  public static void gateRuns(
      double[] y,
      int yFrom,
      double[] g,
      int gFrom,
      double[] out,
      int outFrom,
      int runs,
      int stride,
      int length) {
    for (int r = 0; r < runs; r++) {
      int run = r * stride;
      for (int i = run; i < run + length; i++) {
        out[outFrom + i] = y[yFrom + i] > 0.0 ? g[gFrom + i] : 0.0;
      }
    }
  }

  /**
   * Writes {@code sum(g)} and {@code sum(g * (x - mean))} over {@code planes} runs of one channel
   * to {@code sums[at]} and {@code sums[at + 1]}.
   */
  public static void planeGradientSums(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      int planes,
      int stride,
      int length,
      double mean,
      double[] sums,
      int at) {
    double[] lanes = new double[LANES];
    double[] centredLanes = new double[LANES];
    for (int p = 0; p < planes; p++) {
      for (int i = 0; i < length; i++) {
        int lane = i % LANES;
        double gradient = g[gFrom + p * stride + i];
        double centred = x[xFrom + p * stride + i] - mean;
        lanes[lane] += gradient;
        centredLanes[lane] = Math.fma(gradient, centred, centredLanes[lane]);
      }
    }
    sums[at] = foldAndClear(lanes);
    sums[at + 1] = foldAndClear(centredLanes);
  }

  /**
   * Like {@link #planeGradientSums}, with {@code g} taken as 0 where {@code (x - mean) * scale +
   * shift} is not positive.
   */
  public static void planeGradientSumsRelu(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      int planes,
      int stride,
      int length,
      double mean,
      double scale,
      double shift,
      double[] sums,
      int at) {
    double[] lanes = new double[LANES];
    double[] centredLanes = new double[LANES];
    for (int p = 0; p < planes; p++) {
      for (int i = 0; i < length; i++) {
        int lane = i % LANES;
        double value = x[xFrom + p * stride + i];
        double gradient = gated(g[gFrom + p * stride + i], value, mean, scale, shift);
        lanes[lane] += gradient;
        centredLanes[lane] = Math.fma(gradient, value - mean, centredLanes[lane]);
      }
    }
    sums[at] = foldAndClear(lanes);
    sums[at + 1] = foldAndClear(centredLanes);
  }

  private static double gated(double g, double x, double mean, double scale, double shift) {
    return standardised(x, mean, scale, shift) > 0.0 ? g : 0.0;
  }

  /** See {@link CpuKernels#runInputGradient}. */
  public static void runInputGradient(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      double[] dx,
      int dxFrom,
      int runs,
      int length,
      double[] mean,
      double[] a,
      double[] b,
      double[] c,
      int at) {
    for (int r = 0; r < runs; r++) {
      int k = at + r;
      for (int i = r * length; i < (r + 1) * length; i++) {
        dx[dxFrom + i] = inputGradient(g[gFrom + i], x[xFrom + i] - mean[k], a[k], b[k], c[k]);
      }
    }
  }

  private static double inputGradient(double g, double centred, double a, double b, double c) {
    return Math.fma(g, a, Math.fma(centred, b, c));
  }

  /** See {@link CpuKernels#runInputGradientRelu}. */
  public static void runInputGradientRelu(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      double[] dx,
      int dxFrom,
      int runs,
      int length,
      double[] mean,
      double[] scale,
      double[] shift,
      double[] a,
      double[] b,
      double[] c,
      int at) {
    for (int r = 0; r < runs; r++) {
      int k = at + r;
      for (int i = r * length; i < (r + 1) * length; i++) {
        double value = x[xFrom + i];
        double gradient = gated(g[gFrom + i], value, mean[k], scale[k], shift[k]);
        dx[dxFrom + i] = inputGradient(gradient, value - mean[k], a[k], b[k], c[k]);
      }
    }
  }

  /**
   * Writes, for each of {@code channels} adjacent channels, the mean over {@code rows} rows to
   * {@code mean[at + c]} and the sum of squared deviations to {@code m2[at + c]}, in two passes. No
   * rows give (0, 0).
   */
  public static void rowMoments(
      double[] x,
      int from,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] m2,
      int at) {
    Arrays.fill(mean, at, at + channels, 0.0);
    Arrays.fill(m2, at, at + channels, 0.0);
    if (rows == 0) {
      return;
    }
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        mean[at + c] += x[from + r * stride + c] - finiteOrZero(x[from + c]);
      }
    }
    for (int c = 0; c < channels; c++) {
      mean[at + c] = finiteOrZero(x[from + c]) + mean[at + c] / rows;
    }
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        double d = x[from + r * stride + c] - mean[at + c];
        m2[at + c] = Math.fma(d, d, m2[at + c]);
      }
    }
  }

  /** See {@link CpuKernels#standardiseRows}. */
  public static void standardiseRows(
      double[] x,
      int xFrom,
      double[] y,
      int yFrom,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] scale,
      double[] shift,
      int at,
      boolean relu) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        double value = standardised(x[xFrom + i], mean[k], scale[k], shift[k]);
        y[yFrom + i] = relu ? Math.max(value, 0.0) : value;
      }
    }
  }

  /** See {@link CpuKernels#standardiseRowsAddRelu}. */
  public static void standardiseRowsAddRelu(
      double[] x,
      int xFrom,
      double[] r,
      int rFrom,
      double[] y,
      int yFrom,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] scale,
      double[] shift,
      int at) {
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < channels; c++) {
        int i = row * stride + c;
        int k = at + c;
        double line = standardised(x[xFrom + i], mean[k], scale[k], shift[k]);
        y[yFrom + i] = Math.max(line + r[rFrom + i], 0.0);
      }
    }
  }

  /** See {@link CpuKernels#rowGradientSums}. */
  public static void rowGradientSums(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        double gradient = g[gFrom + i];
        sumG[k] += gradient;
        sumGx[k] = Math.fma(gradient, x[xFrom + i] - mean[k], sumGx[k]);
      }
    }
  }

  /** See {@link CpuKernels#rowGradientSumsRelu}. */
  public static void rowGradientSumsRelu(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] scale,
      double[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        double value = x[xFrom + i];
        double gradient = gated(g[gFrom + i], value, mean[k], scale[k], shift[k]);
        sumG[k] += gradient;
        sumGx[k] = Math.fma(gradient, value - mean[k], sumGx[k]);
      }
    }
  }

  /** See {@link CpuKernels#rowInputGradient}. */
  public static void rowInputGradient(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      double[] dx,
      int dxFrom,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] a,
      double[] b,
      double[] d,
      int at) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        dx[dxFrom + i] = inputGradient(g[gFrom + i], x[xFrom + i] - mean[k], a[k], b[k], d[k]);
      }
    }
  }

  /** See {@link CpuKernels#rowInputGradientRelu}. */
  public static void rowInputGradientRelu(
      double[] x,
      int xFrom,
      double[] g,
      int gFrom,
      double[] dx,
      int dxFrom,
      int rows,
      int stride,
      int channels,
      double[] mean,
      double[] scale,
      double[] shift,
      double[] a,
      double[] b,
      double[] d,
      int at) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        double value = x[xFrom + i];
        double gradient = gated(g[gFrom + i], value, mean[k], scale[k], shift[k]);
        dx[dxFrom + i] = inputGradient(gradient, value - mean[k], a[k], b[k], d[k]);
      }
    }
  }
}
