package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import org.batchnorm4j.kernel.ScalarWinogradKernels;
import org.batchnorm4j.kernel.WinogradKernels;

/**
 * SIMD twin of {@link ScalarWinogradKernels}; every method returns the same bits. The last vector
 * of a run overlaps the one before it; runs shorter than a vector go to the scalar twin.
 *
 * <p>A transform is taken row by row of its result, since the compiler inlines some thirty vector
 * operations in one loop and makes objects of the vectors of further ones. Rows that differ in
 * signs share a loop: {@code q.fma(sign, p)} has the bits of {@code p + q} or {@code p - q}, as the
 * product is exact.
 *
 * <p>Thread safety: stateless; safe from many threads on disjoint outputs.
 */
final class VectorWinogradKernels implements WinogradKernels {
  private final WinogradKernels scalar = new ScalarWinogradKernels();

  @Override
  public void input(
      float[] x,
      int from,
      int rowStride,
      int odd,
      int apart,
      int length,
      float[] v,
      int vFrom,
      int vStride) {
    if (length < FLOAT_COUNT) {
      scalar.input(x, from, rowStride, odd, apart, length, v, vFrom, vStride);
      return;
    }
    for (int row = 0; row < 4; row++) {
      // a - c, b + c, c - b, b - d
      int plus = from + (row == 3 ? 1 : row) * rowStride;
      int other = from + (row == 0 ? 2 : row == 2 ? 1 : row == 1 ? 2 : 3) * rowStride;
      FloatVector sign = FloatVector.broadcast(FLOATS, row == 1 ? 1f : -1f);
      int to = vFrom + 4 * row * vStride;
      int end = length - FLOAT_COUNT;
      for (int i = 0; i < length; i += FLOAT_COUNT) {
        int at = Math.min(i, end);
        int p = plus + at;
        int q = other + at;
        FloatVector d0 = load(x, q).fma(sign, load(x, p));
        FloatVector d1 = load(x, q + odd).fma(sign, load(x, p + odd));
        FloatVector d2 = load(x, q + apart).fma(sign, load(x, p + apart));
        FloatVector d3 = load(x, q + apart + odd).fma(sign, load(x, p + apart + odd));
        d0.sub(d2).intoArray(v, to + at);
        d1.add(d2).intoArray(v, to + at + vStride);
        d2.sub(d1).intoArray(v, to + at + 2 * vStride);
        d1.sub(d3).intoArray(v, to + at + 3 * vStride);
      }
    }
  }

  @Override
  public void output(
      float[] m, int from, int stride, int length, float bias, float[] y, int yFrom, int yStride) {
    if (length < FLOAT_COUNT) {
      scalar.output(m, from, stride, length, bias, y, yFrom, yStride);
      return;
    }
    for (int row = 0; row < 2; row++) {
      FloatVector sign = FloatVector.broadcast(FLOATS, row == 0 ? 1f : -1f);
      int first = from + 4 * row * stride;
      int to = yFrom + 2 * row * yStride;
      int end = length - FLOAT_COUNT;
      for (int i = 0; i < length; i += FLOAT_COUNT) {
        int at = Math.min(i, end);
        FloatVector s0 = column(m, first + at, stride, sign);
        FloatVector s1 = column(m, first + at + stride, stride, sign);
        FloatVector s2 = column(m, first + at + 2 * stride, stride, sign);
        FloatVector s3 = column(m, first + at + 3 * stride, stride, sign);
        s0.add(s1).add(s2).add(bias).intoArray(y, to + at);
        s1.sub(s2).sub(s3).add(bias).intoArray(y, to + at + yStride);
      }
    }
  }

  private static FloatVector column(float[] m, int at, int stride, FloatVector sign) {
    FloatVector two = load(m, at + 4 * stride).fma(sign, load(m, at));
    return load(m, at + 8 * stride).fma(sign, two);
  }

