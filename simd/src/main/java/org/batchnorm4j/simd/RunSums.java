package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.DOUBLES;
import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.NARROW;
import static org.batchnorm4j.simd.VectorWidth.loadNarrow;
import static org.batchnorm4j.simd.VectorWidth.loadWide;
import static org.batchnorm4j.simd.VectorWidth.widened;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.batchnorm4j.kernel.VirtualLanes;

/**
 * Sums over runs in the order of {@link VirtualLanes}, for runs of at least one vector of doubles.
 *
 * <p>Steps hold two vectors of lanes in registers, which are fetched and stored once per run. That
 * is all 16 lanes at 512 bits; at 256 or 128 bits it is half or a quarter of them, and the runs are
 * read in two or four passes, each of which touches its own values. Rests take one vector per run
 * and pass.
 *
 * <p>What is said in {@link RowSums} of the calls of the Vector API in a method holds here too.
 */
final class RunSums {

  /**
   * Values of an inner loop of gradient sums. C2 unrolls longer loops eight times, with the loads
   * of 128 values of both arrays backwards and in two parts, which the processor reads ahead of at
   * half the speed; loops that end after 16 steps it unrolls four times.
   */
  private static final int PIECE = 256;

  private RunSums() {}

  static void moments(
      float[] x,
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
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = restStart(steps, left);
      VectorMask<Double> counted = inRest(i, steps, left);
      int lane = to + VirtualLanes.restLane(i, length);
      momentRests(x, from + i, runs, length, pivot, at, counted, sums, squares, lane);
    }
  }

  private static void momentSteps(
      float[] x,
      int from,
      int runs,
      int length,
      int steps,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int lane) {
    for (int r = 0; r < runs; r++) {
      int run = from + r * length;
      int k = lane + r * VirtualLanes.COUNT;
      DoubleVector pivots = DoubleVector.broadcast(DOUBLES, (double) pivot[at + r]);
      DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sums, k);
      DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sums, k + DOUBLE_COUNT);
      DoubleVector square0 = DoubleVector.fromArray(DOUBLES, squares, k);
      DoubleVector square1 = DoubleVector.fromArray(DOUBLES, squares, k + DOUBLE_COUNT);
      int i = 0;
      for (; i + VirtualLanes.STEP < steps; i += 2 * VirtualLanes.STEP) {
        int next = run + i + VirtualLanes.STEP;
        DoubleVector d0 = loadWide(x, run + i).sub(pivots);
        DoubleVector d1 = loadWide(x, run + i + DOUBLE_COUNT).sub(pivots);
        DoubleVector d2 = loadWide(x, next).sub(pivots);
        DoubleVector d3 = loadWide(x, next + DOUBLE_COUNT).sub(pivots);
        sum0 = sum0.add(d0).add(d2);
        sum1 = sum1.add(d1).add(d3);
        square0 = d2.fma(d2, d0.fma(d0, square0));
        square1 = d3.fma(d3, d1.fma(d1, square1));
      }
      if (i < steps) {
        DoubleVector d0 = loadWide(x, run + i).sub(pivots);
        DoubleVector d1 = loadWide(x, run + i + DOUBLE_COUNT).sub(pivots);
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

  /**
   * The first index of the vector that takes the last of {@code left} values after the steps: it
   * ends with them, but never starts before the run, which is at least a vector long.
   */
  static int restStart(int steps, int left) {
    return Math.max(0, steps + left - DOUBLE_COUNT);
  }

  /** Which values of the vector at {@code i} are among the {@code left} values after the steps. */
  static VectorMask<Double> inRest(int i, int steps, int left) {
    int before = Math.max(0, steps - i);
    int until = steps + left - i;
    return VectorMask.fromLong(DOUBLES, (1L << until) - (1L << before));
  }

  /**
   * Takes one vector per run; values that are not {@code counted} here belong elsewhere and add 0
   * here.
   */
  private static void momentRests(
      float[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      VectorMask<Double> counted,
      double[] sums,
      double[] squares,
      int lane) {
    DoubleVector zero = DoubleVector.zero(DOUBLES);
    for (int r = 0; r < runs; r++) {
      int k = lane + r * VirtualLanes.COUNT;
      DoubleVector pivots = DoubleVector.broadcast(DOUBLES, (double) pivot[at + r]);
      DoubleVector d = zero.blend(loadWide(x, from + r * length).sub(pivots), counted);
      DoubleVector.fromArray(DOUBLES, sums, k).add(d).intoArray(sums, k);
      d.fma(d, DoubleVector.fromArray(DOUBLES, squares, k)).intoArray(squares, k);
    }
  }

  static void gradients(
      float[] x,
      int xFrom,
      float[] g,
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
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = restStart(steps, left);
      VectorMask<Double> counted = inRest(i, steps, left);
      int lane = to + VirtualLanes.restLane(i, length);
      gradientRests(x, xFrom + i, g, gFrom + i, runs, length, mean, at, counted, sumG, sumGx, lane);
    }
  }

  private static void gradientSteps(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      int steps,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int lane) {
    for (int r = 0; r < runs; r++) {
      int xRun = xFrom + r * length;
      int gRun = gFrom + r * length;
      int k = lane + r * VirtualLanes.COUNT;
      FloatVector means = FloatVector.broadcast(NARROW, mean[at + r]);
      DoubleVector sum0 = DoubleVector.fromArray(DOUBLES, sumG, k);
      DoubleVector sum1 = DoubleVector.fromArray(DOUBLES, sumG, k + DOUBLE_COUNT);
      DoubleVector product0 = DoubleVector.fromArray(DOUBLES, sumGx, k);
      DoubleVector product1 = DoubleVector.fromArray(DOUBLES, sumGx, k + DOUBLE_COUNT);
      for (int from = 0; from < steps; from += PIECE) {
        int end = Math.min(steps, from + PIECE);
        for (int i = from; i < end; i += VirtualLanes.STEP) {
          int next = i + DOUBLE_COUNT;
          FloatVector c0 = FloatVector.fromArray(NARROW, x, xRun + i).sub(means);
          FloatVector c1 = FloatVector.fromArray(NARROW, x, xRun + next).sub(means);
          FloatVector n0 = FloatVector.fromArray(NARROW, g, gRun + i);
          FloatVector n1 = FloatVector.fromArray(NARROW, g, gRun + next);
          DoubleVector g0 = (DoubleVector) n0.convertShape(VectorOperators.F2D, DOUBLES, 0);
          DoubleVector g1 = (DoubleVector) n1.convertShape(VectorOperators.F2D, DOUBLES, 0);
          DoubleVector d0 = (DoubleVector) c0.convertShape(VectorOperators.F2D, DOUBLES, 0);
          DoubleVector d1 = (DoubleVector) c1.convertShape(VectorOperators.F2D, DOUBLES, 0);
          sum0 = sum0.add(g0);
          sum1 = sum1.add(g1);
          product0 = g0.fma(d0, product0);
          product1 = g1.fma(d1, product1);
        }
      }
      sum0.intoArray(sumG, k);
      sum1.intoArray(sumG, k + DOUBLE_COUNT);
      product0.intoArray(sumGx, k);
      product1.intoArray(sumGx, k + DOUBLE_COUNT);
    }
  }

  static void gradientRests(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      int at,
      VectorMask<Double> counted,
      double[] sumG,
      double[] sumGx,
      int lane) {
    DoubleVector none = DoubleVector.zero(DOUBLES);
    for (int r = 0; r < runs; r++) {
      int k = lane + r * VirtualLanes.COUNT;
      FloatVector means = FloatVector.broadcast(NARROW, mean[at + r]);
      FloatVector c = loadNarrow(x, xFrom + r * length).sub(means);
      DoubleVector gradient = none.blend(loadWide(g, gFrom + r * length), counted);
      DoubleVector centred = none.blend(widened(c), counted);
      DoubleVector.fromArray(DOUBLES, sumG, k).add(gradient).intoArray(sumG, k);
      gradient.fma(centred, DoubleVector.fromArray(DOUBLES, sumGx, k)).intoArray(sumGx, k);
    }
  }

  static void gradientsRelu(
      float[] x,
      int xFrom,
      float[] g,
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
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = restStart(steps, left);
      VectorMask<Double> counted = inRest(i, steps, left);
      int k = to + VirtualLanes.restLane(i, length);
      int xi = xFrom + i;
      int gi = gFrom + i;
      gradientRestsRelu(
          x, xi, g, gi, runs, length, mean, scale, shift, at, counted, sumG, sumGx, k);
    }
  }

  private static void gradientStepsRelu(
      float[] x,
      int xFrom,
      float[] g,
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
      for (int from = 0; from < steps; from += PIECE) {
        int end = Math.min(steps, from + PIECE);
        for (int i = from; i < end; i += VirtualLanes.STEP) {
          FloatVector c0 = loadNarrow(x, xRun + i).sub(means);
          FloatVector c1 = loadNarrow(x, xRun + i + DOUBLE_COUNT).sub(means);
          DoubleVector g0 =
              widened(
                  zero.blend(
                      loadNarrow(g, gRun + i),
                      c0.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
          DoubleVector g1 =
              widened(
                  zero.blend(
                      loadNarrow(g, gRun + i + DOUBLE_COUNT),
                      c1.fma(scales, shifts).compare(VectorOperators.GT, 0f)));
          sum0 = sum0.add(g0);
          sum1 = sum1.add(g1);
          product0 = g0.fma(widened(c0), product0);
          product1 = g1.fma(widened(c1), product1);
        }
      }
      sum0.intoArray(sumG, k);
      sum1.intoArray(sumG, k + DOUBLE_COUNT);
      product0.intoArray(sumGx, k);
      product1.intoArray(sumGx, k + DOUBLE_COUNT);
    }
  }

  private static void gradientRestsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      VectorMask<Double> counted,
      double[] sumG,
      double[] sumGx,
      int lane) {
    FloatVector zero = FloatVector.zero(NARROW);
    DoubleVector none = DoubleVector.zero(DOUBLES);
    for (int r = 0; r < runs; r++) {
      int k = lane + r * VirtualLanes.COUNT;
      FloatVector means = FloatVector.broadcast(NARROW, mean[at + r]);
      FloatVector scales = FloatVector.broadcast(NARROW, scale[at + r]);
      FloatVector shifts = FloatVector.broadcast(NARROW, shift[at + r]);
      FloatVector c = loadNarrow(x, xFrom + r * length).sub(means);
      FloatVector narrow = loadNarrow(g, gFrom + r * length);
      DoubleVector gradient =
          none.blend(
              widened(zero.blend(narrow, c.fma(scales, shifts).compare(VectorOperators.GT, 0f))),
              counted);
      DoubleVector centred = none.blend(widened(c), counted);
      DoubleVector.fromArray(DOUBLES, sumG, k).add(gradient).intoArray(sumG, k);
      gradient.fma(centred, DoubleVector.fromArray(DOUBLES, sumGx, k)).intoArray(sumGx, k);
    }
  }
}
