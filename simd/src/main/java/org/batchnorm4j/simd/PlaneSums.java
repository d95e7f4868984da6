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
 * Sums over planes in the order of {@link VirtualLanes}, for runs of at least one vector of
 * doubles.
 *
 * <p>Steps hold two vectors of lanes in registers, for the reason given in {@link RowSums}. That is
 * all 16 lanes at 512 bits; at 256 or 128 bits it is half or a quarter of them, and the block is
 * read in two or four passes, each of which touches its own values. Rests take one vector per run
 * and pass.
 *
 * <p>The ends of these methods call nothing but the Vector API, for the reason given in {@link
 * RowSums}.
 */
final class PlaneSums {

  private PlaneSums() {}

  static void moments(
      float[] x, int from, int planes, int stride, int length, double[] moments, int at) {
    double pivot = Float.isFinite(x[from]) ? x[from] : 0.0;
    double[] sums = VirtualLanes.zeros();
    double[] squares = VirtualLanes.zeros();
    int steps = VirtualLanes.inSteps(length);
    for (int lane = 0; lane < VirtualLanes.STEP && steps > 0; lane += 2 * DOUBLE_COUNT) {
      momentSteps(x, from + lane, planes, stride, steps, pivot, sums, squares, lane);
    }
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = restStart(steps, left);
      VectorMask<Double> counted = inRest(i, steps, left);
      int lane = VirtualLanes.restLane(i, length);
      momentRests(x, from + i, planes, stride, pivot, counted, sums, squares, lane);
    }
    double n = (long) planes * length;
    double sum = VirtualLanes.fold(sums);
    moments[at] = pivot + sum / n;
    moments[at + 1] = Math.max(0.0, VirtualLanes.fold(squares) - sum * (sum / n));
  }

  private static void momentSteps(
      float[] x,
      int from,
      int planes,
      int stride,
      int steps,
      double pivot,
      double[] sums,
      double[] squares,
      int lane) {
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector square0 = sum0;
    DoubleVector square1 = sum0;
    for (int p = 0; p < planes; p++) {
      int run = from + p * stride;
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        DoubleVector d0 = loadWide(x, run + i).sub(pivot);
        DoubleVector d1 = loadWide(x, run + i + DOUBLE_COUNT).sub(pivot);
        sum0 = sum0.add(d0);
        sum1 = sum1.add(d1);
        square0 = d0.fma(d0, square0);
        square1 = d1.fma(d1, square1);
      }
    }
    sum0.intoArray(sums, lane);
    sum1.intoArray(sums, lane + DOUBLE_COUNT);
    square0.intoArray(squares, lane);
    square1.intoArray(squares, lane + DOUBLE_COUNT);
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
      int planes,
      int stride,
      double pivot,
      VectorMask<Double> counted,
      double[] sums,
      double[] squares,
      int lane) {
    DoubleVector zero = DoubleVector.zero(DOUBLES);
    DoubleVector sum = zero;
    DoubleVector square = zero;
    for (int p = 0; p < planes; p++) {
      DoubleVector d = zero.blend(loadWide(x, from + p * stride).sub(pivot), counted);
      sum = sum.add(d);
      square = d.fma(d, square);
    }
    DoubleVector.fromArray(DOUBLES, sums, lane).add(sum).intoArray(sums, lane);
    DoubleVector.fromArray(DOUBLES, squares, lane).add(square).intoArray(squares, lane);
  }

  static void gradients(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      int length,
      float mean,
      double[] sums,
      int at) {
    double[] lanes = VirtualLanes.zeros();
    double[] products = VirtualLanes.zeros();
    int steps = VirtualLanes.inSteps(length);
    for (int lane = 0; lane < VirtualLanes.STEP && steps > 0; lane += 2 * DOUBLE_COUNT) {
      gradientSteps(
          x, xFrom + lane, g, gFrom + lane, planes, stride, steps, mean, lanes, products, lane);
    }
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = restStart(steps, left);
      VectorMask<Double> counted = inRest(i, steps, left);
      int lane = VirtualLanes.restLane(i, length);
      gradientRests(
          x, xFrom + i, g, gFrom + i, planes, stride, mean, counted, lanes, products, lane);
    }
    sums[at] = VirtualLanes.fold(lanes);
    sums[at + 1] = VirtualLanes.fold(products);
  }

  private static void gradientSteps(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      int steps,
      float mean,
      double[] lanes,
      double[] products,
      int lane) {
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector product0 = sum0;
    DoubleVector product1 = sum0;
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int gRun = gFrom + p * stride;
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
        FloatVector c0 = loadNarrow(x, xRun + i).sub(mean);
        FloatVector c1 = loadNarrow(x, xRun + i + DOUBLE_COUNT).sub(mean);
        DoubleVector g0 = loadWide(g, gRun + i);
        DoubleVector g1 = loadWide(g, gRun + i + DOUBLE_COUNT);
        sum0 = sum0.add(g0);
        sum1 = sum1.add(g1);
        product0 = g0.fma(widened(c0), product0);
        product1 = g1.fma(widened(c1), product1);
      }
    }
    sum0.intoArray(lanes, lane);
    sum1.intoArray(lanes, lane + DOUBLE_COUNT);
    product0.intoArray(products, lane);
    product1.intoArray(products, lane + DOUBLE_COUNT);
  }

  private static void gradientRests(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      float mean,
      VectorMask<Double> counted,
      double[] lanes,
      double[] products,
      int lane) {
    DoubleVector none = DoubleVector.zero(DOUBLES);
    DoubleVector sum = none;
    DoubleVector product = none;
    for (int p = 0; p < planes; p++) {
      FloatVector c = loadNarrow(x, xFrom + p * stride).sub(mean);
      FloatVector narrow = loadNarrow(g, gFrom + p * stride);
      DoubleVector gradient = none.blend(widened(narrow), counted);
      sum = sum.add(gradient);
      product = gradient.fma(none.blend(widened(c), counted), product);
    }
    DoubleVector.fromArray(DOUBLES, lanes, lane).add(sum).intoArray(lanes, lane);
    DoubleVector.fromArray(DOUBLES, products, lane).add(product).intoArray(products, lane);
  }

  static void gradientsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift,
      double[] sums,
      int at) {
    double[] lanes = VirtualLanes.zeros();
    double[] products = VirtualLanes.zeros();
    int steps = VirtualLanes.inSteps(length);
    for (int lane = 0; lane < VirtualLanes.STEP && steps > 0; lane += 2 * DOUBLE_COUNT) {
      gradientStepsRelu(
          x,
          xFrom + lane,
          g,
          gFrom + lane,
          planes,
          stride,
          steps,
          mean,
          scale,
          shift,
          lanes,
          products,
          lane);
    }
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = restStart(steps, left);
      VectorMask<Double> counted = inRest(i, steps, left);
      int lane = VirtualLanes.restLane(i, length);
      gradientRestsRelu(
          x, xFrom + i, g, gFrom + i, planes, stride, mean, scale, shift, counted, lanes, products,
          lane);
    }
    sums[at] = VirtualLanes.fold(lanes);
    sums[at + 1] = VirtualLanes.fold(products);
  }

  private static void gradientStepsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      int steps,
      float mean,
      float scale,
      float shift,
      double[] lanes,
      double[] products,
      int lane) {
    FloatVector zero = FloatVector.zero(NARROW);
    FloatVector means = FloatVector.broadcast(NARROW, mean);
    FloatVector scales = FloatVector.broadcast(NARROW, scale);
    FloatVector shifts = FloatVector.broadcast(NARROW, shift);
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector product0 = sum0;
    DoubleVector product1 = sum0;
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int gRun = gFrom + p * stride;
      for (int i = 0; i < steps; i += VirtualLanes.STEP) {
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
    sum0.intoArray(lanes, lane);
    sum1.intoArray(lanes, lane + DOUBLE_COUNT);
    product0.intoArray(products, lane);
    product1.intoArray(products, lane + DOUBLE_COUNT);
  }

  private static void gradientRestsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int planes,
      int stride,
      float mean,
      float scale,
      float shift,
      VectorMask<Double> counted,
      double[] lanes,
      double[] products,
      int lane) {
    FloatVector zero = FloatVector.zero(NARROW);
    FloatVector means = FloatVector.broadcast(NARROW, mean);
    FloatVector scales = FloatVector.broadcast(NARROW, scale);
    FloatVector shifts = FloatVector.broadcast(NARROW, shift);
    DoubleVector none = DoubleVector.zero(DOUBLES);
    DoubleVector sum = none;
    DoubleVector product = none;
    for (int p = 0; p < planes; p++) {
      FloatVector c = loadNarrow(x, xFrom + p * stride).sub(means);
      FloatVector narrow = loadNarrow(g, gFrom + p * stride);
      DoubleVector gradient =
          none.blend(
              widened(zero.blend(narrow, c.fma(scales, shifts).compare(VectorOperators.GT, 0f))),
              counted);
      sum = sum.add(gradient);
      product = gradient.fma(none.blend(widened(c), counted), product);
    }
    DoubleVector.fromArray(DOUBLES, lanes, lane).add(sum).intoArray(lanes, lane);
    DoubleVector.fromArray(DOUBLES, products, lane).add(product).intoArray(products, lane);
  }
}
