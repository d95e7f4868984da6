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
 * Sums over rows with four lanes per channel, for at least one vector of channels and one row.
 *
 * <p>A tile is as many adjacent channels as a vector has doubles. The last tile overlaps the one
 * before it and writes the same results again, so no channels are left over.
 */
final class RowSums {

  private RowSums() {}

  static void moments(
      float[] x, int from, int rows, int stride, int channels, double[] mean, double[] m2, int at) {
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      int tile = Math.min(c, channels - DOUBLE_COUNT);
      momentTile(x, from + tile, rows, stride, mean, m2, at + tile);
    }
  }

  private static void momentTile(
      float[] x, int from, int rows, int stride, double[] mean, double[] m2, int at) {
    FloatVector first = loadNarrow(x, from);
    DoubleVector pivot = widened(first.blend(0f, first.test(VectorOperators.IS_FINITE).not()));
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector sum2 = sum0;
    DoubleVector sum3 = sum0;
    DoubleVector square0 = sum0;
    DoubleVector square1 = sum0;
    DoubleVector square2 = sum0;
    DoubleVector square3 = sum0;
    int fours = rows & -4;
    for (int r = 0; r < fours; r += 4) {
      int i = from + r * stride;
      DoubleVector d0 = loadWide(x, i).sub(pivot);
      DoubleVector d1 = loadWide(x, i + stride).sub(pivot);
      DoubleVector d2 = loadWide(x, i + 2 * stride).sub(pivot);
      DoubleVector d3 = loadWide(x, i + 3 * stride).sub(pivot);
      sum0 = sum0.add(d0);
      sum1 = sum1.add(d1);
      sum2 = sum2.add(d2);
      sum3 = sum3.add(d3);
      square0 = d0.fma(d0, square0);
      square1 = d1.fma(d1, square1);
      square2 = d2.fma(d2, square2);
      square3 = d3.fma(d3, square3);
    }
    for (int r = fours; r < rows; r++) {
      DoubleVector d = loadWide(x, from + r * stride).sub(pivot);
      sum0 = sum0.add(d);
      square0 = d.fma(d, square0);
    }
    DoubleVector sum = sum0.add(sum2).add(sum1.add(sum3));
    DoubleVector average = sum.div((double) rows);
    average.add(pivot).intoArray(mean, at);
    square0.add(square2).add(square1.add(square3)).sub(sum.mul(average)).max(0.0).intoArray(m2, at);
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
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      int tile = Math.min(c, channels - DOUBLE_COUNT);
      gradientTile(x, xFrom + tile, g, gFrom + tile, rows, stride, mean, sumG, sumGx, at + tile);
    }
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
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector sum2 = sum0;
    DoubleVector sum3 = sum0;
    DoubleVector product0 = sum0;
    DoubleVector product1 = sum0;
    DoubleVector product2 = sum0;
    DoubleVector product3 = sum0;
    int fours = rows & -4;
    for (int r = 0; r < fours; r += 4) {
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      FloatVector c0 = loadNarrow(x, xi).sub(means);
      FloatVector c1 = loadNarrow(x, xi + stride).sub(means);
      FloatVector c2 = loadNarrow(x, xi + 2 * stride).sub(means);
      FloatVector c3 = loadNarrow(x, xi + 3 * stride).sub(means);
      DoubleVector g0 = loadWide(g, gi);
      DoubleVector g1 = loadWide(g, gi + stride);
      DoubleVector g2 = loadWide(g, gi + 2 * stride);
      DoubleVector g3 = loadWide(g, gi + 3 * stride);
      sum0 = sum0.add(g0);
      sum1 = sum1.add(g1);
      sum2 = sum2.add(g2);
      sum3 = sum3.add(g3);
      product0 = g0.fma(widened(c0), product0);
      product1 = g1.fma(widened(c1), product1);
      product2 = g2.fma(widened(c2), product2);
      product3 = g3.fma(widened(c3), product3);
    }
    for (int r = fours; r < rows; r++) {
      FloatVector c = loadNarrow(x, xFrom + r * stride).sub(means);
      DoubleVector gradient = loadWide(g, gFrom + r * stride);
      sum0 = sum0.add(gradient);
      product0 = gradient.fma(widened(c), product0);
    }
    sum0.add(sum2).add(sum1.add(sum3)).intoArray(sumG, at);
    product0.add(product2).add(product1.add(product3)).intoArray(sumGx, at);
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
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      int tile = Math.min(c, channels - DOUBLE_COUNT);
      gradientTileRelu(
          x,
          xFrom + tile,
          g,
          gFrom + tile,
          rows,
          stride,
          mean,
          scale,
          shift,
          sumG,
          sumGx,
          at + tile);
    }
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
    FloatVector means = loadNarrow(mean, at);
    FloatVector zero = FloatVector.zero(NARROW);
    FloatVector scales = loadNarrow(scale, at);
    FloatVector shifts = loadNarrow(shift, at);
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector sum2 = sum0;
    DoubleVector sum3 = sum0;
    DoubleVector product0 = sum0;
    DoubleVector product1 = sum0;
    DoubleVector product2 = sum0;
    DoubleVector product3 = sum0;
    int fours = rows & -4;
    for (int r = 0; r < fours; r += 4) {
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      FloatVector c0 = loadNarrow(x, xi).sub(means);
      FloatVector c1 = loadNarrow(x, xi + stride).sub(means);
      FloatVector c2 = loadNarrow(x, xi + 2 * stride).sub(means);
      FloatVector c3 = loadNarrow(x, xi + 3 * stride).sub(means);
      DoubleVector g0 =
          widened(
              zero.blend(
                  loadNarrow(g, gi), c0.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      DoubleVector g1 =
          widened(
              zero.blend(
                  loadNarrow(g, gi + stride),
                  c1.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      DoubleVector g2 =
          widened(
              zero.blend(
                  loadNarrow(g, gi + 2 * stride),
                  c2.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      DoubleVector g3 =
          widened(
              zero.blend(
                  loadNarrow(g, gi + 3 * stride),
                  c3.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum0 = sum0.add(g0);
      sum1 = sum1.add(g1);
      sum2 = sum2.add(g2);
      sum3 = sum3.add(g3);
      product0 = g0.fma(widened(c0), product0);
      product1 = g1.fma(widened(c1), product1);
      product2 = g2.fma(widened(c2), product2);
      product3 = g3.fma(widened(c3), product3);
    }
    for (int r = fours; r < rows; r++) {
      FloatVector c = loadNarrow(x, xFrom + r * stride).sub(means);
      DoubleVector gradient =
          widened(
              zero.blend(
                  loadNarrow(g, gFrom + r * stride),
                  c.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum0 = sum0.add(gradient);
      product0 = gradient.fma(widened(c), product0);
    }
    sum0.add(sum2).add(sum1.add(sum3)).intoArray(sumG, at);
    product0.add(product2).add(product1.add(product3)).intoArray(sumGx, at);
  }
}