  @Override
  public void outputGradient(
      float[] g, int from, int stride, int length, float[] n, int nFrom, int nStride) {
    if (length < FLOAT_COUNT) {
      scalar.outputGradient(g, from, stride, length, n, nFrom, nStride);
      return;
    }
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int to = nFrom + at;
      FloatVector a = load(g, from + at);
      FloatVector b = load(g, from + at + stride);
      FloatVector c = load(g, from + at + 2 * stride);
      FloatVector d = load(g, from + at + 3 * stride);
      FloatVector p = a;
      FloatVector q = b;
      for (int row = 0; row < 4; row++) {
        p.intoArray(n, to);
        p.add(q).intoArray(n, to + nStride);
        p.sub(q).intoArray(n, to + 2 * nStride);
        q.neg().intoArray(n, to + 3 * nStride);
        to += 4 * nStride;
        p = row == 0 ? a.add(c) : row == 1 ? a.sub(c) : c.neg();
        q = row == 0 ? b.add(d) : row == 1 ? b.sub(d) : d.neg();
      }
    }
  }

  @Override
  public void kernel(
      float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride) {
    if (length < FLOAT_COUNT) {
      scalar.kernel(w, from, stride, length, u, uFrom, uStride);
      return;
    }
    int end = length - FLOAT_COUNT;
    for (int row = 0; row < 4; row++) {
      FloatVector sign = FloatVector.broadcast(FLOATS, row == 1 ? 1f : -1f);
      int to = uFrom + 4 * row * uStride;
      int upper = from + (row == 3 ? 6 * stride : 0);
      boolean ends = row == 0 || row == 3;
      for (int i = 0; i < length; i += FLOAT_COUNT) {
        int at = Math.min(i, end);
        FloatVector a = load(w, upper + at);
        FloatVector b = load(w, upper + at + stride);
        FloatVector c = load(w, upper + at + 2 * stride);
        if (!ends) {
          a = between(w, a, from + at + 3 * stride, stride, sign);
          b = between(w, b, from + at + 4 * stride, stride, sign);
          c = between(w, c, from + at + 5 * stride, stride, sign);
        }
        FloatVector s = a.add(c);
        a.intoArray(u, to + at);
        s.add(b).mul(0.5f).intoArray(u, to + at + uStride);
        s.sub(b).mul(0.5f).intoArray(u, to + at + 2 * uStride);
        c.intoArray(u, to + at + 3 * uStride);
      }
    }
  }

  private static FloatVector between(
      float[] w, FloatVector top, int middle, int stride, FloatVector sign) {
    return load(w, middle).fma(sign, top.add(load(w, middle + 3 * stride))).mul(0.5f);
  }

  @Override
  public void kernelGradient(
      float[] s, int from, int stride, int length, float[] dw, int dwFrom, int dwStride) {
    int bound = FLOATS.loopBound(length);
    for (int column = 0; column < 4; column++) {
      gradientColumn(s, from + column * stride, 4 * stride, bound);
    }
    for (int row = 0; row < 3; row++) {
      int to = dwFrom + 3 * row * dwStride;
      gradientRow(s, from + 4 * row * stride, stride, bound, dw, to, dwStride);
    }
    scalar.kernelGradient(s, from + bound, stride, length - bound, dw, dwFrom + bound, dwStride);
  }

  /** Puts a column of {@code G' s} in the place of the first three values of the column. */
  private static void gradientColumn(float[] s, int from, int stride, int bound) {
    for (int i = from; i < from + bound; i += FLOAT_COUNT) {
      FloatVector b = load(s, i + stride).mul(0.5f);
      FloatVector c = load(s, i + 2 * stride).mul(0.5f);
      FloatVector both = b.add(c);
      load(s, i).add(both).intoArray(s, i);
      b.sub(c).intoArray(s, i + stride);
      both.add(load(s, i + 3 * stride)).intoArray(s, i + 2 * stride);
    }
  }

  private static void gradientRow(
      float[] s, int from, int stride, int bound, float[] dw, int dwFrom, int dwStride) {
    for (int i = 0; i < bound; i += FLOAT_COUNT) {
      FloatVector b = load(s, from + i + stride).mul(0.5f);
      FloatVector c = load(s, from + i + 2 * stride).mul(0.5f);
      FloatVector both = b.add(c);
      load(s, from + i).add(both).intoArray(dw, dwFrom + i);
      b.sub(c).intoArray(dw, dwFrom + i + dwStride);
      both.add(load(s, from + i + 3 * stride)).intoArray(dw, dwFrom + i + 2 * dwStride);
    }
  }
}
