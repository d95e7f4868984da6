package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementwise kernels over rows whose channels fill whole vectors and have constants of their own:
 * the output, with a ReLU or the end of a residual block, and the input gradient. Other rows are
 * those of {@link UnevenRows}.
 *
 * <p>Short rows are taken in two other ways than one by one, each up to 1.4 times as fast. In calls
 * of few values, which are taken to be in a cache, constants that are fetched serve four or eight
 * rows where there is no ReLU: fetching is the limit there, and with the calls of a ReLU a method
 * is too large, see {@link RowSums}. From memory, adjacent rows are one line, along which the
 * constants begin again and again: a loop that ends with every row ends too often.
 */
final class RowLines {
  /**
   * Values that a call has at most if they are in a cache: those of a tile or of a small tensor.
   */
  private static final int CACHED = 32768;

  /**
   * Values that a call has at most if they are in the last cache, where one line costs a quarter.
   */
  private static final int LAST_CACHE = 49152;

  /** Channels of the first rows that are taken one by one, cached or not. */
  private static final int LONG = 512;

  private RowLines() {}

  /** How many of the rows are taken so many at a time. */
  private static int together(int rows, int stride, int group) {
    boolean few = (long) rows * stride <= CACHED;
    return few && stride < LONG ? rows / group * group : 0;
  }

  private static boolean areOneLine(int rows, int stride, int channels) {
    boolean many = (long) rows * stride > LAST_CACHE;
    return many && stride == channels && stride < LONG;
  }

  /** Where the constants of the next vector of a line are. */
  private static int next(int k, int at, int channels) {
    return k + FLOAT_COUNT < at + channels ? k + FLOAT_COUNT : at;
  }

  private static FloatVector standardised(
      float[] x, int i, float[] mean, float[] scale, float[] shift, int k) {
    return VectorKernels.standardised(load(x, i), load(mean, k), load(scale, k), load(shift, k));
  }

  private static FloatVector inputGradient(
      FloatVector g, FloatVector centred, float[] a, float[] b, float[] d, int k) {
    return g.fma(load(a, k), centred.fma(load(b, k), load(d, k)));
  }

  private static FloatVector passed(
      FloatVector g, FloatVector centred, float[] scale, float[] shift, int k) {
    return FloatVector.zero(FLOATS)
        .blend(g, centred.fma(load(scale, k), load(shift, k)).compare(VectorOperators.GT, 0f));
  }

  private static void standardiseEight(
      float[] x,
      int x0,
      float[] y,
      int y0,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int x1 = x0 + stride;
    int y1 = y0 + stride;
    int x2 = x1 + stride;
    int y2 = y1 + stride;
    int x3 = x2 + stride;
    int y3 = y2 + stride;
    int x4 = x3 + stride;
    int y4 = y3 + stride;
    int x5 = x4 + stride;
    int y5 = y4 + stride;
    int x6 = x5 + stride;
    int y6 = y5 + stride;
    int x7 = x6 + stride;
    int y7 = y6 + stride;
    for (int c = 0; c < channels; c += FLOAT_COUNT) {
      FloatVector means = load(mean, at + c);
      FloatVector scales = load(scale, at + c);
      FloatVector shifts = load(shift, at + c);
      FloatVector.fromArray(FLOATS, x, x0 + c).sub(means).fma(scales, shifts).intoArray(y, y0 + c);
      FloatVector.fromArray(FLOATS, x, x1 + c).sub(means).fma(scales, shifts).intoArray(y, y1 + c);
      FloatVector.fromArray(FLOATS, x, x2 + c).sub(means).fma(scales, shifts).intoArray(y, y2 + c);
      FloatVector.fromArray(FLOATS, x, x3 + c).sub(means).fma(scales, shifts).intoArray(y, y3 + c);
      FloatVector.fromArray(FLOATS, x, x4 + c).sub(means).fma(scales, shifts).intoArray(y, y4 + c);
      FloatVector.fromArray(FLOATS, x, x5 + c).sub(means).fma(scales, shifts).intoArray(y, y5 + c);
      FloatVector.fromArray(FLOATS, x, x6 + c).sub(means).fma(scales, shifts).intoArray(y, y6 + c);
      FloatVector.fromArray(FLOATS, x, x7 + c).sub(means).fma(scales, shifts).intoArray(y, y7 + c);
    }
  }

