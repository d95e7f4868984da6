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
 * the speed. Rows that are left over are written out as well, a few or one at a time.
 *
 * <p>A method has about 45 calls of the Vector API at most. With more than C2 inlines in one go, in
 * one start of the JVM out of two its vectors become objects, which is four to ten times slower.
 * For the same reason methods call nothing but the Vector API after their loops, and the groups
 * have more than 325 bytes of code, HotSpot's {@code FreqInlineSize}: shorter ones are inlined into
 * their callers, and with these they are past that limit, sometimes only after thousands of calls.
 */
final class RowSums {
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
    if (row < rows) {
      int rest = from + row * stride;
      momentsOfFew(x, rest, rows - row, stride, channels, pivot, sums, squares, at);
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

  /** Fewer than eight rows. */
  private static void momentsOfFew(
      float[] x,
      int row0,
      int rows,
      int stride,
      int channels,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int taken = rows & 4;
    if (taken > 0) {
      int row1 = row0 + stride;
      int row2 = row1 + stride;
      int row3 = row2 + stride;
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
        sum.intoArray(sums, at + c);
        square.intoArray(squares, at + c);
      }
    }
    for (; taken < rows; taken++) {
      int row = row0 + taken * stride;
      for (int c = 0; c < channels; c += DOUBLE_COUNT) {
        DoubleVector d = loadWide(x, row + c).sub(loadWide(pivot, at + c));
        DoubleVector.fromArray(DOUBLES, sums, at + c).add(d).intoArray(sums, at + c);
        d.fma(d, DoubleVector.fromArray(DOUBLES, squares, at + c)).intoArray(squares, at + c);
      }
    }
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
    int to = row * stride;
    int left = rows - row;
    if (left == 3) {
      gradientsOfThree(x, xFrom + to, g, gFrom + to, stride, channels, mean, sumG, sumGx, at);
    } else if (left > 0) {
      gradientsOfFew(x, xFrom + to, g, gFrom + to, left, stride, channels, mean, sumG, sumGx, at);
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

  private static void gradientsOfThree(
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
      sum.intoArray(sumG, at + c);
      product.intoArray(sumGx, at + c);
    }
  }

  /** One or two rows. */
  private static void gradientsOfFew(
      float[] x,
      int x0,
      float[] g,
      int g0,
      int rows,
      int stride,
      int channels,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    if (rows == 2) {
      int x1 = x0 + stride;
      int g1 = g0 + stride;
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
        sum.add(d1).intoArray(sumG, at + c);
        d1.fma(widened(centred1), product).intoArray(sumGx, at + c);
      }
    } else {
      for (int c = 0; c < channels; c += DOUBLE_COUNT) {
        FloatVector centred =
            FloatVector.fromArray(NARROW, x, x0 + c)
                .sub(FloatVector.fromArray(NARROW, mean, at + c));
        DoubleVector d = widened(FloatVector.fromArray(NARROW, g, g0 + c));
        DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at + c);
        DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at + c);
        sum.add(d).intoArray(sumG, at + c);
        d.fma(widened(centred), product).intoArray(sumGx, at + c);
      }
    }
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
    if (row < rows) {
      int x0 = xFrom + row * stride;
      int g0 = gFrom + row * stride;
      int left = rows - row;
      gradientsOfFewRelu(x, x0, g, g0, left, stride, channels, mean, scale, shift, sumG, sumGx, at);
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

  /** Fewer than three rows. */
  private static void gradientsOfFewRelu(
      float[] x,
      int x0,
      float[] g,
      int g0,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    FloatVector zero = FloatVector.zero(NARROW);
    if (rows == 2) {
      int x1 = x0 + stride;
      int g1 = g0 + stride;
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
        sum.add(d1).intoArray(sumG, at + c);
        d1.fma(widened(c1), product).intoArray(sumGx, at + c);
      }
      return;
    }
    for (int c = 0; c < channels; c += DOUBLE_COUNT) {
      int k = at + c;
      FloatVector centred = loadNarrow(x, x0 + c).sub(loadNarrow(mean, k));
      FloatVector line = centred.fma(loadNarrow(scale, k), loadNarrow(shift, k));
      DoubleVector d =
          widened(zero.blend(loadNarrow(g, g0 + c), line.compare(VectorOperators.GT, 0f)));
      DoubleVector.fromArray(DOUBLES, sumG, k).add(d).intoArray(sumG, k);
      d.fma(widened(centred), DoubleVector.fromArray(DOUBLES, sumGx, k)).intoArray(sumGx, k);
    }
  }
}
