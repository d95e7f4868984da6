package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.RowLines.repeated;
import static org.batchnorm4j.simd.RowLines.rowsInGroup;
import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.SHAPE;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.kernel.WinogradKernels;

/**
 * SIMD twin of {@link ScalarKernels}; every method returns the same bits as its scalar twin, for
 * vectors of 128, 256 and 512 bits.
 *
 * <p>Sums are in {@link PlaneSums} and {@link RowSums}, the ends of residual blocks in {@link
 * ResidualEnds}, the other elementwise kernels for rows in {@link RowLines}; those for planes are
 * here. All of those compute the last vector of a run first and store it at the end. It overlaps
 * the one before it, so no values are left over, and calls in place still read every value before
 * it is overwritten. Runs and rows shorter than a vector go to the scalar twin, except that
 * contiguous rows that fill their vectors badly are taken several at a time.
 *
 * <p>Thread safety: stateless; safe from many threads on disjoint outputs.
 */
public final class VectorKernels implements CpuKernels {
  private final ScalarKernels scalar = new ScalarKernels();

  /**
   * Creates the kernels; they have no state, so one instance does for all.
   *
   * @throws UnsupportedOperationException if this processor has no vectors of 128 bits or more
   */
  public VectorKernels() {
    if (VectorShape.preferredShape().vectorBitSize() < 128) {
      throw new UnsupportedOperationException("this processor has no vectors of 128 bits or more");
    }
  }

  @Override
  public String name() {
    return "simd-" + SHAPE.vectorBitSize();
  }

  @Override
  public WinogradKernels winograd() {
    return new VectorWinogradKernels();
  }

  @Override
  public void planeMoments(
      float[] x, int from, int planes, int stride, int length, double[] moments, int at) {
    if (planes == 0 || length < DOUBLE_COUNT) {
      scalar.planeMoments(x, from, planes, stride, length, moments, at);
    } else {
      PlaneSums.moments(x, from, planes, stride, length, moments, at);
    }
  }

  @Override
  public void standardisePlanes(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift,
      boolean relu) {
    if (length < FLOAT_COUNT) {
      scalar.standardisePlanes(
          x, xFrom, y, yFrom, planes, stride, length, mean, scale, shift, relu);
      return;
    }
    FloatVector means = FloatVector.broadcast(FLOATS, mean);
    FloatVector scales = FloatVector.broadcast(FLOATS, scale);
    FloatVector shifts = FloatVector.broadcast(FLOATS, shift);
    int end = length - FLOAT_COUNT;
    for (int p = 0; p < planes; p++) {
      int from = xFrom + p * stride;
      int to = yFrom + p * stride;
      FloatVector last = standardised(load(x, from + end), means, scales, shifts);
      if (relu) {
        for (int i = 0; i < end; i += FLOAT_COUNT) {
          rectified(standardised(load(x, from + i), means, scales, shifts)).intoArray(y, to + i);
        }
        rectified(last).intoArray(y, to + end);
      } else {
        for (int i = 0; i < end; i += FLOAT_COUNT) {
          standardised(load(x, from + i), means, scales, shifts).intoArray(y, to + i);
        }
        last.intoArray(y, to + end);
      }
    }
  }

  static FloatVector standardised(
      FloatVector x, FloatVector mean, FloatVector scale, FloatVector shift) {
    return x.sub(mean).fma(scale, shift);
  }

  static FloatVector rectified(FloatVector y) {
    return y.blend(0f, y.compare(VectorOperators.LE, 0f)); // NaN is not <= 0 and stays
  }

  @Override
  public void standardisePlanesAddRelu(
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
    if (length < FLOAT_COUNT) {
      scalar.standardisePlanesAddRelu(
          x, xFrom, r, rFrom, y, yFrom, planes, stride, length, mean, scale, shift);
    } else {
      ResidualEnds.standardisePlanes(
          x, xFrom, r, rFrom, y, yFrom, planes, stride, length, mean, scale, shift);
    }
  }