  static void standardise(
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
      int at) {
    if (areOneLine(rows, stride, channels)) {
      standardiseLine(x, xFrom, y, yFrom, rows * channels, channels, mean, scale, shift, at);
      return;
    }
    int first = together(rows, stride, 8);
    for (int r = 0; r < first; r += 8) {
      int x0 = xFrom + r * stride;
      standardiseEight(x, x0, y, yFrom + r * stride, stride, channels, mean, scale, shift, at);
    }
    for (int r = first; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int i = 0; i < channels; i += FLOAT_COUNT) {
        standardised(x, from + i, mean, scale, shift, at + i).intoArray(y, to + i);
      }
    }
  }

  private static void standardiseLine(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int length,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int k = at;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      standardised(x, xFrom + i, mean, scale, shift, k).intoArray(y, yFrom + i);
      k = next(k, at, channels);
    }
  }

  static void standardiseRelu(
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
      int at) {
    if (areOneLine(rows, stride, channels)) {
      standardiseReluLine(x, xFrom, y, yFrom, rows * channels, channels, mean, scale, shift, at);
      return;
    }
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int i = 0; i < channels; i += FLOAT_COUNT) {
        rectified(standardised(x, from + i, mean, scale, shift, at + i)).intoArray(y, to + i);
      }
    }
  }

  private static void standardiseReluLine(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int length,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int k = at;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      rectified(standardised(x, xFrom + i, mean, scale, shift, k)).intoArray(y, yFrom + i);
      k = next(k, at, channels);
    }
  }

  static void standardiseAddRelu(
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
    for (int line = 0; line < rows; line++) {
      int from = xFrom + line * stride;
      int added = rFrom + line * stride;
      int to = yFrom + line * stride;
      for (int i = 0; i < channels; i += FLOAT_COUNT) {
        FloatVector sum =
            standardised(x, from + i, mean, scale, shift, at + i).add(load(r, added + i));
        rectified(sum).intoArray(y, to + i);
      }
    }
  }

  private static void inputGradientFour(
      float[] x,
      int x0,
      float[] g,
      int g0,
      float[] dx,
      int dx0,
      int stride,
      int channels,
      float[] mean,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    int x1 = x0 + stride;
    int g1 = g0 + stride;
    int dx1 = dx0 + stride;
    int x2 = x1 + stride;
    int g2 = g1 + stride;
    int dx2 = dx1 + stride;
    int x3 = x2 + stride;
    int g3 = g2 + stride;
    int dx3 = dx2 + stride;
    for (int c = 0; c < channels; c += FLOAT_COUNT) {
      FloatVector means = load(mean, at + c);
      FloatVector as = load(a, at + c);
      FloatVector bs = load(b, at + c);
      FloatVector ds = load(d, at + c);
      FloatVector slope0 = FloatVector.fromArray(FLOATS, x, x0 + c).sub(means).fma(bs, ds);
      load(g, g0 + c).fma(as, slope0).intoArray(dx, dx0 + c);
      FloatVector slope1 = FloatVector.fromArray(FLOATS, x, x1 + c).sub(means).fma(bs, ds);
      load(g, g1 + c).fma(as, slope1).intoArray(dx, dx1 + c);
      FloatVector slope2 = FloatVector.fromArray(FLOATS, x, x2 + c).sub(means).fma(bs, ds);
      load(g, g2 + c).fma(as, slope2).intoArray(dx, dx2 + c);
      FloatVector slope3 = FloatVector.fromArray(FLOATS, x, x3 + c).sub(means).fma(bs, ds);
      load(g, g3 + c).fma(as, slope3).intoArray(dx, dx3 + c);
    }
  }

  static void inputGradient(
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
    if (areOneLine(rows, stride, channels)) {
      inputGradientLine(
          x, xFrom, g, gFrom, dx, dxFrom, rows * channels, channels, mean, a, b, d, at);
      return;
    }
    int first = together(rows, stride, 4);
    for (int r = 0; r < first; r += 4) {
      int x0 = xFrom + r * stride;
      int g0 = gFrom + r * stride;
      int dx0 = dxFrom + r * stride;
      inputGradientFour(x, x0, g, g0, dx, dx0, stride, channels, mean, a, b, d, at);
    }
    for (int r = first; r < rows; r++) {
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      int to = dxFrom + r * stride;
      for (int i = 0; i < channels; i += FLOAT_COUNT) {
        FloatVector centred = load(x, xi + i).sub(load(mean, at + i));
        inputGradient(load(g, gi + i), centred, a, b, d, at + i).intoArray(dx, to + i);
      }
    }
  }

  private static void inputGradientLine(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int length,
      int channels,
      float[] mean,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    int k = at;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      FloatVector centred = load(x, xFrom + i).sub(load(mean, k));
      inputGradient(load(g, gFrom + i), centred, a, b, d, k).intoArray(dx, dxFrom + i);
      k = next(k, at, channels);
    }
  }

  static void inputGradientRelu(
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
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      int to = dxFrom + r * stride;
      for (int i = 0; i < channels; i += FLOAT_COUNT) {
        FloatVector centred = load(x, xi + i).sub(load(mean, at + i));
        FloatVector gradient = passed(load(g, gi + i), centred, scale, shift, at + i);
        inputGradient(gradient, centred, a, b, d, at + i).intoArray(dx, to + i);
      }
    }
  }
}
