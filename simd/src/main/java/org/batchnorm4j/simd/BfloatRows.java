package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.Bfloats.INTS;
import static org.batchnorm4j.simd.Bfloats.SHORTS;
import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.DOUBLES;
import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.NARROW;
import static org.batchnorm4j.simd.VectorWidth.load;
import static org.batchnorm4j.simd.VectorWidth.loadNarrow;
import static org.batchnorm4j.simd.VectorWidth.loadWide;
import static org.batchnorm4j.simd.VectorWidth.widened;

import java.util.Objects;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Rows of bfloat16: sums, added to what is there, over columns that fill whole vectors, and what is
 * computed value by value, where the last two vectors of a row may overlap. The order of every sum
 * is that of {@link RowSums}, in fewer rows at a time because widening takes calls of the Vector
 * API, of which a method has few, as is said there.
 */
final class BfloatRows {
  private BfloatRows() {}

  static void moments(
      short[] x,
      int from,
      int rows,
      int stride,
      int columns,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int row = 0;
    for (; row + 4 <= rows; row += 4) {
      momentsOfFour(x, from + row * stride, stride, columns, pivot, sums, squares, at);
    }
    for (; row < rows; row++) {
      momentsOfOne(x, from + row * stride, columns, pivot, sums, squares, at);
    }
  }

