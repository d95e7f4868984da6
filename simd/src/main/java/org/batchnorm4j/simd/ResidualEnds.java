package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The end of a residual block, a line per channel, a sum and a ReLU, and the way of the gradient
 * back through that ReLU; for runs of at least one vector. Rows are in {@link RowLines}.
 */
final class ResidualEnds {

  private ResidualEnds() {}

  static void standardiseRuns(
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
    int end = length - FLOAT_COUNT;
    for (int run = 0; run < runs; run++) {
      int xRun = xFrom + run * length;
      int rRun = rFrom + run * length;
      int yRun = yFrom + run * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + run]);
      FloatVector scales = FloatVector.broadcast(FLOATS, scale[at + run]);
      FloatVector shifts = FloatVector.broadcast(FLOATS, shift[at + run]);
      int i = 0;
      for (; i < end - FLOAT_COUNT; i += FLOAT_COUNT) {
        rectified(load(x, xRun + i).sub(means).fma(scales, shifts).add(load(r, rRun + i)))
            .intoArray(y, yRun + i);
      }
      FloatVector next =
          rectified(load(x, xRun + i).sub(means).fma(scales, shifts).add(load(r, rRun + i)));
      FloatVector last =
          rectified(load(x, xRun + end).sub(means).fma(scales, shifts).add(load(r, rRun + end)));
      next.intoArray(y, yRun + i);
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
      int i = 0;
      for (; i < end - FLOAT_COUNT; i += FLOAT_COUNT) {
        zero.blend(load(g, gRun + i), load(y, yRun + i).compare(VectorOperators.GT, 0f))
            .intoArray(out, outRun + i);
      }
      FloatVector next =
          zero.blend(load(g, gRun + i), load(y, yRun + i).compare(VectorOperators.GT, 0f));
      FloatVector last =
          zero.blend(load(g, gRun + end), load(y, yRun + end).compare(VectorOperators.GT, 0f));
      next.intoArray(out, outRun + i);
      last.intoArray(out, outRun + end);
    }
  }

  private static FloatVector rectified(FloatVector y) {
    return y.blend(0f, y.compare(VectorOperators.LE, 0f)); // NaN is not <= 0 and stays
  }
}
