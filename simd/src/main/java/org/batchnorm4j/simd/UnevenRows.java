package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * What {@link RowLines} computes, over rows of more than one vector that do not end where a vector
 * does: their last two vectors overlap and are both computed before either is stored, so that the
 * output may be the input. Long methods, for the reason that {@link RowSums} gives.
 */
final class UnevenRows {
  private UnevenRows() {}

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
    int values = rows == 0 ? 0 : (rows - 1) * stride + channels;
    Objects.checkFromIndexSize(xFrom, values, x.length);
    Objects.checkFromIndexSize(yFrom, values, y.length);
    Objects.checkFromIndexSize(at, channels, mean.length);
    Objects.checkFromIndexSize(at, channels, scale.length);
    Objects.checkFromIndexSize(at, channels, shift.length);
    int whole = channels / FLOAT_COUNT * FLOAT_COUNT - FLOAT_COUNT;
    int end = channels - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < whole; c += FLOAT_COUNT) {
        FloatVector line =
            FloatVector.fromArray(FLOATS, x, from + c)
                .sub(FloatVector.fromArray(FLOATS, mean, at + c))
                .fma(
                    FloatVector.fromArray(FLOATS, scale, at + c),
                    FloatVector.fromArray(FLOATS, shift, at + c));
        line.intoArray(y, to + c);
      }
      FloatVector near =
          FloatVector.fromArray(FLOATS, x, from + whole)
              .sub(FloatVector.fromArray(FLOATS, mean, at + whole))
              .fma(
                  FloatVector.fromArray(FLOATS, scale, at + whole),
                  FloatVector.fromArray(FLOATS, shift, at + whole));
      FloatVector last =
          FloatVector.fromArray(FLOATS, x, from + end)
              .sub(FloatVector.fromArray(FLOATS, mean, at + end))
              .fma(
                  FloatVector.fromArray(FLOATS, scale, at + end),
                  FloatVector.fromArray(FLOATS, shift, at + end));
      near.intoArray(y, to + whole);
      last.intoArray(y, to + end);
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
    int whole = channels / FLOAT_COUNT * FLOAT_COUNT - FLOAT_COUNT;
    int end = channels - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < whole; c += FLOAT_COUNT) {
        FloatVector line =
            FloatVector.fromArray(FLOATS, x, from + c)
                .sub(FloatVector.fromArray(FLOATS, mean, at + c))
                .fma(
                    FloatVector.fromArray(FLOATS, scale, at + c),
                    FloatVector.fromArray(FLOATS, shift, at + c));
        line.blend(0f, line.compare(VectorOperators.LE, 0f)).intoArray(y, to + c);
      }
      FloatVector near =
          FloatVector.fromArray(FLOATS, x, from + whole)
              .sub(FloatVector.fromArray(FLOATS, mean, at + whole))
              .fma(
                  FloatVector.fromArray(FLOATS, scale, at + whole),
                  FloatVector.fromArray(FLOATS, shift, at + whole));
      FloatVector last =
          FloatVector.fromArray(FLOATS, x, from + end)
              .sub(FloatVector.fromArray(FLOATS, mean, at + end))
              .fma(
                  FloatVector.fromArray(FLOATS, scale, at + end),
                  FloatVector.fromArray(FLOATS, shift, at + end));
      near.blend(0f, near.compare(VectorOperators.LE, 0f)).intoArray(y, to + whole);
      last.blend(0f, last.compare(VectorOperators.LE, 0f)).intoArray(y, to + end);
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
    int whole = channels / FLOAT_COUNT * FLOAT_COUNT - FLOAT_COUNT;
    int end = channels - FLOAT_COUNT;
    for (int row = 0; row < rows; row++) {
      int from = xFrom + row * stride;
      int added = rFrom + row * stride;
      int to = yFrom + row * stride;
      for (int c = 0; c < whole; c += FLOAT_COUNT) {
        FloatVector line =
            FloatVector.fromArray(FLOATS, x, from + c)
                .sub(FloatVector.fromArray(FLOATS, mean, at + c))
                .fma(
                    FloatVector.fromArray(FLOATS, scale, at + c),
                    FloatVector.fromArray(FLOATS, shift, at + c))
                .add(FloatVector.fromArray(FLOATS, r, added + c));
        line.blend(0f, line.compare(VectorOperators.LE, 0f)).intoArray(y, to + c);
      }
      FloatVector near =
          FloatVector.fromArray(FLOATS, x, from + whole)
              .sub(FloatVector.fromArray(FLOATS, mean, at + whole))
              .fma(
                  FloatVector.fromArray(FLOATS, scale, at + whole),
                  FloatVector.fromArray(FLOATS, shift, at + whole))
              .add(FloatVector.fromArray(FLOATS, r, added + whole));
      FloatVector last =
          FloatVector.fromArray(FLOATS, x, from + end)
              .sub(FloatVector.fromArray(FLOATS, mean, at + end))
              .fma(
                  FloatVector.fromArray(FLOATS, scale, at + end),
                  FloatVector.fromArray(FLOATS, shift, at + end))
              .add(FloatVector.fromArray(FLOATS, r, added + end));
      near.blend(0f, near.compare(VectorOperators.LE, 0f)).intoArray(y, to + whole);
      last.blend(0f, last.compare(VectorOperators.LE, 0f)).intoArray(y, to + end);
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
    int whole = channels / FLOAT_COUNT * FLOAT_COUNT - FLOAT_COUNT;
    int end = channels - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int xi = xFrom + r * stride;
      int gi = gFrom + r * stride;
      int to = dxFrom + r * stride;
      for (int c = 0; c < whole; c += FLOAT_COUNT) {
        FloatVector lineCentred =
            FloatVector.fromArray(FLOATS, x, xi + c)
                .sub(FloatVector.fromArray(FLOATS, mean, at + c));
        FloatVector line =
            FloatVector.fromArray(FLOATS, g, gi + c)
                .fma(
                    FloatVector.fromArray(FLOATS, a, at + c),
                    lineCentred.fma(
                        FloatVector.fromArray(FLOATS, b, at + c),
                        FloatVector.fromArray(FLOATS, d, at + c)));
        line.intoArray(dx, to + c);
      }
      FloatVector nearCentred =
          FloatVector.fromArray(FLOATS, x, xi + whole)
              .sub(FloatVector.fromArray(FLOATS, mean, at + whole));
      FloatVector near =
          FloatVector.fromArray(FLOATS, g, gi + whole)
              .fma(
                  FloatVector.fromArray(FLOATS, a, at + whole),
                  nearCentred.fma(
                      FloatVector.fromArray(FLOATS, b, at + whole),
                      FloatVector.fromArray(FLOATS, d, at + whole)));
      FloatVector lastCentred =
          FloatVector.fromArray(FLOATS, x, xi + end)
              .sub(FloatVector.fromArray(FLOATS, mean, at + end));
      FloatVector last =
          FloatVector.fromArray(FLOATS, g, gi + end)
              .fma(
                  FloatVector.fromArray(FLOATS, a, at + end),
                  lastCentred.fma(
                      FloatVector.fromArray(FLOATS, b, at + end),
                      FloatVector.fromArray(FLOATS, d, at + end)));
      near.intoArray(dx, to + whole);
      last.intoArray(dx, to + end);
    }
  }
}
