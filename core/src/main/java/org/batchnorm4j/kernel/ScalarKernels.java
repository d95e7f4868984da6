package org.batchnorm4j.kernel;

/**
 * The definition of {@link CpuKernels} in plain loops, for every JVM. Other implementations return
 * the same bits.
 *
 * <ul>
 *   <li>Sums of runs follow {@link VirtualLanes}. Row sums add one row after the other to what is
 *       there.
 *   <li>Moments are one pass over {@code d = x - pivot} in float64, {@code sum + d} and {@code
 *       fma(d, d, squares)}, where the pivot is the channel's first value in the block (0 if that
 *       is not finite). Then {@code mean = pivot + sum / n} and {@code M2 = max(0, squares - sum *
 *       (sum / n))}, which callers compute. No value of a sample is further than {@code sqrt(n -
 *       1)} standard deviations from its mean, so the subtraction magnifies rounding by at most
 *       {@code n}; with equal values it subtracts 0 from 0.
 *   <li>Gradient sums widen {@code g} and the float32 {@code x - mean}; their product is exact in
 *       float64.
 *   <li>Elementwise results are float32 with one rounding per fused step: {@code fma(x - mean,
 *       scale, shift)} and {@code fma(g, a, fma(x - mean, b, c))}. With {@code x == mean} they are
 *       exactly {@code shift} and {@code fma(g, a, c)}.
 * </ul>
 *
 * <p>{@code Math.fma} rounds once on every JVM; it is fast where the processor has the instruction
 * (x64 since 2013, all arm64).
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
  public void runMomentSums(
      float[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int to) {
    int steps = VirtualLanes.inSteps(length);
    int rest = VirtualLanes.restLane(steps, length);
    for (int r = 0; r < runs; r++) {
      int run = from + r * length;
      int lanes = to + r * VirtualLanes.COUNT;
      double p = pivot[at + r];
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        addMoments(x, run + i, VirtualLanes.STEP, p, sums, squares, lanes);
      }
      addMoments(x, run + steps, length - steps, p, sums, squares, lanes + rest);
    }
  }

  private static void addMoments(
      float[] x, int from, int count, double pivot, double[] sums, double[] squares, int lane) {
    for (int i = 0; i < count; i++) {
      double d = x[from + i] - pivot;
      sums[lane + i] += d;
      squares[lane + i] = Math.fma(d, d, squares[lane + i]);
    }
  }

  @Override
  public void standardiseRuns(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu) {
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * length;
      float m = mean[at + r];
      float s = scale[at + r];
      float t = shift[at + r];
      if (relu) {
        for (int i = 0; i < length; i++) {
          y[to + i] = rectified(standardised(x[from + i], m, s, t));
        }
      } else {
        for (int i = 0; i < length; i++) {
          y[to + i] = standardised(x[from + i], m, s, t);
        }
      }
    }
  }

  /**
   * NaN is not below or equal to 0 and stays; chosen as an int for the reason given in {@link
   * #gated}.
   */
  private static float rectified(float y) {
    return Float.intBitsToFloat(y <= 0f ? 0 : Float.floatToRawIntBits(y));
  }

  /** Centred first: folding the mean into the shift loses the digits of 1000 ± 0.01. */
  private static float standardised(float x, float mean, float scale, float shift) {
    return Math.fma(x - mean, scale, shift);
  }

  @Override
  public void standardiseRunsAddRelu(
      float[] x,
      int xFrom,
      float[] r,
      int rFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    for (int run = 0; run < runs; run++) {
      int k = at + run;
      for (int i = run * length; i < (run + 1) * length; i++) {
        float line = standardised(x[xFrom + i], mean[k], scale[k], shift[k]);
        y[yFrom + i] = rectified(line + r[rFrom + i]);
      }
    }
  }

  @Override
  public void gateRuns(
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int runs,
      int stride,
      int length) {
    for (int r = 0; r < runs; r++) {
      int run = r * stride;
      for (int i = run; i < run + length; i++) {
        out[outFrom + i] = gated(g[gFrom + i], y[yFrom + i]);
      }
    }
  }

  /**
   * {@code g} where {@code y} is positive, else 0. A mask in place of a choice, because C2 makes
   * vectors of it: its sign is that of y's bits, of those less 1 (for 0), or of those of infinity
   * less y's (for NaN).
   */
  private static float gated(float g, float y) {
    int bits = Float.floatToRawIntBits(y);
    int mask = ~((bits | (bits - 1) | (0x7f800000 - bits)) >> 31);
    return Float.intBitsToFloat(Float.floatToRawIntBits(g) & mask);
  }

  @Override
  public void runGradientSums(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int to) {
    int steps = VirtualLanes.inSteps(length);
    int rest = VirtualLanes.restLane(steps, length);
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int lanes = to + r * VirtualLanes.COUNT;
      float m = mean[at + r];
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        addGradients(x, xRun + i, g, gRun + i, VirtualLanes.STEP, m, sumG, sumGx, lanes);
      }
      addGradients(x, xRun + steps, g, gRun + steps, length - steps, m, sumG, sumGx, lanes + rest);
    }
  }

  private static void addGradients(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int count,
      float mean,
      double[] lanes,
      double[] products,
      int lane) {
    for (int i = 0; i < count; i++) {
      double gradient = g[gFrom + i];
      lanes[lane + i] += gradient;
      products[lane + i] += gradient * (x[xFrom + i] - mean);
    }
  }

  @Override
  public void runGradientSumsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      double[] sumG,
      double[] sumGx,
      int to) {
    float[] passed = new float[VirtualLanes.STEP];
    for (int r = 0; r < runs; r++) {
      int k = at + r;
      int lanes = to + r * VirtualLanes.COUNT;
      for (int i = 0; i < length; i += VirtualLanes.STEP) {
        int xi = xFrom + r * length + i;
        int gi = gFrom + r * length + i;
        int count = Math.min(VirtualLanes.STEP, length - i);
        for (int j = 0; j < count; j++) {
          passed[j] = gated(g[gi + j], x[xi + j], mean[k], scale[k], shift[k]);
        }
        int lane = lanes + VirtualLanes.lane(i, length);
        addGradients(x, xi, passed, 0, count, mean[k], sumG, sumGx, lane);
      }
    }
  }

  /** The gradient behind a ReLU: {@code g} where the pre-activation is positive, else 0. */
  private static float gated(float g, float x, float mean, float scale, float shift) {
    // chosen as an int, which compiles to a move; as a float it is a branch on unpredictable data
    return Float.intBitsToFloat(
        standardised(x, mean, scale, shift) > 0f ? Float.floatToRawIntBits(g) : 0);
  }

  @Override
  public void runInputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] a,
      float[] b,
      float[] c,
      int at) {
    for (int r = 0; r < runs; r++) {
      int k = at + r;
      for (int i = r * length; i < (r + 1) * length; i++) {
        dx[dxFrom + i] = inputGradient(g[gFrom + i], x[xFrom + i] - mean[k], a[k], b[k], c[k]);
      }
    }
  }

  private static float inputGradient(float g, float centred, float a, float b, float c) {
    return Math.fma(g, a, Math.fma(centred, b, c));
  }

  @Override
  public void runInputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] c,
      int at) {
    for (int r = 0; r < runs; r++) {
      int k = at + r;
      for (int i = r * length; i < (r + 1) * length; i++) {
        float value = x[xFrom + i];
        float gradient = gated(g[gFrom + i], value, mean[k], scale[k], shift[k]);
        dx[dxFrom + i] = inputGradient(gradient, value - mean[k], a[k], b[k], c[k]);
      }
    }
  }

  @Override
  public void rowMomentSums(
      float[] x,
      int from,
      int rows,
      int stride,
      int channels,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int k = at + c;
        double d = (double) x[from + r * stride + c] - pivot[k];
        sums[k] += d;
        squares[k] = Math.fma(d, d, squares[k]);
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
          y[to + c] = rectified(standardised(x[from + c], mean[k], scale[k], shift[k]));
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
  public void standardiseRowsAddRelu(
      float[] x,
      int xFrom,
      float[] r,
      int rFrom,
      float[] y,
      int yFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    for (int row = 0; row < rows; row++) {
      for (int c = 0; c < channels; c++) {
        int i = row * stride + c;
        int k = at + c;
        float line = standardised(x[xFrom + i], mean[k], scale[k], shift[k]);
        y[yFrom + i] = rectified(line + r[rFrom + i]);
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
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        double gradient = g[gFrom + i];
        sumG[k] += gradient;
        sumGx[k] += gradient * (x[xFrom + i] - mean[k]);
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
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < channels; c++) {
        int i = r * stride + c;
        int k = at + c;
        float value = x[xFrom + i];
        double gradient = gated(g[gFrom + i], value, mean[k], scale[k], shift[k]);
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

  // ---- half types; runs without gaps are one long run, which compilers turn into vectors

  @Override
  public void widenFloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    if (stride == length && runs > 1) {
      widenFloat16(x, xFrom, 1, 0, runs * length, y, yFrom);
      return;
    }
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * length;
      for (int i = 0; i < length; i++) {
        y[to + i] = Float.float16ToFloat(x[from + i]);
      }
    }
  }

  @Override
  public void narrowFloat16(
      float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length) {
    if (stride == length && runs > 1) {
      narrowFloat16(x, xFrom, y, yFrom, 1, 0, runs * length);
      return;
    }
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * stride;
      for (int i = 0; i < length; i++) {
        y[to + i] = Float.floatToFloat16(x[from + i]);
      }
    }
  }

  @Override
  public void widenBfloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * length;
      for (int i = 0; i < length; i++) {
        y[to + i] = Bfloat16.widened(x[from + i]);
      }
    }
  }

  @Override
  public void narrowBfloat16(
      float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length) {
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * stride;
      for (int i = 0; i < length; i++) {
        y[to + i] = Bfloat16.rounded(x[from + i]);
      }
    }
  }
}
