package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.DOUBLE_COUNT;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.SHAPE;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import org.batchnorm4j.kernel.Bfloat16Kernels;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.kernel.WinogradKernels;

/**
 * SIMD twin of {@link ScalarKernels}; every method returns the same bits as its scalar twin, for
 * vectors of 128, 256 and 512 bits.
 *
 * <p>Sums are in {@link RunSums}, {@link GatedRunSums} and {@link RowSums}, elementwise kernels
 * over runs in {@link RunLines} and {@link ResidualEnds}, over rows in {@link RowLines}. In those
 * over runs the last vector of a run overlaps the one before it, so no values are left over; both
 * are computed before either is stored, so calls in place read every value before it is
 * overwritten. Computed at the start of a run, the last vector takes the processor out of its
 * order: a third slower from memory. Runs shorter than a vector, and channels at the end of rows
 * that do not fill one, go to the scalar twin.
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
  public Optional<Bfloat16Kernels> bfloat16() {
    return SHAPE.vectorBitSize() < 256
        ? Optional.empty()
        : Optional.of(new VectorBfloat16Kernels());
  }

  @Override
  public void runMomentSums(
      float[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int to) {
    if (length < DOUBLE_COUNT) {
      scalar.runMomentSums(x, from, runs, length, pivot, at, sums, squares, to);
    } else {
      RunSums.moments(x, from, runs, length, pivot, at, sums, squares, to);
    }
  }

  @Override
  public void standardiseRuns(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu) {
    if (length < FLOAT_COUNT) {
      scalar.standardiseRuns(x, xFrom, y, yFrom, runs, length, mean, scale, shift, at, relu);
    } else if (relu) {
      RunLines.standardiseRelu(x, xFrom, y, yFrom, runs, length, mean, scale, shift, at);
    } else {
      RunLines.standardise(x, xFrom, y, yFrom, runs, length, mean, scale, shift, at);
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
  public void standardiseRunsAddRelu(
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
    if (length < FLOAT_COUNT) {
      scalar.standardiseRunsAddRelu(
          x, xFrom, r, rFrom, y, yFrom, runs, length, mean, scale, shift, at);
    } else {
      ResidualEnds.standardiseRuns(
          x, xFrom, r, rFrom, y, yFrom, runs, length, mean, scale, shift, at);
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
  public void runGradientSums(
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
    if (length < DOUBLE_COUNT) {
      scalar.runGradientSums(x, xFrom, g, gFrom, runs, length, mean, at, sumG, sumGx, to);
    } else {
      RunSums.gradients(x, xFrom, g, gFrom, runs, length, mean, at, sumG, sumGx, to);
    }
  }

  @Override
  public void gatedRunGradientSums(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int runs,
      int length,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int to) {
    if (length < DOUBLE_COUNT) {
      scalar.gatedRunGradientSums(
          x, xFrom, y, yFrom, g, gFrom, out, outFrom, runs, length, mean, at, sumG, sumGx, to);
    } else {
      GatedRunSums.gradients(
          x, xFrom, y, yFrom, g, gFrom, out, outFrom, runs, length, mean, at, sumG, sumGx, to);
    }
  }

  @Override
  public void runGradientSumsRelu(
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
    if (length < DOUBLE_COUNT) {
      scalar.runGradientSumsRelu(
          x, xFrom, g, gFrom, runs, length, mean, scale, shift, at, sumG, sumGx, to);
    } else {
      RunSums.gradientsRelu(
          x, xFrom, g, gFrom, runs, length, mean, scale, shift, at, sumG, sumGx, to);
    }
  }

  @Override
  public void runInputGradient(
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
    if (length < FLOAT_COUNT) {
      scalar.runInputGradient(x, xFrom, g, gFrom, dx, dxFrom, runs, length, mean, a, b, c, at);
    } else {
      RunLines.inputGradient(x, xFrom, g, gFrom, dx, dxFrom, runs, length, mean, a, b, c, at);
    }
  }

  @Override
  public void runInputGradientRelu(
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
    if (length < FLOAT_COUNT) {
      scalar.runInputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, runs, length, mean, scale, shift, a, b, c, at);
    } else {
      RunLines.inputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, runs, length, mean, scale, shift, a, b, c, at);
    }
  }

  @Override
  public void rowMomentSums(
      float[] x,
      int from,
      int rows,
      int stride,
      int channels,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    int filled = channels & -DOUBLE_COUNT;
    RowSums.moments(x, from, rows, stride, filled, pivot, sums, squares, at);
    if (filled == channels) {
      return;
    }
    int left = channels - filled;
    scalar.rowMomentSums(x, from + filled, rows, stride, left, pivot, sums, squares, at + filled);
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
    boolean even = channels % FLOAT_COUNT == 0;
    if (channels < FLOAT_COUNT) {
      scalar.standardiseRows(
          x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at, relu);
    } else if (relu && even) {
      RowLines.standardiseRelu(x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    } else if (relu) {
      UnevenRows.standardiseRelu(
          x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    } else if (even) {
      RowLines.standardise(x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    } else {
      UnevenRows.standardise(x, xFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    }
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
    if (channels < FLOAT_COUNT) {
      scalar.standardiseRowsAddRelu(
          x, xFrom, r, rFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    } else if (channels % FLOAT_COUNT == 0) {
      RowLines.standardiseAddRelu(
          x, xFrom, r, rFrom, y, yFrom, rows, stride, channels, mean, scale, shift, at);
    } else {
      UnevenRows.standardiseAddRelu(
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
    int filled = channels & -DOUBLE_COUNT;
    RowSums.gradients(x, xFrom, g, gFrom, rows, stride, filled, mean, sumG, sumGx, at);
    if (filled == channels) {
      return;
    }
    int xRest = xFrom + filled;
    int gRest = gFrom + filled;
    int left = channels - filled;
    scalar.rowGradientSums(x, xRest, g, gRest, rows, stride, left, mean, sumG, sumGx, at + filled);
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
    int filled = channels & -DOUBLE_COUNT;
    RowSums.gradientsRelu(
        x, xFrom, g, gFrom, rows, stride, filled, mean, scale, shift, sumG, sumGx, at);
    if (filled == channels) {
      return;
    }
    int xRest = xFrom + filled;
    int gRest = gFrom + filled;
    int left = channels - filled;
    int k = at + filled;
    scalar.rowGradientSumsRelu(
        x, xRest, g, gRest, rows, stride, left, mean, scale, shift, sumG, sumGx, k);
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
    if (channels < FLOAT_COUNT) {
      scalar.rowInputGradient(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, a, b, d, at);
    } else if (channels % FLOAT_COUNT == 0) {
      RowLines.inputGradient(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, a, b, d, at);
    } else {
      UnevenRows.inputGradient(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, channels, mean, a, b, d, at);
    }
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
    int filled = channels & -FLOAT_COUNT;
    RowLines.inputGradientRelu(
        x, xFrom, g, gFrom, dx, dxFrom, rows, stride, filled, mean, scale, shift, a, b, d, at);
    if (filled == channels) {
      return;
    }
    int xRest = xFrom + filled;
    int gRest = gFrom + filled;
    int to = dxFrom + filled;
    int left = channels - filled;
    int k = at + filled;
    scalar.rowInputGradientRelu(
        x, xRest, g, gRest, dx, to, rows, stride, left, mean, scale, shift, a, b, d, k);
  }

  // ---- half types; rows without gaps are one long run

  @Override
  public void widenFloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    if (stride == length && runs > 1) {
      widenFloat16(x, xFrom, 1, 0, runs * length, y, yFrom);
    } else if (length < HalfRuns.COUNT || length >= HalfRuns.LONG) {
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
    } else if (length < HalfRuns.COUNT || length >= HalfRuns.LONG) {
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
    } else if (length < HalfRuns.COUNT) {
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
    } else if (length < HalfRuns.COUNT) {
      scalar.narrowBfloat16(x, xFrom, y, yFrom, runs, stride, length);
    } else {
      HalfRuns.narrowBfloat16(x, xFrom, y, yFrom, runs, stride, length);
    }
  }
}