  @Override
  public void gateRuns(
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int runs,
      int stride,
      int length) {
    if (stride == length && runs > 1) {
      gateRuns(y, yFrom, g, gFrom, out, outFrom, 1, 0, runs * length);
    } else if (length < FLOAT_COUNT) {
      scalar.gateRuns(y, yFrom, g, gFrom, out, outFrom, runs, stride, length);
    } else {
      ResidualEnds.gate(y, yFrom, g, gFrom, out, outFrom, runs, stride, length);
    }
  }

  @Override
  public void planeGradientSums(
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
    if (length < DOUBLE_COUNT) {
      scalar.planeGradientSums(x, xFrom, g, gFrom, planes, stride, length, mean, sums, at);
    } else {
      PlaneSums.gradients(x, xFrom, g, gFrom, planes, stride, length, mean, sums, at);
    }
  }

  @Override
  public void planeGatedGradientSums(
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
    if (length < GatedPlaneSums.LONG) {
      gateRuns(y, yFrom, g, gFrom, out, outFrom, planes, stride, length);
      planeGradientSums(x, xFrom, out, outFrom, planes, stride, length, mean, sums, at);
    } else {
      GatedPlaneSums.gradients(
          x, xFrom, y, yFrom, g, gFrom, out, outFrom, planes, stride, length, mean, sums, at);
    }
  }

  @Override
  public void planeGradientSumsRelu(
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
    if (length < DOUBLE_COUNT) {
      scalar.planeGradientSumsRelu(
          x, xFrom, g, gFrom, planes, stride, length, mean, scale, shift, sums, at);
    } else {
      PlaneSums.gradientsRelu(
          x, xFrom, g, gFrom, planes, stride, length, mean, scale, shift, sums, at);
    }
  }

