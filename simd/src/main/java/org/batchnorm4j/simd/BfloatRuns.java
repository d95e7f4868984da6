package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.DOUBLES;
import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.NARROW;
import static org.batchnorm4j.simd.VectorWidth.widened;

import java.util.Objects;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.batchnorm4j.kernel.Bfloat16;
import org.batchnorm4j.kernel.VirtualLanes;

/**
 * Runs of bfloat16: sums in the order of {@link VirtualLanes}, of which steps go as {@link RunSums}
 * says and rests value by value, and what is computed value by value, two neighbours of a pair in
 * vectors of their own. The last vector of pairs in a run overlaps the one before it.
 */
final class BfloatRuns {
  private BfloatRuns() {}

  static void moments(
      short[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int to) {
    int steps = VirtualLanes.inSteps(length);
    for (int lane = 0; lane < VirtualLanes.STEP && steps > 0; lane += 2 * DOUBLE_COUNT) {
      momentSteps(x, from + lane, runs, length, steps, pivot, at, sums, squares, to + lane);
    }
    for (int r = 0; r < runs && steps < length; r++) {
      int run = from + r * length;
      int lanes = to + r * VirtualLanes.COUNT;
      double p = pivot[at + r];
      for (int i = steps; i < length; i++) {
        int lane = lanes + VirtualLanes.restLane(i, length);
        double d = Bfloat16.widened(x[run + i]) - p;
        sums[lane] += d;
        squares[lane] = Math.fma(d, d, squares[lane]);
      }
    }
  }

  private static void momentSteps(
      short[] x,
      int from,
      int runs,
      int length,
      int steps,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int lane) {
    int lanes = (runs - 1) * VirtualLanes.COUNT + 2 * DOUBLE_COUNT;
    int values = runs * length - VirtualLanes.STEP + 2 * DOUBLE_COUNT;
    Objects.checkFromIndexSize(from, values - length + steps, x.length);
    Objects.checkFromIndexSize(at, runs, pivot.length);
    Objects.checkFromIndexSize(lane, lanes, sums.length);
    Objects.checkFromIndexSize(lane, lanes, squares.length);
    for (int r = 0; r < runs; r++) {
      int run = from + r * length;
      int k = lane + r * VirtualLanes.COUNT;
      DoubleVector pivots = DoubleVector.broadcast(DOUBLES, (double) pivot[at + r]);
      DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sums, k);
      DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sums, k + DOUBLE_COUNT);
      DoubleVector square0 = DoubleVector.fromArray(DOUBLES, squares, k);
      DoubleVector square1 = DoubleVector.fromArray(DOUBLES, squares, k + DOUBLE_COUNT);
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        FloatVector n0 = Bfloats.loadNarrow(x, run + i);
        FloatVector n1 = Bfloats.loadNarrow(x, run + i + DOUBLE_COUNT);
        DoubleVector d0 = widened(n0).sub(pivots);
        DoubleVector d1 = widened(n1).sub(pivots);
        sum0 = sum0.add(d0);
        sum1 = sum1.add(d1);
        square0 = d0.fma(d0, square0);
        square1 = d1.fma(d1, square1);
      }
      sum0.intoArray(sums, k);
      sum1.intoArray(sums, k + DOUBLE_COUNT);
      square0.intoArray(squares, k);
      square1.intoArray(squares, k + DOUBLE_COUNT);
    }
  }

  static void gradients(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int to) {
    int steps = VirtualLanes.inSteps(length);
    for (int lane = 0; lane < VirtualLanes.STEP && steps > 0; lane += 2 * DOUBLE_COUNT) {
      int xi = xFrom + lane;
      int gi = gFrom + lane;
      gradientSteps(x, xi, g, gi, runs, length, steps, mean, at, sumG, sumGx, to + lane);
    }
    for (int r = 0; r < runs && steps < length; r++) {
      int run = r * length;
      int lanes = to + r * VirtualLanes.COUNT;
      float m = mean[at + r];
      for (int i = steps; i < length; i++) {
        int lane = lanes + VirtualLanes.restLane(i, length);
        float centred = Bfloat16.widened(x[xFrom + run + i]) - m;
        double gradient = Bfloat16.widened(g[gFrom + run + i]);
        sumG[lane] += gradient;
        sumGx[lane] = Math.fma(gradient, centred, sumGx[lane]);
      }
    }
  }

  private static void gradientSteps(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int runs,
      int length,
      int steps,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int lane) {
    int lanes = (runs - 1) * VirtualLanes.COUNT + 2 * DOUBLE_COUNT;
    Objects.checkFromIndexSize(at, runs, mean.length);
    Objects.checkFromIndexSize(lane, lanes, sumG.length);
    Objects.checkFromIndexSize(lane, lanes, sumGx.length);
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int k = lane + r * VirtualLanes.COUNT;
      FloatVector means = FloatVector.broadcast(NARROW, mean[at + r]);
      DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sumG, k);
      DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sumG, k + DOUBLE_COUNT);
      DoubleVector product0 = DoubleVector.fromArray(DOUBLES, sumGx, k);
      DoubleVector product1 = DoubleVector.fromArray(DOUBLES, sumGx, k + DOUBLE_COUNT);
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        FloatVector c0 = Bfloats.loadNarrow(x, xRun + i).sub(means);
        FloatVector c1 = Bfloats.loadNarrow(x, xRun + i + DOUBLE_COUNT).sub(means);
        DoubleVector g0 = widened(Bfloats.loadNarrow(g, gRun + i));
        DoubleVector g1 = widened(Bfloats.loadNarrow(g, gRun + i + DOUBLE_COUNT));
        sum0 = sum0.add(g0);
        sum1 = sum1.add(g1);
        product0 = g0.fma(widened(c0), product0);
        product1 = g1.fma(widened(c1), product1);
      }
      sum0.intoArray(sumG, k);
      sum1.intoArray(sumG, k + DOUBLE_COUNT);
      product0.intoArray(sumGx, k);
      product1.intoArray(sumGx, k + DOUBLE_COUNT);
    }
  }

  static void gradientsRelu(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      double[] sumG,
      double[] sumGx,
      int to) {
    int steps = VirtualLanes.inSteps(length);
    for (int lane = 0; lane < VirtualLanes.STEP && steps > 0; lane += 2 * DOUBLE_COUNT) {
      int k = to + lane;
      int xi = xFrom + lane;
      int gi = gFrom + lane;
      gradientStepsRelu(x, xi, g, gi, runs, length, steps, mean, scale, shift, at, sumG, sumGx, k);
    }
    for (int r = 0; r < runs && steps < length; r++) {
      int run = r * length;
      int lanes = to + r * VirtualLanes.COUNT;
      int k = at + r;
      for (int i = steps; i < length; i++) {
        int lane = lanes + VirtualLanes.restLane(i, length);
        float centred = Bfloat16.widened(x[xFrom + run + i]) - mean[k];
        boolean active = Math.fma(centred, scale[k], shift[k]) > 0;
        double gradient = active ? Bfloat16.widened(g[gFrom + run + i]) : 0;
        sumG[lane] += gradient;
        sumGx[lane] = Math.fma(gradient, centred, sumGx[lane]);
      }
    }
  }

  private static void gradientStepsRelu(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int runs,
      int length,
      int steps,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      double[] sumG,
      double[] sumGx,
      int lane) {
    FloatVector zero = FloatVector.zero(NARROW);
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int k = lane + r * VirtualLanes.COUNT;
      FloatVector means = FloatVector.broadcast(NARROW, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(NARROW, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(NARROW, shift[at + r]);
      DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sumG, k);
      DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sumG, k + DOUBLE_COUNT);
      DoubleVector product0 = DoubleVector.fromArray(DOUBLES, sumGx, k);
      DoubleVector product1 = DoubleVector.fromArray(DOUBLES, sumGx, k + DOUBLE_COUNT);
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        FloatVector c0 = Bfloats.loadNarrow(x, xRun + i).sub(means);
        FloatVector c1 = Bfloats.loadNarrow(x, xRun + i + DOUBLE_COUNT).sub(means);
        DoubleVector g0 =
            widened(
                zero.blend(
                    Bfloats.loadNarrow(g, gRun + i),
                    c0.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
        DoubleVector g1 =
            widened(
                zero.blend(
                    Bfloats.loadNarrow(g, gRun + i + DOUBLE_COUNT),
                    c1.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
        sum0 = sum0.add(g0);
        sum1 = sum1.add(g1);
        product0 = g0.fma(widened(c0), product0);
        product1 = g1.fma(widened(c1), product1);
      }
      sum0.intoArray(sumG, k);
      sum1.intoArray(sumG, k + DOUBLE_COUNT);
      product0.intoArray(sumGx, k);
      product1.intoArray(sumGx, k + DOUBLE_COUNT);
    }
  }

  static void standardise(
      short[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int end = length - 2 * FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(FLOATS, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(FLOATS, shift[at + r]);
      for (int i = 0; i < end; i += 2 * FLOAT_COUNT) {
        IntVector pairs = Bfloats.loadPairs(x, from + i);
        FloatVector line0 = Bfloats.first(pairs).sub(means).fma(scales, shifts);
        FloatVector line1 = Bfloats.second(pairs).sub(means).fma(scales, shifts);
        Bfloats.storePairs(line0, line1, y, to + i);
      }
      IntVector pairs = Bfloats.loadPairs(x, from + end);
      FloatVector line0 = Bfloats.first(pairs).sub(means).fma(scales, shifts);
      FloatVector line1 = Bfloats.second(pairs).sub(means).fma(scales, shifts);
      Bfloats.storePairs(line0, line1, y, to + end);
    }
  }

  static void standardiseRelu(
      short[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at) {
    int end = length - 2 * FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(FLOATS, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(FLOATS, shift[at + r]);
      for (int i = 0; i < end; i += 2 * FLOAT_COUNT) {
        IntVector pairs = Bfloats.loadPairs(x, from + i);
        FloatVector line0 = Bfloats.first(pairs).sub(means).fma(scales, shifts);
        FloatVector line1 = Bfloats.second(pairs).sub(means).fma(scales, shifts);
        Bfloats.storePairs(rectified(line0), rectified(line1), y, to + i);
      }
      IntVector pairs = Bfloats.loadPairs(x, from + end);
      FloatVector line0 = Bfloats.first(pairs).sub(means).fma(scales, shifts);
      FloatVector line1 = Bfloats.second(pairs).sub(means).fma(scales, shifts);
      Bfloats.storePairs(rectified(line0), rectified(line1), y, to + end);
    }
  }

  static void inputGradient(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      short[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] a,
      float[] b,
      float[] c,
      int at) {
    int whole = length & -(2 * FLOAT_COUNT);
    int end = length - 2 * FLOAT_COUNT;
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int dxRun = dxFrom + r * length;
      FloatVector means = FloatVector.broadcast(FLOATS, mean[at + r]);
      FloatVector as = FloatVector.broadcast(FLOATS, a[at + r]);
      FloatVector bs = FloatVector.broadcast(FLOATS, b[at + r]);
      FloatVector cs = FloatVector.broadcast(FLOATS, c[at + r]);
      for (int i = 0; i < whole; i += 2 * FLOAT_COUNT) {
        IntVector xPairs = Bfloats.loadPairs(x, xRun + i);
        IntVector gPairs = Bfloats.loadPairs(g, gRun + i);
        FloatVector centred0 =
            xPairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().sub(means);
        FloatVector centred1 = xPairs.and(Bfloats.SECOND).reinterpretAsFloats().sub(means);
        FloatVector gradient0 = gPairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        FloatVector gradient1 = gPairs.and(Bfloats.SECOND).reinterpretAsFloats();
        FloatVector dx0 = gradient0.fma(as, centred0.fma(bs, cs));
        FloatVector dx1 = gradient1.fma(as, centred1.fma(bs, cs));
        Bfloats.storePairs(dx0, dx1, dx, dxRun + i);
      }
    }
    for (int r = 0; r < runs && whole < length; r++) {
      int last = r * length + end;
      int k = at + r;
      inputGradient(
          x,
          xFrom + last,
          g,
          gFrom + last,
          dx,
          dxFrom + last,
          1,
          2 * FLOAT_COUNT,
          mean,
          a,
          b,
          c,
          k);
    }
  }

  static void inputGradientRelu(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      short[] dx,
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
    int whole = length & -(2 * FLOAT_COUNT);
    int end = length - 2 * FLOAT_COUNT;
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
      for (int i = 0; i < whole; i += 2 * FLOAT_COUNT) {
        IntVector xPairs = Bfloats.loadPairs(x, xRun + i);
        IntVector gPairs = Bfloats.loadPairs(g, gRun + i);
        FloatVector centred0 =
            xPairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().sub(means);
        FloatVector centred1 = xPairs.and(Bfloats.SECOND).reinterpretAsFloats().sub(means);
        FloatVector gradient0 =
            zero.blend(
                gPairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(),
                centred0.fma(scales, shifts).compare(VectorOperators.GT, 0f));
        FloatVector gradient1 =
            zero.blend(
                gPairs.and(Bfloats.SECOND).reinterpretAsFloats(),
                centred1.fma(scales, shifts).compare(VectorOperators.GT, 0f));
        FloatVector dx0 = gradient0.fma(as, centred0.fma(bs, cs));
        FloatVector dx1 = gradient1.fma(as, centred1.fma(bs, cs));
        Bfloats.storePairs(dx0, dx1, dx, dxRun + i);
      }
    }
    for (int r = 0; r < runs && whole < length; r++) {
      int last = r * length + end;
      int k = at + r;
      inputGradientRelu(
          x,
          xFrom + last,
          g,
          gFrom + last,
          dx,
          dxFrom + last,
          1,
          2 * FLOAT_COUNT,
          mean,
          scale,
          shift,
          a,
          b,
          c,
          k);
    }
  }
}