  private static void momentsOfFour(
      short[] x,
      int x0,
      int stride,
      int columns,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int x1 = x0 + stride;
    int x2 = x1 + stride;
    int x3 = x2 + stride;
    Objects.checkFromIndexSize(x0, columns, x.length);
    Objects.checkFromIndexSize(x1, columns, x.length);
    Objects.checkFromIndexSize(x2, columns, x.length);
    Objects.checkFromIndexSize(x3, columns, x.length);
    Objects.checkFromIndexSize(at, columns, pivot.length);
    Objects.checkFromIndexSize(at, columns, sums.length);
    Objects.checkFromIndexSize(at, columns, squares.length);
    for (int c = 0; c < columns; c += DOUBLE_COUNT) {
      DoubleVector pivots = widened(FloatVector.fromArray(NARROW, pivot, at + c));
      DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, at + c);
      DoubleVector square = DoubleVector.fromArray(DOUBLES, squares, at + c);
      DoubleVector d0 = widened(Bfloats.loadNarrow(x, x0 + c)).sub(pivots);
      sum = sum.add(d0);
      square = d0.fma(d0, square);
      DoubleVector d1 = widened(Bfloats.loadNarrow(x, x1 + c)).sub(pivots);
      sum = sum.add(d1);
      square = d1.fma(d1, square);
      DoubleVector d2 = widened(Bfloats.loadNarrow(x, x2 + c)).sub(pivots);
      sum = sum.add(d2);
      square = d2.fma(d2, square);
      DoubleVector d3 = widened(Bfloats.loadNarrow(x, x3 + c)).sub(pivots);
      sum = sum.add(d3);
      square = d3.fma(d3, square);
      sum.intoArray(sums, at + c);
      square.intoArray(squares, at + c);
    }
  }

  private static void momentsOfOne(
      short[] x, int from, int columns, float[] pivot, double[] sums, double[] squares, int at) {
    for (int c = 0; c < columns; c += DOUBLE_COUNT) {
      int k = at + c;
      DoubleVector d = widened(Bfloats.loadNarrow(x, from + c)).sub(loadWide(pivot, k));
      DoubleVector.fromArray(DOUBLES, sums, k).add(d).intoArray(sums, k);
      d.fma(d, DoubleVector.fromArray(DOUBLES, squares, k)).intoArray(squares, k);
    }
  }

  static void gradients(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    int row = 0;
    for (; row + 3 <= rows; row += 3) {
      int to = row * stride;
      gradientsOfThree(x, xFrom + to, g, gFrom + to, stride, columns, mean, sumG, sumGx, at);
    }
    for (; row < rows; row++) {
      int to = row * stride;
      gradientsOfOne(x, xFrom + to, g, gFrom + to, columns, mean, sumG, sumGx, at);
    }
  }

  private static void gradientsOfThree(
      short[] x,
      int x0,
      short[] g,
      int g0,
      int stride,
      int columns,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    int x1 = x0 + stride;
    int g1 = g0 + stride;
    int x2 = x1 + stride;
    int g2 = g1 + stride;
    Objects.checkFromIndexSize(x0, columns, x.length);
    Objects.checkFromIndexSize(x1, columns, x.length);
    Objects.checkFromIndexSize(x2, columns, x.length);
    Objects.checkFromIndexSize(g0, columns, g.length);
    Objects.checkFromIndexSize(g1, columns, g.length);
    Objects.checkFromIndexSize(g2, columns, g.length);
    Objects.checkFromIndexSize(at, columns, mean.length);
    Objects.checkFromIndexSize(at, columns, sumG.length);
    Objects.checkFromIndexSize(at, columns, sumGx.length);
    for (int c = 0; c < columns; c += DOUBLE_COUNT) {
      FloatVector means = loadNarrow(mean, at + c);
      DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at + c);
      DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at + c);
      FloatVector c0 = Bfloats.loadNarrow(x, x0 + c).sub(means);
      DoubleVector d0 = widened(Bfloats.loadNarrow(g, g0 + c));
      sum = sum.add(d0);
      product = d0.fma(widened(c0), product);
      FloatVector c1 = Bfloats.loadNarrow(x, x1 + c).sub(means);
      DoubleVector d1 = widened(Bfloats.loadNarrow(g, g1 + c));
      sum = sum.add(d1);
      product = d1.fma(widened(c1), product);
      FloatVector c2 = Bfloats.loadNarrow(x, x2 + c).sub(means);
      DoubleVector d2 = widened(Bfloats.loadNarrow(g, g2 + c));
      sum = sum.add(d2);
      product = d2.fma(widened(c2), product);
      sum.intoArray(sumG, at + c);
      product.intoArray(sumGx, at + c);
    }
  }

  private static void gradientsOfOne(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int columns,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at) {
    for (int c = 0; c < columns; c += DOUBLE_COUNT) {
      int k = at + c;
      FloatVector centred = Bfloats.loadNarrow(x, xFrom + c).sub(loadNarrow(mean, k));
      DoubleVector gradient = widened(Bfloats.loadNarrow(g, gFrom + c));
      DoubleVector.fromArray(DOUBLES, sumG, k).add(gradient).intoArray(sumG, k);
      gradient.fma(widened(centred), DoubleVector.fromArray(DOUBLES, sumGx, k)).intoArray(sumGx, k);
    }
  }

  static void gradientsRelu(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    int row = 0;
    for (; row + 2 <= rows; row += 2) {
      int xi = xFrom + row * stride;
      int gi = gFrom + row * stride;
      gradientsOfTwoRelu(x, xi, g, gi, stride, columns, mean, scale, shift, sumG, sumGx, at);
    }
    if (row < rows) {
      int xi = xFrom + row * stride;
      int gi = gFrom + row * stride;
      gradientsOfOneRelu(x, xi, g, gi, columns, mean, scale, shift, sumG, sumGx, at);
    }
  }

  private static void gradientsOfTwoRelu(
      short[] x,
      int x0,
      short[] g,
      int g0,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    FloatVector zero = FloatVector.zero(NARROW);
    int x1 = x0 + stride;
    int g1 = g0 + stride;
    Objects.checkFromIndexSize(x0, columns, x.length);
    Objects.checkFromIndexSize(x1, columns, x.length);
    Objects.checkFromIndexSize(g0, columns, g.length);
    Objects.checkFromIndexSize(g1, columns, g.length);
    Objects.checkFromIndexSize(at, columns, mean.length);
    Objects.checkFromIndexSize(at, columns, scale.length);
    Objects.checkFromIndexSize(at, columns, shift.length);
    Objects.checkFromIndexSize(at, columns, sumG.length);
    Objects.checkFromIndexSize(at, columns, sumGx.length);
    for (int c = 0; c < columns; c += DOUBLE_COUNT) {
      FloatVector means = loadNarrow(mean, at + c);
      FloatVector scales = loadNarrow(scale, at + c);
      FloatVector shifts = loadNarrow(shift, at + c);
      DoubleVector sum = DoubleVector.fromArray(DOUBLES, sumG, at + c);
      DoubleVector product = DoubleVector.fromArray(DOUBLES, sumGx, at + c);
      FloatVector c0 = Bfloats.loadNarrow(x, x0 + c).sub(means);
      DoubleVector d0 =
          widened(
              zero.blend(
                  Bfloats.loadNarrow(g, g0 + c),
                  c0.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum = sum.add(d0);
      product = d0.fma(widened(c0), product);
      FloatVector c1 = Bfloats.loadNarrow(x, x1 + c).sub(means);
      DoubleVector d1 =
          widened(
              zero.blend(
                  Bfloats.loadNarrow(g, g1 + c),
                  c1.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
      sum = sum.add(d1);
      product = d1.fma(widened(c1), product);
      sum.intoArray(sumG, at + c);
      product.intoArray(sumGx, at + c);
    }
  }

  private static void gradientsOfOneRelu(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at) {
    FloatVector zero = FloatVector.zero(NARROW);
    for (int c = 0; c < columns; c += DOUBLE_COUNT) {
      int k = at + c;
      FloatVector centred = Bfloats.loadNarrow(x, xFrom + c).sub(loadNarrow(mean, k));
      FloatVector line = centred.fma(loadNarrow(scale, k), loadNarrow(shift, k));
      DoubleVector gradient =
          widened(
              zero.blend(Bfloats.loadNarrow(g, gFrom + c), line.compare(VectorOperators.GT, 0f)));
      DoubleVector.fromArray(DOUBLES, sumG, k).add(gradient).intoArray(sumG, k);
      gradient.fma(widened(centred), DoubleVector.fromArray(DOUBLES, sumGx, k)).intoArray(sumGx, k);
    }
  }

  static void standardise(
      short[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int end = columns - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < end; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = Bfloats.load(x, from + c).sub(load(mean, k));
        Bfloats.store(centred.fma(load(scale, k), load(shift, k)), y, to + c);
      }
      int k = at + end;
      FloatVector last = Bfloats.load(x, from + end).sub(load(mean, k));
      Bfloats.store(last.fma(load(scale, k), load(shift, k)), y, to + end);
    }
  }

  static void standardiseRelu(
      short[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int end = columns - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < end; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = Bfloats.load(x, from + c).sub(load(mean, k));
        Bfloats.store(rectified(centred.fma(load(scale, k), load(shift, k))), y, to + c);
      }
      int k = at + end;
      FloatVector last = Bfloats.load(x, from + end).sub(load(mean, k));
      Bfloats.store(rectified(last.fma(load(scale, k), load(shift, k))), y, to + end);
    }
  }

  static void inputGradient(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      short[] dx,
      int dxFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    int values = (rows - 1) * stride + columns;
    Objects.checkFromIndexSize(xFrom, values, x.length);
    Objects.checkFromIndexSize(gFrom, values, g.length);
    Objects.checkFromIndexSize(dxFrom, values, dx.length);
    Objects.checkFromIndexSize(at, columns, mean.length);
    Objects.checkFromIndexSize(at, columns, a.length);
    Objects.checkFromIndexSize(at, columns, b.length);
    Objects.checkFromIndexSize(at, columns, d.length);
    int whole = columns & -FLOAT_COUNT;
    int end = columns - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      for (int c = 0; c < whole; c += FLOAT_COUNT) {
        int k = at + c;
        ShortVector xBits = ShortVector.fromArray(SHORTS, x, xRow + c);
        ShortVector gBits = ShortVector.fromArray(SHORTS, g, gRow + c);
        IntVector xWide = (IntVector) xBits.convertShape(VectorOperators.S2I, INTS, 0);
        IntVector gWide = (IntVector) gBits.convertShape(VectorOperators.S2I, INTS, 0);
        FloatVector centred =
            xWide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().sub(load(mean, k));
        FloatVector gradient = gWide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        IntVector bits =
            gradient.fma(load(a, k), centred.fma(load(b, k), load(d, k))).reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector nearest = bits.add(odd).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
        ((ShortVector) nearest.convertShape(VectorOperators.I2S, SHORTS, 0))
            .intoArray(dx, dxRow + c);
      }
    }
    for (int r = 0; r < rows && whole < columns; r++) {
      int last = r * stride + end;
      int k = at + end;
      inputGradient(
          x, xFrom + last, g, gFrom + last, dx, dxFrom + last, 1, 0, FLOAT_COUNT, mean, a, b, d, k);
    }
  }

  static void inputGradientRelu(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      short[] dx,
      int dxFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    FloatVector zero = FloatVector.zero(FLOATS);
    int values = (rows - 1) * stride + columns;
    Objects.checkFromIndexSize(xFrom, values, x.length);
    Objects.checkFromIndexSize(gFrom, values, g.length);
    Objects.checkFromIndexSize(dxFrom, values, dx.length);
    Objects.checkFromIndexSize(at, columns, mean.length);
    Objects.checkFromIndexSize(at, columns, scale.length);
    Objects.checkFromIndexSize(at, columns, shift.length);
    Objects.checkFromIndexSize(at, columns, a.length);
    Objects.checkFromIndexSize(at, columns, b.length);
    Objects.checkFromIndexSize(at, columns, d.length);
    int whole = columns & -FLOAT_COUNT;
    int end = columns - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      for (int c = 0; c < whole; c += FLOAT_COUNT) {
        int k = at + c;
        ShortVector xBits = ShortVector.fromArray(SHORTS, x, xRow + c);
        ShortVector gBits = ShortVector.fromArray(SHORTS, g, gRow + c);
        IntVector xWide = (IntVector) xBits.convertShape(VectorOperators.S2I, INTS, 0);
        IntVector gWide = (IntVector) gBits.convertShape(VectorOperators.S2I, INTS, 0);
        FloatVector centred =
            xWide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().sub(load(mean, k));
        FloatVector gradient =
            zero.blend(
                gWide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(),
                centred.fma(load(scale, k), load(shift, k)).compare(VectorOperators.GT, 0f));
        IntVector bits =
            gradient.fma(load(a, k), centred.fma(load(b, k), load(d, k))).reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector nearest = bits.add(odd).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
        ((ShortVector) nearest.convertShape(VectorOperators.I2S, SHORTS, 0))
            .intoArray(dx, dxRow + c);
      }
    }
    for (int r = 0; r < rows && whole < columns; r++) {
      int last = r * stride + end;
      int k = at + end;
      inputGradientRelu(
          x,
          xFrom + last,
          g,
          gFrom + last,
          dx,
          dxFrom + last,
          1,
          0,
          FLOAT_COUNT,
          mean,
          scale,
          shift,
          a,
          b,
          d,
          k);
    }
  }
}
