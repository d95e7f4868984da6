package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.DOUBLES;
import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.NARROW;
import static org.batchnorm4j.simd.VectorWidth.loadNarrow;
import static org.batchnorm4j.simd.VectorWidth.loadWide;
import static org.batchnorm4j.simd.VectorWidth.widened;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Sums over rows, added to what is there, for channels that fill whole vectors of doubles.
 *
 * <p>Groups of rows are written out one by one and the loop goes along the channels. So each row
 * has loads of its own, which the processor reads ahead of, and the loop is long. Where a loop goes
 * down the rows instead, the same load jumps from row to row and every few rows a loop ends: half
 * the speed. Rows that are left over go down so, a tile of two vectors of channels, or one, at a
 * time.
 *
 * <p>A method has about 45 calls of the Vector API at most. With more than C2 inlines in one go, in
 * one start of the JVM out of two its vectors become objects, which is four to ten times slower.
 * For the same reason methods call nothing but the Vector API after their loops, and the groups
 * have more than 325 bytes of code, HotSpot's {@code FreqInlineSize}: shorter ones are inlined into
 * their callers, and with these they are past that limit, sometimes only after thousands of calls.
 */
final class RowSums {
  private static final int PAIR = 2 * DOUBLE_COUNT;

  private RowSums() {}

  static void moments(
      float[] x,
      int from,
      int rows,
      int stride,
      int channels,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int row = 0;
    for (; row + 8 <= rows; row += 8) {
      momentsOfEight(x, from + row * stride, stride, channels, pivot, sums, squares, at);
    }
    int left = rows - row;
    if (left > 0) {
      int rest = from + row * stride;
      int c = 0;
      for (; c + PAIR <= channels; c += PAIR) {
        momentPair(x, rest + c, left, stride, pivot, sums, squares, at + c);
      }
      if (c < channels) {
        momentTile(x, rest + c, left, stride, pivot, sums, squares, at + c);
      }
    }
  }

