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
 * <p>A tile is two vectors of channels, or one at the end, whose sums stay in registers over the
 * rows. Not four: a method with as many calls of the Vector API is more than C2 inlines in one go,
 * and in one start of the JVM out of two its vectors then become objects, which is four to ten
 * times slower. For the same reason tiles call nothing but the Vector API after their loops.
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
    int c = 0;
    for (; c + PAIR <= channels; c += PAIR) {
      momentPair(x, from + c, rows, stride, pivot, sums, squares, at + c);
    }
    if (c < channels) {
      momentTile(x, from + c, rows, stride, pivot, sums, squares, at + c);
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
    int c = 0;
    for (; c + PAIR <= channels; c += PAIR) {
      gradientPair(x, xFrom + c, g, gFrom + c, rows, stride, mean, sumG, sumGx, at + c);
    }
    if (c < channels) {
      gradientTile(x, xFrom + c, g, gFrom + c, rows, stride, mean, sumG, sumGx, at + c);
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
    int c = 0;
    for (; c + PAIR <= channels; c += PAIR) {
      int k = at + c;
      gradientPairRelu(
          x, xFrom + c, g, gFrom + c, rows, stride, mean, scale, shift, sumG, sumGx, k);
    }
    if (c < channels) {
      int k = at + c;
      gradientTileRelu(
          x, xFrom + c, g, gFrom + c, rows, stride, mean, scale, shift, sumG, sumGx, k);
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
