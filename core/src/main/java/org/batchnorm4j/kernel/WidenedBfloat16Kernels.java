package org.batchnorm4j.kernel;

/**
 * The definition of {@link Bfloat16Kernels}: what is read is widened into arrays of float32, goes
 * through float32 kernels and is narrowed. Allocates as much; what others return is compared with
 * it.
 *
 * <p>Thread safety: that of the float32 kernels.
 */
public final class WidenedBfloat16Kernels implements Bfloat16Kernels {
  private final CpuKernels kernels;

  /** The definition in terms of the given float32 kernels. */
  public WidenedBfloat16Kernels(CpuKernels kernels) {
    this.kernels = kernels;
  }

  private float[] widened(short[] x, int from, int length) {
    return widened(x, from, 1, 0, length);
  }

  private float[] widened(short[] x, int from, int rows, int stride, int columns) {
    float[] values = new float[rows * columns];
    kernels.widenBfloat16(x, from, rows, stride, columns, values, 0);
    return values;
  }

  @Override
  public void runMomentSums(
      short[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int to) {
    float[] values = widened(x, from, runs * length);
    kernels.runMomentSums(values, 0, runs, length, pivot, at, sums, squares, to);
  }

  @Override
  public void standardiseRuns(
      short[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu) {
    float[] values = widened(x, xFrom, runs * length);
    kernels.standardiseRuns(values, 0, values, 0, runs, length, mean, scale, shift, at, relu);
    kernels.narrowBfloat16(values, 0, y, yFrom, 1, 0, runs * length);
  }

  @Override
  public void runGradientSums(
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
      boolean relu,
      double[] sumG,
      double[] sumGx,
      int to) {
    float[] values = widened(x, xFrom, runs * length);
    float[] gradients = widened(g, gFrom, runs * length);
    if (relu) {
      kernels.runGradientSumsRelu(
          values, 0, gradients, 0, runs, length, mean, scale, shift, at, sumG, sumGx, to);
    } else {
      kernels.runGradientSums(values, 0, gradients, 0, runs, length, mean, at, sumG, sumGx, to);
    }
  }

  @Override
  public void runInputGradient(
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
      int at,
      boolean relu) {
    float[] v = widened(x, xFrom, runs * length);
    float[] u = widened(g, gFrom, runs * length);
    if (relu) {
      kernels.runInputGradientRelu(v, 0, u, 0, u, 0, runs, length, mean, scale, shift, a, b, c, at);
    } else {
      kernels.runInputGradient(v, 0, u, 0, u, 0, runs, length, mean, a, b, c, at);
    }
    kernels.narrowBfloat16(u, 0, dx, dxFrom, 1, 0, runs * length);
  }

  @Override
  public void rowMomentSums(
      short[] x,
      int from,
      int rows,
      int stride,
      int columns,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at) {
    float[] values = widened(x, from, rows, stride, columns);
    kernels.rowMomentSums(values, 0, rows, columns, columns, pivot, sums, squares, at);
  }

  @Override
  public void standardiseRows(
      short[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu) {
    float[] v = widened(x, xFrom, rows, stride, columns);
    kernels.standardiseRows(v, 0, v, 0, rows, columns, columns, mean, scale, shift, at, relu);
    kernels.narrowBfloat16(v, 0, y, yFrom, rows, stride, columns);
  }

  @Override
  public void rowGradientSums(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      boolean relu,
      double[] sumG,
      double[] sumGx,
      int at) {
    float[] v = widened(x, xFrom, rows, stride, columns);
    float[] u = widened(g, gFrom, rows, stride, columns);
    if (relu) {
      kernels.rowGradientSumsRelu(
          v, 0, u, 0, rows, columns, columns, mean, scale, shift, sumG, sumGx, at);
    } else {
      kernels.rowGradientSums(v, 0, u, 0, rows, columns, columns, mean, sumG, sumGx, at);
    }
  }

  @Override
  public void rowInputGradient(
      short[] x,
      int xFrom,
      short[] g,
      int gFrom,
      short[] dx,
      int dxFrom,
      int rows,
      int stride,
      int columns,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] d,
      int at,
      boolean relu) {
    float[] v = widened(x, xFrom, rows, stride, columns);
    float[] u = widened(g, gFrom, rows, stride, columns);
    if (relu) {
      kernels.rowInputGradientRelu(
          v, 0, u, 0, u, 0, rows, columns, columns, mean, scale, shift, a, b, d, at);
    } else {
      kernels.rowInputGradient(v, 0, u, 0, u, 0, rows, columns, columns, mean, a, b, d, at);
    }
    kernels.narrowBfloat16(u, 0, dx, dxFrom, rows, stride, columns);
  }
}