  private static void momentsOfEight(
      float[] x,
      int row0,
      int stride,
      int channels,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int row1 = row0 + stride;
    int row2 = row1 + stride;
    int row3 = row2 + stride;
    int row4 = row3 + stride;
    int row5 = row4 + stride;
    int row6 = row5 + stride;
    int row7 = row6 + stride;
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      DoubleVector pivots = loadWide(pivot, at + c);
      DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, at + c);
      DoubleVector square = DoubleVector.fromArray(DOUBLES, squares, at + c);
      DoubleVector d0 = loadWide(x, row0 + c).sub(pivots);
      sum = sum.add(d0);
      square = d0.fma(d0, square);
      DoubleVector d1 = loadWide(x, row1 + c).sub(pivots);
      sum = sum.add(d1);
      square = d1.fma(d1, square);
      DoubleVector d2 = loadWide(x, row2 + c).sub(pivots);
      sum = sum.add(d2);
      square = d2.fma(d2, square);
      DoubleVector d3 = loadWide(x, row3 + c).sub(pivots);
      sum = sum.add(d3);
      square = d3.fma(d3, square);
      DoubleVector d4 = loadWide(x, row4 + c).sub(pivots);
      sum = sum.add(d4);
      square = d4.fma(d4, square);
      DoubleVector d5 = loadWide(x, row5 + c).sub(pivots);
      sum = sum.add(d5);
      square = d5.fma(d5, square);
      DoubleVector d6 = loadWide(x, row6 + c).sub(pivots);
      sum = sum.add(d6);
      square = d6.fma(d6, square);
      DoubleVector d7 = loadWide(x, row7 + c).sub(pivots);
      sum = sum.add(d7);
      square = d7.fma(d7, square);
      sum.intoArray(sums, at + c);
      square.intoArray(squares, at + c);
    }
  }

  private static void momentPair(
      float[] x,
      int from,
      int rows,
      int stride,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int next = at + DOUBLE_COUNT;
    DoubleVector pivot0 = loadWide(pivot, at);
    DoubleVector pivot1 = loadWide(pivot, next);
    DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sums, at);
    DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sums, next);
    DoubleVector square0 = DoubleVector.fromArray(DOUBLES, squares, at);
    DoubleVector square1 = DoubleVector.fromArray(DOUBLES, squares, next);
    for (int r = 0; r < rows; r++) {
      int i = from + r * stride;
      DoubleVector d0 = loadWide(x, i).sub(pivot0);
      DoubleVector d1 = loadWide(x, i + DOUBLE_COUNT).sub(pivot1);
      sum0 = sum0.add(d0);
      sum1 = sum1.add(d1);
      square0 = d0.fma(d0, square0);
      square1 = d1.fma(d1, square1);
    }
    sum0.intoArray(sums, at);
    sum1.intoArray(sums, next);
    square0.intoArray(squares, at);
    square1.intoArray(squares, next);
  }

  private static void momentTile(
      float[] x,
      int from,
      int rows,
      int stride,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    DoubleVector pivots = loadWide(pivot, at);
    DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, at);
    DoubleVector square = DoubleVector.fromArray(DOUBLES, squares, at);
    for (int r = 0; r < rows; r++) {
      DoubleVector d = loadWide(x, from + r * stride).sub(pivots);
      sum = sum.add(d);
      square = d.fma(d, square);
    }
    sum.intoArray(sums, at);
    square.intoArray(squares, at);
  }

  static void gradients(
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
    int row = 0;
    for (; row + 4 <= rows; row += 4) {
      int to = row * stride;
      gradientsOfFour(x, xFrom + to, g, gFrom + to, stride, channels, mean, sumG, sumGx, at);
    }
    int left = rows - row;
    if (left > 0) {
      int xRest = xFrom + row * stride;
      int gRest = gFrom + row * stride;
      int c = 0;
      for (; c + PAIR <= channels; c += PAIR) {
        gradientPair(x, xRest + c, g, gRest + c, left, stride, mean, sumG, sumGx, at + c);
      }
      if (c < channels) {
        gradientTile(x, xRest + c, g, gRest + c, left, stride, mean, sumG, sumGx, at + c);
      }
    }
  }

  private static void gradientsOfFour(
      float[] x,
      int x0,
      float[] g,
      int g0,
      int stride,
      int channels,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    int x1 = x0 + stride;
    int g1 = g0 + stride;
    int x2 = x1 + stride;
    int g2 = g1 + stride;
    int x3 = x2 + stride;
    int g3 = g2 + stride;
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      FloatVector means = loadNarrow(mean, at + c);
      DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at + c);
      DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at + c);
      FloatVector centred0 = FloatVector.fromArray(NARROW, x, x0 + c).sub(means);
      DoubleVector d0 = loadWide(g, g0 + c);
      sum = sum.add(d0);
      product = d0.fma(widened(centred0), product);
      FloatVector centred1 = FloatVector.fromArray(NARROW, x, x1 + c).sub(means);
      DoubleVector d1 = loadWide(g, g1 + c);
      sum = sum.add(d1);
      product = d1.fma(widened(centred1), product);
      FloatVector centred2 = FloatVector.fromArray(NARROW, x, x2 + c).sub(means);
      DoubleVector d2 = loadWide(g, g2 + c);
      sum = sum.add(d2);
      product = d2.fma(widened(centred2), product);
      FloatVector centred3 = FloatVector.fromArray(NARROW, x, x3 + c).sub(means);
      DoubleVector d3 = loadWide(g, g3 + c);
      sum = sum.add(d3);
      product = d3.fma(widened(centred3), product);
      sum.intoArray(sumG, at + c);
      product.intoArray(sumGx, at + c);
    }
  }

  private static void gradientPair(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    int next = at + DOUBLE_COUNT;
    FloatVector mean0 = loadNarrow(mean, at);
    FloatVector mean1 = loadNarrow(mean, next);
    DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sumG, at);
    DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sumG, next);
    DoubleVector product0 = DoubleVector.fromArray(DOUBLES, sumGx, at);
    DoubleVector product1 = DoubleVector.fromArray(DOUBLES, sumGx, next);
    for (int r = 0; r < rows; r++) {
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      FloatVector c0 = loadNarrow(x, xi).sub(mean0);
      FloatVector c1 = loadNarrow(x, xi + DOUBLE_COUNT).sub(mean1);
      DoubleVector g0 = loadWide(g, gi);
      DoubleVector g1 = loadWide(g, gi + DOUBLE_COUNT);
      sum0 = sum0.add(g0);
      sum1 = sum1.add(g1);
      product0 = g0.fma(widened(c0), product0);
      product1 = g1.fma(widened(c1), product1);
    }
    sum0.intoArray(sumG, at);
    sum1.intoArray(sumG, next);
    product0.intoArray(sumGx, at);
    product1.intoArray(sumGx, next);
  }

  private static void gradientTile(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    FloatVector means = loadNarrow(mean, at);
    DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at);
    DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at);
    for (int r = 0; r < rows; r++) {
      FloatVector c = loadNarrow(x, xFrom + r * stride).sub(means);
      DoubleVector gradient = loadWide(g, gFrom + r * stride);
      sum = sum.add(gradient);
      product = gradient.fma(widened(c), product);
    }
    sum.intoArray(sumG, at);
    product.intoArray(sumGx, at);
  }

  static void gradientsRelu(
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
    int row = 0;
    for (; row + 3 <= rows; row += 3) {
      int to = row * stride;
      gradientsOfThreeRelu(
          x, xFrom + to, g, gFrom + to, stride, channels, mean, scale, shift, sumG, sumGx, at);
    }
    int left = rows - row;
    if (left > 0) {
      int xRest = xFrom + row * stride;
      int gRest = gFrom + row * stride;
      int c = 0;
      for (; c + PAIR <= channels; c += PAIR) {
        int k = at + c;
        gradientPairRelu(
            x, xRest + c, g, gRest + c, left, stride, mean, scale, shift, sumG, sumGx, k);
      }
      if (c < channels) {
        int k = at + c;
        gradientTileRelu(
            x, xRest + c, g, gRest + c, left, stride, mean, scale, shift, sumG, sumGx, k);
      }
    }
  }

  private static void gradientsOfThreeRelu(
      float[] x,
      int x0,
      float[] g,
      int g0,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    FloatVector zero = FloatVector.zero(NARROW);
    int x1 = x0 + stride;
    int g1 = g0 + stride;
    int x2 = x1 + stride;
    int g2 = g1 + stride;
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      FloatVector means = loadNarrow(mean, at + c);
      FloatVector scales = loadNarrow(scale, at + c);
      FloatVector shifts = loadNarrow(shift, at + c);
      DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at + c);
      DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at + c);
      FloatVector c0 = loadNarrow(x, x0 + c).sub(means);
      DoubleVector d0 =
          widened(
              zero.blend(
                  loadNarrow(g, g0 + c), c0.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum = sum.add(d0);
      product = d0.fma(widened(c0), product);
      FloatVector c1 = loadNarrow(x, x1 + c).sub(means);
      DoubleVector d1 =
          widened(
              zero.blend(
                  loadNarrow(g, g1 + c), c1.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum = sum.add(d1);
      product = d1.fma(widened(c1), product);
      FloatVector c2 = loadNarrow(x, x2 + c).sub(means);
      DoubleVector d2 =
          widened(
              zero.blend(
                  loadNarrow(g, g2 + c), c2.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum = sum.add(d2);
      product = d2.fma(widened(c2), product);
      sum.intoArray(sumG, at + c);
      product.intoArray(sumGx, at + c);
    }
  }

  private static void gradientPairRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    int next = at + DOUBLE_COUNT;
    FloatVector zero = FloatVector.zero(NARROW);
    FloatVector mean0 = loadNarrow(mean, at);
    FloatVector mean1 = loadNarrow(mean, next);
    FloatVector scale0 = loadNarrow(scale, at);
    FloatVector scale1 = loadNarrow(scale, next);
    FloatVector shift0 = loadNarrow(shift, at);
    FloatVector shift1 = loadNarrow(shift, next);
    DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sumG, at);
    DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sumG, next);
    DoubleVector product0 = DoubleVector.fromArray(DOUBLES, sumGx, at);
    DoubleVector product1 = DoubleVector.fromArray(DOUBLES, sumGx, next);
    for (int r = 0; r < rows; r++) {
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      FloatVector c0 = loadNarrow(x, xi).sub(mean0);
      FloatVector c1 = loadNarrow(x, xi + DOUBLE_COUNT).sub(mean1);
      DoubleVector g0 =
          widened(
              zero.blend(
                  loadNarrow(g, gi), c0.fma(scale0, shift0).compare(VectorOperators.GT, 0f)));
      DoubleVector g1 =
          widened(
              zero.blend(
                  loadNarrow(g, gi + DOUBLE_COUNT),
                  c1.fma(scale1, shift1).compare(VectorOperators.GT, 0f)));
      sum0 = sum0.add(g0);
      sum1 = sum1.add(g1);
      product0 = g0.fma(widened(c0), product0);
      product1 = g1.fma(widened(c1), product1);
    }
    sum0.intoArray(sumG, at);
    sum1.intoArray(sumG, next);
    product0.intoArray(sumGx, at);
    product1.intoArray(sumGx, next);
  }

  private static void gradientTileRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    FloatVector zero = FloatVector.zero(NARROW);
    FloatVector means = loadNarrow(mean, at);
    FloatVector scales = loadNarrow(scale, at);
    FloatVector shifts = loadNarrow(shift, at);
    DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at);
    DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at);
    for (int r = 0; r < rows; r++) {
      FloatVector c = loadNarrow(x, xFrom + r * stride).sub(means);
      DoubleVector gradient =
          widened(
              zero.blend(
                  loadNarrow(g, gFrom + r * stride),
                  c.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum = sum.add(gradient);
      product = gradient.fma(widened(c), product);
    }
    sum.intoArray(sumG, at);
    product.intoArray(sumGx, at);
  }
}
