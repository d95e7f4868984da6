package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementwise kernels over rows whose channels fill whole vectors and have constants of their own:
 * the output, with a ReLU or the end of a residual block, and the input gradient.
 *
 * <p>In calls of few values, which are taken to be in a cache, constants that are fetched serve
 * four rows where there is no ReLU. That is up to 1.4 times as fast there, where fetching is the
 * limit; with the calls of a ReLU a method is too large, see {@link RowSums}. From memory one row
 * after the other is faster, in its order.
 */
final class RowLines {
  /**
   * Values that a call has at most if they are in a cache: those of a tile or of a small tensor.
   */
  private static final int CACHED = 32768;

  private RowLines() {}

  /** Rows that are taken one by one, where others are taken so many at a time. */
  private static int oneByOne(int rows, int stride, int together) {
    return (long) rows * stride > CACHED ? rows : rows % together;
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
    int left = oneByOne(rows, stride, 8);
    for (int r = 0; r < rows - left; r += 8) {
      int x0 = xFrom + r * stride;
      standardiseEight(x, x0, y, yFrom + r * stride, stride, channels, mean, scale, shift, at);
    }
    for (int r = rows - left; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        VectorKernels.standardised(load(x, from + c), load(mean, k), load(scale, k), load(shift, k))
            .intoArray(y, to + c);
      }
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
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        rectified(
                VectorKernels.standardised(
                    load(x, from + c), load(mean, k), load(scale, k), load(shift, k)))
            .intoArray(y, to + c);
      }
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
    for (int row = 0; row < rows; row++) {
      int xRow = xFrom + row * stride;
      int rRow = rFrom + row * stride;
      int yRow = yFrom + row * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        rectified(
                VectorKernels.standardised(
                        load(x, xRow + c), load(mean, k), load(scale, k), load(shift, k))
                    .add(load(r, rRow + c)))
            .intoArray(y, yRow + c);
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
    int left = oneByOne(rows, stride, 4);
    for (int r = 0; r < rows - left; r += 4) {
      int x0 = xFrom + r * stride;
      int g0 = gFrom + r * stride;
      int dx0 = dxFrom + r * stride;
      inputGradientFour(x, x0, g, g0, dx, dx0, stride, channels, mean, a, b, d, at);
    }
    for (int r = rows - left; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = load(x, xRow + c).sub(load(mean, k));
        load(g, gRow + c)
            .fma(load(a, k), centred.fma(load(b, k), load(d, k)))
            .intoArray(dx, dxRow + c);
      }
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
    FloatVector zero = FloatVector.zero(FLOATS);
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = load(x, xRow + c).sub(load(mean, k));
        FloatVector gradient =
            zero.blend(
                load(g, gRow + c),
                centred.fma(load(scale, k), load(shift, k)).compare(VectorOperators.GT, 0f));
        gradient.fma(load(a, k), centred.fma(load(b, k), load(d, k))).intoArray(dx, dxRow + c);
      }
    }
  }
}
