package org.batchnorm4j.simd;

import org.batchnorm4j.kernel.Bfloat16Kernels;

/**
 * {@link Bfloat16Kernels} in vectors of 256 bits and more, see {@link BfloatRuns} and {@link
 * BfloatRows}.
 *
 * <p>Thread safety: stateless; safe from many threads on disjoint outputs.
 */
final class VectorBfloat16Kernels implements Bfloat16Kernels {

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
    BfloatRuns.moments(x, from, runs, length, pivot, at, sums, squares, to);
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
    if (relu) {
      BfloatRuns.standardiseRelu(x, xFrom, y, yFrom, runs, length, mean, scale, shift, at);
    } else {
      BfloatRuns.standardise(x, xFrom, y, yFrom, runs, length, mean, scale, shift, at);
    }
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
    if (relu) {
      BfloatRuns.gradientsRelu(
          x, xFrom, g, gFrom, runs, length, mean, scale, shift, at, sumG, sumGx, to);
    } else {
      BfloatRuns.gradients(x, xFrom, g, gFrom, runs, length, mean, at, sumG, sumGx, to);
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
    if (relu) {
      BfloatRuns.inputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, runs, length, mean, scale, shift, a, b, c, at);
    } else {
      BfloatRuns.inputGradient(x, xFrom, g, gFrom, dx, dxFrom, runs, length, mean, a, b, c, at);
    }
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
    BfloatRows.moments(x, from, rows, stride, columns, pivot, sums, squares, at);
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
    if (relu) {
      BfloatRows.standardiseRelu(x, xFrom, y, yFrom, rows, stride, columns, mean, scale, shift, at);
    } else {
      BfloatRows.standardise(x, xFrom, y, yFrom, rows, stride, columns, mean, scale, shift, at);
    }
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
    if (relu) {
      BfloatRows.gradientsRelu(
          x, xFrom, g, gFrom, rows, stride, columns, mean, scale, shift, sumG, sumGx, at);
    } else {
      BfloatRows.gradients(x, xFrom, g, gFrom, rows, stride, columns, mean, sumG, sumGx, at);
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
    if (relu) {
      BfloatRows.inputGradientRelu(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, columns, mean, scale, shift, a, b, d, at);
    } else {
      BfloatRows.inputGradient(
          x, xFrom, g, gFrom, dx, dxFrom, rows, stride, columns, mean, a, b, d, at);
    }
  }
}
