package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.DOUBLES;
import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.NARROW;
import static org.batchnorm4j.simd.VectorWidth.loadNarrow;
import static org.batchnorm4j.simd.VectorWidth.widened;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.batchnorm4j.kernel.VirtualLanes;

/**
 * Gradient sums behind a ReLU whose output is at hand: what passes it is stored and summed in one
 * pass over the planes, in the manner and order of {@link PlaneSums}. Where vectors overlap, values
 * are gated twice, which changes nothing.
 */
final class GatedPlaneSums {

  /** Runs from this length on are taken in one pass; at 49 two kernels are faster. */
  static final int LONG = 128;

  private GatedPlaneSums() {}

  static void gradients(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
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
      steps(
          x,
          xFrom + lane,
          y,
          yFrom + lane,
          g,
          gFrom + lane,
          out,
          outFrom + lane,
          planes,
          stride,
          steps,
          mean,
          lanes,
          products,
          lane);
    }
    for (int left = length - steps; left > 0; left -= DOUBLE_COUNT) {
      int i = PlaneSums.restStart(steps, left);
      VectorMask<Double> counted = PlaneSums.inRest(i, steps, left);
      int lane = VirtualLanes.restLane(i, length);
      rests(
          x,
          xFrom + i,
          y,
          yFrom + i,
          g,
          gFrom + i,
          out,
          outFrom + i,
          planes,
          stride,
          mean,
          counted,
          lanes,
          products,
          lane);
    }
    sums[at] = VirtualLanes.fold(lanes);
    sums[at + 1] = VirtualLanes.fold(products);
  }

  private static void steps(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int planes,
      int stride,
      int steps,
      float mean,
      double[] lanes,
      double[] products,
      int lane) {
    FloatVector zero = FloatVector.zero(NARROW);
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector product0 = sum0;
    DoubleVector product1 = sum0;
    for (int p = 0; p < planes; p++) {
      int run = p * stride;
      for (int i = run; i < run + steps; i += VirtualLanes.STEP) {
        int xi = xFrom + i;
        int yi = yFrom + i;
        int gi = gFrom + i;
        int to = outFrom + i;
        FloatVector passed0 =
            zero.blend(loadNarrow(g, gi), loadNarrow(y, yi).compare(VectorOperators.GT, 0f));
        FloatVector passed1 =
            zero.blend(
                loadNarrow(g, gi + DOUBLE_COUNT),
                loadNarrow(y, yi + DOUBLE_COUNT).compare(VectorOperators.GT, 0f));
        passed0.intoArray(out, to);
        passed1.intoArray(out, to + DOUBLE_COUNT);
        DoubleVector g0 = widened(passed0);
        DoubleVector g1 = widened(passed1);
        sum0 = sum0.add(g0);
        sum1 = sum1.add(g1);
        product0 = g0.fma(widened(loadNarrow(x, xi).sub(mean)), product0);
        product1 = g1.fma(widened(loadNarrow(x, xi + DOUBLE_COUNT).sub(mean)), product1);
      }
    }
    sum0.intoArray(lanes, lane);
    sum1.intoArray(lanes, lane + DOUBLE_COUNT);
    product0.intoArray(products, lane);
    product1.intoArray(products, lane + DOUBLE_COUNT);
  }

  private static void rests(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int planes,
      int stride,
      float mean,
      VectorMask<Double> counted,
      double[] lanes,
      double[] products,
      int lane) {
    FloatVector zero = FloatVector.zero(NARROW);
    DoubleVector none = DoubleVector.zero(DOUBLES);
    DoubleVector sum = none;
    DoubleVector product = none;
    for (int p = 0; p < planes; p++) {
      int run = p * stride;
      FloatVector c = loadNarrow(x, xFrom + run).sub(mean);
      FloatVector passed =
          zero.blend(
              loadNarrow(g, gFrom + run),
              loadNarrow(y, yFrom + run).compare(VectorOperators.GT, 0f));
      passed.intoArray(out, outFrom + run);
      DoubleVector gradient = none.blend(widened(passed), counted);
      sum = sum.add(gradient);
      product = gradient.fma(none.blend(widened(c), counted), product);
    }
    DoubleVector.fromArray(DOUBLES, lanes, lane).add(sum).intoArray(lanes, lane);
    DoubleVector.fromArray(DOUBLES, products, lane).add(product).intoArray(products, lane);
  }
}