  @Override
  public void planeInputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float a,
      float b,
      float c) {
    if (length < FLOAT_COUNT) {
      scalar.planeInputGradient(
          x, xFrom, g, gFrom, dx, dxFrom, planes, stride, length, mean, a, b, c);
      return;
    }
    FloatVector means = FloatVector.broadcast(FLOATS, mean);
    FloatVector as = FloatVector.broadcast(FLOATS, a);
    FloatVector bs = FloatVector.broadcast(FLOATS, b);
    FloatVector cs = FloatVector.broadcast(FLOATS, c);
    int end = length - FLOAT_COUNT;
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int gRun = gFrom + p * stride;
      int dxRun = dxFrom + p * stride;
      FloatVector last =
          inputGradient(load(g, gRun + end), load(x, xRun + end).sub(means), as, bs, cs);
      for (int i = 0; i < end; i += FLOAT_COUNT) {
        inputGradient(load(g, gRun + i), load(x, xRun + i).sub(means), as, bs, cs)
            .intoArray(dx, dxRun + i);
      }
      last.intoArray(dx, dxRun + end);
    }
  }

  static FloatVector inputGradient(
      FloatVector g, FloatVector centred, FloatVector a, FloatVector b, FloatVector c) {
    return g.fma(a, centred.fma(b, c));
  }

  @Override
  public void planeInputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int planes,
      int stride,
      int length,
      float mean,
      float scale,
      float shift,
      float a,
      float b,
      float c) {
    if (length < FLOAT_COUNT) {
      scalar.planeInputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, planes, stride, length, mean, scale, shift, a, b, c);
      return;
    }
    FloatVector zero = FloatVector.zero(FLOATS);
    FloatVector means = FloatVector.broadcast(FLOATS, mean);
    FloatVector scales = FloatVector.broadcast(FLOATS, scale);
    FloatVector shifts = FloatVector.broadcast(FLOATS, shift);
    FloatVector as = FloatVector.broadcast(FLOATS, a);
    FloatVector bs = FloatVector.broadcast(FLOATS, b);
    FloatVector cs = FloatVector.broadcast(FLOATS, c);
    int end = length - FLOAT_COUNT;
    for (int p = 0; p < planes; p++) {
      int xRun = xFrom + p * stride;
      int gRun = gFrom + p * stride;
      int dxRun = dxFrom + p * stride;
      FloatVector lastCentred = load(x, xRun + end).sub(means);
      FloatVector lastGradient =
          zero.blend(
              load(g, gRun + end), lastCentred.fma(scales, shifts).compare(VectorOperators.GT, 0f));
      FloatVector last = inputGradient(lastGradient, lastCentred, as, bs, cs);
      for (int i = 0; i < end; i += FLOAT_COUNT) {
        FloatVector centred = load(x, xRun + i).sub(means);
        FloatVector gradient =
            zero.blend(
                load(g, gRun + i), centred.fma(scales, shifts).compare(VectorOperators.GT, 0f));
        inputGradient(gradient, centred, as, bs, cs).intoArray(dx, dxRun + i);
      }
      last.intoArray(dx, dxRun + end);
    }
  }

  @Override
  public void rowMoments(
      float[] x, int from, int rows, int stride, int channels, double[] mean, double[] m2, int at) {
    if (rows == 0 || channels < DOUBLE_COUNT) {
      scalar.rowMoments(x, from, rows, stride, channels, mean, m2, at);
    } else {
      RowSums.moments(x, from, rows, stride, channels, mean, m2, at);
    }
  }

  @Override
  public void standardiseRows(
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
      int at,
      boolean relu) {
    int group = rowsInGroup(rows, stride, channels);
    if (group > 1) {
      int groups = rows / group;
      int taken = groups * group;
      int wide = channels * group;
      float[] means = repeated(mean, at, channels, group);
      float[] scales = repeated(scale, at, channels, group);
      float[] shifts = repeated(shift, at, channels, group);
      standardiseRows(x, xFrom, y, yFrom, groups, wide, wide, means, scales, shifts, 0, relu);
      int i = taken * stride;
      standardiseRows(
          x, xFrom + i, y, yFrom + i, rows - taken, stride, channels, mean, scale, shift, at, relu);
      return;
    }
    if (channels < FLOAT_COUNT) {
      scalar.standardiseRows(
          x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at, relu);
      return;
    }
    RowLines.standardise(x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at, relu);
  }

  @Override
  public void standardiseRowsAddRelu(
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
    int group = rowsInGroup(rows, stride, channels);
    if (group > 1) {
      int groups = rows / group;
      int taken = groups * group;
      int wide = channels * group;
      float[] means = repeated(mean, at, channels, group);
      float[] scales = repeated(scale, at, channels, group);
      float[] shifts = repeated(shift, at, channels, group);
      standardiseRowsAddRelu(
          x, xFrom, r, rFrom, y, yFrom, groups, wide, wide, means, scales, shifts, 0);
      int i = taken * stride;
      int left = rows - taken;
      standardiseRowsAddRelu(
          x, xFrom + i, r, rFrom + i, y, yFrom + i, left, stride, channels, mean, scale, shift, at);
      return;
    }
    if (channels < FLOAT_COUNT) {
      scalar.standardiseRowsAddRelu(
          x, xFrom, r, rFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    } else {
      ResidualEnds.standardiseRows(
          x, xFrom, r, rFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    }
  }

  @Override
  public void rowGradientSums(
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
    if (channels < DOUBLE_COUNT) {
      scalar.rowGradientSums(x, xFrom, g, gFrom, rows, stride, channels, mean, sumG, sumGx, at);
    } else {
      RowSums.gradients(x, xFrom, g, gFrom, rows, stride, channels, mean, sumG, sumGx, at);
    }
  }

  @Override
  public void rowGradientSumsRelu(
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
    if (channels < DOUBLE_COUNT) {
      scalar.rowGradientSumsRelu(
          x, xFrom, g, gFrom, rows, stride, channels, mean, scale, shift, sumG, sumGx, at);
    } else {
      RowSums.gradientsRelu(
          x, xFrom, g, gFrom, rows, stride, channels, mean, scale, shift, sumG, sumGx, at);
    }
  }

  @Override
  public void rowInputGradient(
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
    int group = rowsInGroup(rows, stride, channels);
    if (group > 1) {
      int groups = rows / group;
      int taken = groups * group;
      int wide = channels * group;
      float[] means = repeated(mean, at, channels, group);
      float[] as = repeated(a, at, channels, group);
      float[] bs = repeated(b, at, channels, group);
      float[] ds = repeated(d, at, channels, group);
      rowInputGradient(x, xFrom, g, gFrom, dx, dxFrom, groups, wide, wide, means, as, bs, ds, 0);
      int i = taken * stride;
      int left = rows - taken;
      rowInputGradient(
          x, xFrom + i, g, gFrom + i, dx, dxFrom + i, left, stride, channels, mean, a, b, d, at);
      return;
    }
    if (channels < FLOAT_COUNT) {
      scalar.rowInputGradient(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, a, b, d, at);
      return;
    }
    RowLines.inputGradient(
        x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, a, b, d, at);
  }

  @Override
  public void rowInputGradientRelu(
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
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] d,
      int at) {
    int group = rowsInGroup(rows, stride, channels);
    if (group > 1) {
      int groups = rows / group;
      int taken = groups * group;
      int wide = channels * group;
      float[] means = repeated(mean, at, channels, group);
      float[] scales = repeated(scale, at, channels, group);
      float[] shifts = repeated(shift, at, channels, group);
      float[] as = repeated(a, at, channels, group);
      float[] bs = repeated(b, at, channels, group);
      float[] ds = repeated(d, at, channels, group);
      rowInputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, groups, wide, wide, means, scales, shifts, as, bs, ds, 0);
      int i = taken * stride;
      int left = rows - taken;
      rowInputGradientRelu(
          x,
          xFrom + i,
          g,
          gFrom + i,
          dx,
          dxFrom + i,
          left,
          stride,
          channels,
          mean,
          scale,
          shift,
          a,
          b,
          d,
          at);
      return;
    }
    if (channels < FLOAT_COUNT) {
      scalar.rowInputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, scale, shift, a, b, d, at);
      return;
    }
    RowLines.inputGradientRelu(
        x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, scale, shift, a, b, d, at);
  }

  // ---- half types; rows without gaps are one long run

  @Override
  public void widenFloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    if (stride == length && runs > 1) {
      widenFloat16(x, xFrom, 1, 0, runs * length, y, yFrom);
    } else if (length < FLOAT_COUNT || length >= HalfRuns.LONG) {
      scalar.widenFloat16(x, xFrom, runs, stride, length, y, yFrom);
    } else {
      HalfRuns.widenFloat16(x, xFrom, runs, stride, length, y, yFrom);
    }
  }

  @Override
  public void narrowFloat16(
      float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length) {
    if (stride == length && runs > 1) {
      narrowFloat16(x, xFrom, y, yFrom, 1, 0, runs * length);
    } else if (length < FLOAT_COUNT || length >= HalfRuns.LONG) {
      scalar.narrowFloat16(x, xFrom, y, yFrom, runs, stride, length);
    } else {
      HalfRuns.narrowFloat16(x, xFrom, y, yFrom, runs, stride, length);
    }
  }

  @Override
  public void widenBfloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    if (stride == length && runs > 1) {
      widenBfloat16(x, xFrom, 1, 0, runs * length, y, yFrom);
    } else if (length < FLOAT_COUNT) {
      scalar.widenBfloat16(x, xFrom, runs, stride, length, y, yFrom);
    } else {
      HalfRuns.widenBfloat16(x, xFrom, runs, stride, length, y, yFrom);
    }
  }

  @Override
  public void narrowBfloat16(
      float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length) {
    if (stride == length && runs > 1) {
      narrowBfloat16(x, xFrom, y, yFrom, 1, 0, runs * length);
    } else if (length < FLOAT_COUNT) {
      scalar.narrowBfloat16(x, xFrom, y, yFrom, runs, stride, length);
    } else {
      HalfRuns.narrowBfloat16(x, xFrom, y, yFrom, runs, stride, length);
    }
  }
}
