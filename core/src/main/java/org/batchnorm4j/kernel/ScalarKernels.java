package org.batchnorm4j.kernel;

import java.util.Arrays;

/**
 * The definition of {@link CpuKernels} in plain loops, for every JVM. Other implementations return the same bits.
 *
 * <ul>
 *   <li>Plane sums follow {@link VirtualLanes}: a value is widened to float64 first and then added.
 *   <li>Row sums take four rows at a time, {@code sum + ((r0 + r1) + (r2 + r3))}, then what is left row by row.
 *   <li>Squares are fused, {@code fma(d, d, sum)}, with {@code d = (double) x - mean} in float64. A product of two widened floats
 *       is exact, so for {@code g * (x - mean)} fusing would change nothing.
 *   <li>Elementwise results are float32 with one rounding per fused step: {@code fma(x - mean, scale, shift)} and {@code fma(g, a,
 *       fma(x - mean, b, c))}. With {@code x == mean} they are exactly {@code shift} and {@code fma(g, a, c)}.
 * </ul>
 *
 * <p>{@code Math.fma} rounds once on every JVM; it is fast where the processor has the instruction (x64 since 2013, all arm64).
 *
 * <p>Thread safety: stateless; safe from many threads on disjoint outputs.
 */
public final class ScalarKernels implements CpuKernels {

  /** Creates the kernels; they have no state, so one instance does for all. */
  public ScalarKernels() {}

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public void planeMoments(
      float[] x, int from, int planes, int stride, int length, double[] moments, int at) {
    double[] lanes = VirtualLanes.zeros();
    for (int p = 0; p < planes; p++) {
      addRun(x, from + p * stride, length, lanes);
    }
    double count = Math.max(1L, (long) planes * length); // 0 / 1 keeps an empty block at (0, 0)
    double mean = VirtualLanes.foldAndClear(lanes) / count;
    for (int p = 0; p < planes; p++) {
      addSquares(x, from + p * stride, length, mean, lanes);
    }
    moments[at] = mean;
    moments[at + 1] = VirtualLanes.foldAndClear(lanes);
  }

  private static void addRun(float[] x, int from, int length, double[] lanes) {
    int whole = VirtualLanes.whole(length);
    int i = 0;
    for (; i + VirtualLanes.WHOLE_LANES <= whole; i += VirtualLanes.WHOLE_LANES) {
      for (int lane = 0; lane < VirtualLanes.WHOLE_LANES; lane++) {
        lanes[lane] += x[from + i + lane];
      }
    }
    for (int lane = 0; i < whole; i++, lane++) {
      lanes[lane] += x[from + i];
    }
    for (int lane = VirtualLanes.WHOLE_LANES; i < length; i++, lane++) {
      lanes[lane] += x[from + i];
    }
  }

  private static void addSquares(float[] x, int from, int length, double mean, double[] lanes) {
    int whole = VirtualLanes.whole(length);
    int i = 0;
    for (; i + VirtualLanes.WHOLE_LANES <= whole; i += VirtualLanes.WHOLE_LANES) {
      for (int lane = 0; lane < VirtualLanes.WHOLE_LANES; lane++) {
        lanes[lane] = plusSquare(lanes[lane], x[from + i + lane] - mean);
      }
    }
    for (int lane = 0; i < whole; i++, lane++) {
      lanes[lane] = plusSquare(lanes[lane], x[from + i] - mean);
    }
    for (int lane = VirtualLanes.WHOLE_LANES; i < length; i++, lane++) {
      lanes[lane] = plusSquare(lanes[lane], x[from + i] - mean);
    }
  }

  private static double plusSquare(double sum, double d) {
    return Math.fma(d, d, sum);
  }

  @Override
  public void standardisePlanes(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift,
      boolean relu) {
    for (int p = 0; p < planes; p++) {
      int from = xFrom + p * stride;
      int to = yFrom + p * stride;
      if (relu) {
        for (int i = 0; i < length; i++) {
          y[to + i] = Math.max(standardised(x[from + i], mean, scale, shift), 0f);
        }
      } else {
        for (int i = 0; i < length; i++) {
          y[to + i] = standardised(x[from + i], mean, scale, shift);
        }
      }
    }
  }

