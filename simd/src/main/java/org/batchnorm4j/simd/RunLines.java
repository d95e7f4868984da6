package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementwise kernels over runs of at least one vector, each of which has constants of its own: the
 * output and the input gradient. The last two vectors of a run overlap, see {@link VectorKernels}.
 *
 * <p>The input gradients are too long to be inlined, as {@link RowSums} says, that without ReLU
 * thanks to its checks; the outputs have few calls of the Vector API and need not be.
 */
final class RunLines {
  private RunLines() {}

  static void standardise(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int end = length - FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(FLOATS, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(FLOATS, shift[at + r]);
      int i = 0;
      for (; i < end - FLOAT_COUNT; i += FLOAT_COUNT) {
        VectorKernels.standardised(load(x, from + i), means, scales, shifts).intoArray(y, to + i);
      }
      FloatVector next = VectorKernels.standardised(load(x, from + i), means, scales, shifts);
      FloatVector last = VectorKernels.standardised(load(x, from + end), means, scales, shifts);
      next.intoArray(y, to + i);
      last.intoArray(y, to + end);
    }
  }

  static void standardiseRelu(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int end = length - FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(FLOATS, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(FLOATS, shift[at + r]);
      int i = 0;
      for (; i < end - FLOAT_COUNT; i += FLOAT_COUNT) {
        rectified(VectorKernels.standardised(load(x, from + i), means, scales, shifts))
            .intoArray(y, to + i);
      }
      FloatVector next =
          rectified(VectorKernels.standardised(load(x, from + i), means, scales, shifts));
      FloatVector last =
          rectified(VectorKernels.standardised(load(x, from + end), means, scales, shifts));
      next.intoArray(y, to + i);
      last.intoArray(y, to + end);
    }
  }

  static void inputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] a,
      float[] b,
      float[] c,
      int at) {
    Objects.checkFromIndexSize(xFrom, runs * length, x.length);
    Objects.checkFromIndexSize(gFrom, runs * length, g.length);
    Objects.checkFromIndexSize(dxFrom, runs * length, dx.length);
    Objects.checkFromIndexSize(at, runs, mean.length);
    Objects.checkFromIndexSize(at, runs, a.length);
    Objects.checkFromIndexSize(at, runs, b.length);
    Objects.checkFromIndexSize(at, runs, c.length);
    int end = length - FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int dxRun = dxFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector as = FloatVector.broadcast(FLOATS, a[at + r]);
      FloatVector bs = FloatVector.broadcast(FLOATS, b[at + r]);
      FloatVector cs = FloatVector.broadcast(FLOATS, c[at + r]);
      int i = 0;
      for (; i < end - FLOAT_COUNT; i += FLOAT_COUNT) {
        FloatVector centred = FloatVector.fromArray(FLOATS, x, xRun + i).sub(means);
        FloatVector gradient = FloatVector.fromArray(FLOATS, g, gRun + i);
        gradient.fma(as, centred.fma(bs, cs)).intoArray(dx, dxRun + i);
      }
      FloatVector nextCentred = load(x, xRun + i).sub(means);
      FloatVector lastCentred = load(x, xRun + end).sub(means);
      FloatVector next = load(g, gRun + i).fma(as, nextCentred.fma(bs, cs));
      FloatVector last = load(g, gRun + end).fma(as, lastCentred.fma(bs, cs));
      next.intoArray(dx, dxRun + i);
      last.intoArray(dx, dxRun + end);
    }
  }

  static void inputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] c,
      int at) {
    FloatVector zero = FloatVector.zero(FLOATS);
    int end = length - FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int dxRun = dxFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(FLOATS, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(FLOATS, shift[at + r]);
      FloatVector as = FloatVector.broadcast(FLOATS, a[at + r]);
      FloatVector bs = FloatVector.broadcast(FLOATS, b[at + r]);
      FloatVector cs = FloatVector.broadcast(FLOATS, c[at + r]);
      int i = 0;
      for (; i < end - FLOAT_COUNT; i += FLOAT_COUNT) {
        FloatVector centred = load(x, xRun + i).sub(means);
        FloatVector gradient =
            zero.blend(
                load(g, gRun + i), centred.fma(scales, shifts).compare(VectorOperators.GT, 0f));
        gradient.fma(as, centred.fma(bs, cs)).intoArray(dx, dxRun + i);
      }
      FloatVector nextCentred = load(x, xRun + i).sub(means);
      FloatVector nextGradient =
          zero.blend(
              load(g, gRun + i), nextCentred.fma(scales, shifts).compare(VectorOperators.GT, 0f));
      FloatVector lastCentred = load(x, xRun + end).sub(means);
      FloatVector lastGradient =
          zero.blend(
              load(g, gRun + end), lastCentred.fma(scales, shifts).compare(VectorOperators.GT, 0f));
      FloatVector last = lastGradient.fma(as, lastCentred.fma(bs, cs));
      nextGradient.fma(as, nextCentred.fma(bs, cs)).intoArray(dx, dxRun + i);
      last.intoArray(dx, dxRun + end);
    }
  }
}
