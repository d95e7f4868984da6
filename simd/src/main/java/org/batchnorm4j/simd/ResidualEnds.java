package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The end of a residual block, a line per channel, a sum and a ReLU, and the way of the gradient
 * back through that ReLU; for runs and rows of at least one vector.
 */
final class ResidualEnds {

  private ResidualEnds() {}

  static void standardisePlanes(
      float[] x,
      int xFrom,
      float[] r,
      int rFrom,
      float[] y,
      int yFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift) {
    FloatVector means = FloatVector.broadcast(FLOATS, mean);
    FloatVector scales = FloatVector.broadcast(FLOATS, scale);
    FloatVector shifts = FloatVector.broadcast(FLOATS, shift);
    int end = length - FLOAT_COUNT;
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int rRun = rFrom + p * stride;
      int yRun = yFrom + p * stride;
      FloatVector last =
          rectified(load(x, xRun + end).sub(means).fma(scales, shifts).add(load(r, rRun + end)));
      for (int i = 0; i < end; i += FLOAT_COUNT) {
        rectified(load(x, xRun + i).sub(means).fma(scales, shifts).add(load(r, rRun + i)))
            .intoArray(y, yRun + i);
      }
      last.intoArray(y, yRun + end);
    }
  }

  static void gate(
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int runs,
      int stride,
      int length) {
    FloatVector zero = FloatVector.zero(FLOATS);
    int end = length - FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int yRun = yFrom + r * stride;
      int gRun = gFrom + r * stride;
      int outRun = outFrom + r * stride;
      FloatVector last =
          zero.blend(load(g, gRun + end), load(y, yRun + end).compare(VectorOperators.GT, 0f));
      for (int i = 0; i < end; i += FLOAT_COUNT) {
        zero.blend(load(g, gRun + i), load(y, yRun + i).compare(VectorOperators.GT, 0f))
            .intoArray(out, outRun + i);
      }
      last.intoArray(out, outRun + end);
    }
  }

  static void standardiseRows(
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
    int end = channels - FLOAT_COUNT;
    for (int row = 0; row < rows; row++) {
      int xRow = xFrom + row * stride;
      int rRow = rFrom + row * stride;
      int yRow = yFrom + row * stride;
      FloatVector last =
          rectified(
              load(x, xRow + end)
                  .sub(load(mean, at + end))
                  .fma(load(scale, at + end), load(shift, at + end))
                  .add(load(r, rRow + end)));
      for (int c = 0; c < end; c += FLOAT_COUNT) {
        rectified(
                load(x, xRow + c)
                    .sub(load(mean, at + c))
                    .fma(load(scale, at + c), load(shift, at + c))
                    .add(load(r, rRow + c)))
            .intoArray(y, yRow + c);
      }
      last.intoArray(y, yRow + end);
    }
  }

  private static FloatVector rectified(FloatVector y) {
    return y.blend(0f, y.compare(VectorOperators.LE, 0f)); // NaN is not <= 0 and stays
  }
}