  /** Centred first: folding the mean into the shift loses the digits of 1000 ± 0.01. */
  private static float standardised(float x, float mean, float scale, float shift) {
    return Math.fma(x - mean, scale, shift);
  }

  @Override
  public void planeGradientSums(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      int length,
      float mean,
      double[] sums,
      int at) {
    double[] lanes = VirtualLanes.zeros();
    double[] centredLanes = VirtualLanes.zeros();
    int whole = VirtualLanes.whole(length);
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int gRun = gFrom + p * stride;
      for (int i = 0; i < length; i++) {
        int lane = i < whole ? i % VirtualLanes.WHOLE_LANES : VirtualLanes.WHOLE_LANES + i - whole;
        double gradient = g[gRun + i];
        lanes[lane] += gradient;
        centredLanes[lane] += gradient * (x[xRun + i] - mean);
      }
    }
    sums[at] = VirtualLanes.foldAndClear(lanes);
    sums[at + 1] = VirtualLanes.foldAndClear(centredLanes);
  }

  @Override
  public void planeGradientSumsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift,
      double[] sums,
      int at) {
    double[] lanes = VirtualLanes.zeros();
    double[] centredLanes = VirtualLanes.zeros();
    int whole = VirtualLanes.whole(length);
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int gRun = gFrom + p * stride;
      for (int i = 0; i < length; i++) {
        int lane = i < whole ? i % VirtualLanes.WHOLE_LANES : VirtualLanes.WHOLE_LANES + i - whole;
        float value = x[xRun + i];
        double gradient = gated(g[gRun + i], value, mean, scale, shift);
        lanes[lane] += gradient;
        centredLanes[lane] += gradient * (value - mean);
      }
    }
    sums[at] = VirtualLanes.foldAndClear(lanes);
    sums[at + 1] = VirtualLanes.foldAndClear(centredLanes);
  }

  /** The gradient behind a ReLU: {@code g} where the pre-activation is positive, else 0. */
  private static float gated(float g, float x, float mean, float scale, float shift) {
    return standardised(x, mean, scale, shift) > 0f ? g : 0f;
  }

  @Override
  public void planeInputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float a,
      float b,
      float c) {
    for (int p = 0; p < planes; p++) {
      int run = p * stride;
      for (int i = run; i < run + length; i++) {
        dx[dxFrom + i] = inputGradient(g[gFrom + i], x[xFrom + i] - mean, a, b, c);
      }
    }
  }

  private static float inputGradient(float g, float centred, float a, float b, float c) {
    return Math.fma(g, a, Math.fma(centred, b, c));
  }

  @Override
  public void planeInputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift,
      float a,
      float b,
      float c) {
    for (int p = 0; p < planes; p++) {
      int run = p * stride;
      for (int i = run; i < run + length; i++) {
        float value = x[xFrom + i];
        float gradient = gated(g[gFrom + i], value, mean, scale, shift);
        dx[dxFrom + i] = inputGradient(gradient, value - mean, a, b, c);
      }
    }
  }

  @Override
  public void rowMoments(
      float[] x, int from, int rows, int stride, int channels, double[] mean, double[] m2, int at) {
    Arrays.fill(mean, at, at + channels, 0.0);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      int row = from + r * stride;
      for (int c = 0; c < channels; c++) {
        int i = row + c;
        double pair = (double) x[i] + x[i + stride];
        double next = (double) x[i + 2 * stride] + x[i + 3 * stride];
        mean[at + c] += pair + next;
      }
    }
    for (; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        mean[at + c] += x[from + r * stride + c];
      }
    }
    double count = Math.max(1, rows); // 0 / 1 keeps an empty block at (0, 0)
    for (int c = at; c < at + channels; c++) {
      mean[c] /= count;
    }
    rowSquares(x, from, rows, stride, channels, mean, m2, at);
  }

  private static void rowSquares(
      float[] x, int from, int rows, int stride, int channels, double[] mean, double[] m2, int at) {
    Arrays.fill(m2, at, at + channels, 0.0);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      int row = from + r * stride;
      for (int c = 0; c < channels; c++) {
        int i = row + c;
        double centre = mean[at + c];
        double d0 = x[i] - centre;
        double d1 = x[i + stride] - centre;
        double d2 = x[i + 2 * stride] - centre;
        double d3 = x[i + 3 * stride] - centre;
        m2[at + c] += Math.fma(d0, d0, d1 * d1) + Math.fma(d2, d2, d3 * d3);
      }
    }
    for (; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        m2[at + c] = plusSquare(m2[at + c], x[from + r * stride + c] - mean[at + c]);
      }
    }
  }

  @Override
  public void standardiseRows(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu) {
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      if (relu) {
        for (int c = 0; c < channels; c++) {
          int k = at + c;
          y[to + c] = Math.max(standardised(x[from + c], mean[k], scale[k], shift[k]), 0f);
        }
      } else {
        for (int c = 0; c < channels; c++) {
          int k = at + c;
          y[to + c] = standardised(x[from + c], mean[k], scale[k], shift[k]);
        }
      }
    }
  }

  @Override
  public void rowGradientSums(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    Arrays.fill(sumG, at, at + channels, 0.0);
    Arrays.fill(sumGx, at, at + channels, 0.0);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      int row = r * stride;
      for (int c = 0; c < channels; c++) {
        int i = xFrom + row + c;
        int j = gFrom + row + c;
        float centre = mean[at + c];
        double g0 = g[j];
        double g1 = g[j + stride];
        double g2 = g[j + 2 * stride];
        double g3 = g[j + 3 * stride];
        sumG[at + c] += (g0 + g1) + (g2 + g3);
        sumGx[at + c] +=
            (g0 * (x[i] - centre) + g1 * (x[i + stride] - centre))
                + (g2 * (x[i + 2 * stride] - centre) + g3 * (x[i + 3 * stride] - centre));
      }
    }
    for (; r < rows; r++) {
      int row = r * stride;
      for (int c = 0; c < channels; c++) {
        double gradient = g[gFrom + row + c];
        sumG[at + c] += gradient;
        sumGx[at + c] += gradient * (x[xFrom + row + c] - mean[at + c]);
      }
    }
  }

  @Override
  public void rowGradientSumsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    Arrays.fill(sumG, at, at + channels, 0.0);
    Arrays.fill(sumGx, at, at + channels, 0.0);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      int row = r * stride;
      for (int c = 0; c < channels; c++) {
        int i = xFrom + row + c;
        int j = gFrom + row + c;
        int k = at + c;
        float x0 = x[i];
        float x1 = x[i + stride];
        float x2 = x[i + 2 * stride];
        float x3 = x[i + 3 * stride];
        double g0 = gated(g[j], x0, mean[k], scale[k], shift[k]);
        double g1 = gated(g[j + stride], x1, mean[k], scale[k], shift[k]);
        double g2 = gated(g[j + 2 * stride], x2, mean[k], scale[k], shift[k]);
        double g3 = gated(g[j + 3 * stride], x3, mean[k], scale[k], shift[k]);
        sumG[k] += (g0 + g1) + (g2 + g3);
        sumGx[k] +=
            (g0 * (x0 - mean[k]) + g1 * (x1 - mean[k]))
                + (g2 * (x2 - mean[k]) + g3 * (x3 - mean[k]));
      }
    }
    for (; r < rows; r++) {
      int row = r * stride;
      for (int c = 0; c < channels; c++) {
        int k = at + c;
        float value = x[xFrom + row + c];
        double gradient = gated(g[gFrom + row + c], value, mean[k], scale[k], shift[k]);
        sumG[k] += gradient;
        sumGx[k] += gradient * (value - mean[k]);
      }
    }
  }

  @Override
  public void rowInputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    for (int r = 0; r < rows; r++) {
      int row = r * stride;
      for (int c = 0; c < channels; c++) {
        int i = row + c;
        int k = at + c;
        dx[dxFrom + i] = inputGradient(g[gFrom + i], x[xFrom + i] - mean[k], a[k], b[k], d[k]);
      }
    }
  }

  @Override
  public void rowInputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    for (int r = 0; r < rows; r++) {
      int row = r * stride;
      for (int c = 0; c < channels; c++) {
        int i = row + c;
        int k = at + c;
        float value = x[xFrom + i];
        float gradient = gated(g[gFrom + i], value, mean[k], scale[k], shift[k]);
        dx[dxFrom + i] = inputGradient(gradient, value - mean[k], a[k], b[k], d[k]);
      }
    }
  }
}
