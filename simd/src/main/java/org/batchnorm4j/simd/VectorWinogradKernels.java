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
      float sign = row == 1 ? 1f : -1f;
      inputRow(x, plus, other, sign, odd, apart, length, v, vFrom + 4 * row * vStride, vStride);
    }
  }

  private static void inputRow(
      float[] x,
      int plus,
      int other,
      float sign,
      int odd,
      int apart,
      int length,
      float[] v,
      int to,
      int vStride) {
    FloatVector signs = FloatVector.broadcast(FLOATS, sign);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int p = plus + at;
      int q = other + at;
      FloatVector d0 = load(x, q).fma(signs, load(x, p));
      FloatVector d1 = load(x, q + odd).fma(signs, load(x, p + odd));
      FloatVector d2 = load(x, q + apart).fma(signs, load(x, p + apart));
      FloatVector d3 = load(x, q + apart + odd).fma(signs, load(x, p + apart + odd));
      d0.sub(d2).intoArray(v, to + at);
      d1.add(d2).intoArray(v, to + at + vStride);
      d2.sub(d1).intoArray(v, to + at + 2 * vStride);
      d1.sub(d3).intoArray(v, to + at + 3 * vStride);
    }
  }

  @Override
  public void output(
      float[] m, int from, int stride, int length, float bias, float[] y, int yFrom, int yStride) {
    if (length < FLOAT_COUNT) {
      scalar.output(m, from, stride, length, bias, y, yFrom, yStride);
      return;
    }
    outputRow(m, from, stride, 1f, length, bias, y, yFrom, yStride);
    outputRow(m, from + 4 * stride, stride, -1f, length, bias, y, yFrom + 2 * yStride, yStride);
  }

  private static void outputRow(
      float[] m,
      int from,
      int stride,
      float sign,
      int length,
      float bias,
      float[] y,
      int to,
      int yStride) {
    FloatVector signs = FloatVector.broadcast(FLOATS, sign);
    FloatVector constant = FloatVector.broadcast(FLOATS, bias);
    int middle = 4 * stride;
    int last = 8 * stride;
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int m0 = from + at;
      int m1 = m0 + stride;
      int m2 = m1 + stride;
      int m3 = m2 + stride;
      FloatVector s0 = load(m, m0 + middle).fma(signs, load(m, m0));
      FloatVector s1 = load(m, m1 + middle).fma(signs, load(m, m1));
      FloatVector s2 = load(m, m2 + middle).fma(signs, load(m, m2));
      FloatVector s3 = load(m, m3 + middle).fma(signs, load(m, m3));
      s0 = load(m, m0 + last).fma(signs, s0);
      s1 = load(m, m1 + last).fma(signs, s1);
      s2 = load(m, m2 + last).fma(signs, s2);
      s3 = load(m, m3 + last).fma(signs, s3);
      s0.add(s1).add(s2).add(constant).intoArray(y, to + at);
      s1.sub(s2).sub(s3).add(constant).intoArray(y, to + at + yStride);
    }
  }

  @Override
  public void outputGradient(
      float[] g, int from, int stride, int length, float[] n, int nFrom, int nStride) {
    if (length < FLOAT_COUNT) {
      scalar.outputGradient(g, from, stride, length, n, nFrom, nStride);
      return;
    }
    gradientEnds(g, from, stride, length, n, nFrom, nStride);
    gradientMiddle(g, from, stride, 1f, length, n, nFrom + 4 * nStride, nStride);
    gradientMiddle(g, from, stride, -1f, length, n, nFrom + 8 * nStride, nStride);
  }

  private static void gradientMiddle(
      float[] g, int from, int stride, float sign, int length, float[] n, int to, int nStride) {
    FloatVector signs = FloatVector.broadcast(FLOATS, sign);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int first = from + at;
      FloatVector p = load(g, first + 2 * stride).fma(signs, load(g, first));
      FloatVector q = load(g, first + 3 * stride).fma(signs, load(g, first + stride));
      p.intoArray(n, to + at);
      p.add(q).intoArray(n, to + at + nStride);
      p.sub(q).intoArray(n, to + at + 2 * nStride);
      q.neg().intoArray(n, to + at + 3 * nStride);
    }
  }

  /** The first row of four and the last. */
  private static void gradientEnds(
      float[] g, int from, int stride, int length, float[] n, int nFrom, int nStride) {
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int to = nFrom + at;
      FloatVector a = load(g, from + at);
      FloatVector b = load(g, from + at + stride);
      a.intoArray(n, to);
      a.add(b).intoArray(n, to + nStride);
      a.sub(b).intoArray(n, to + 2 * nStride);
      b.neg().intoArray(n, to + 3 * nStride);
      FloatVector c = load(g, from + at + 2 * stride).neg();
      FloatVector d = load(g, from + at + 3 * stride);
      c.intoArray(n, to + 12 * nStride);
      c.sub(d).intoArray(n, to + 13 * nStride);
      c.add(d).intoArray(n, to + 14 * nStride);
      d.intoArray(n, to + 15 * nStride);
    }
  }

  @Override
  public void kernel(
      float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride) {
    if (length < FLOAT_COUNT) {
      scalar.kernel(w, from, stride, length, u, uFrom, uStride);
      return;
    }
    kernelRow(w, from, stride, length, u, uFrom, uStride);
    kernelRow(w, from + 6 * stride, stride, length, u, uFrom + 12 * uStride, uStride);
    kernelMiddle(w, from, stride, 1f, length, u, uFrom + 4 * uStride, uStride);
    kernelMiddle(w, from, stride, -1f, length, u, uFrom + 8 * uStride, uStride);
  }

  private static void kernelMiddle(
      float[] w, int from, int stride, float sign, int length, float[] u, int to, int uStride) {
    FloatVector signs = FloatVector.broadcast(FLOATS, sign);
    FloatVector half = FloatVector.broadcast(FLOATS, 0.5f);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int first = from + at;
      int second = first + stride;
      int third = second + stride;
      FloatVector a = load(w, first).add(load(w, first + 6 * stride));
      FloatVector b = load(w, second).add(load(w, second + 6 * stride));
      FloatVector c = load(w, third).add(load(w, third + 6 * stride));
      a = load(w, first + 3 * stride).fma(signs, a).mul(half);
      b = load(w, second + 3 * stride).fma(signs, b).mul(half);
      c = load(w, third + 3 * stride).fma(signs, c).mul(half);
      FloatVector s = a.add(c);
      a.intoArray(u, to + at);
      s.add(b).mul(half).intoArray(u, to + at + uStride);
      s.sub(b).mul(half).intoArray(u, to + at + 2 * uStride);
      c.intoArray(u, to + at + 3 * uStride);
    }
  }

  /** A row of the result from a row of the kernel as it is: the first of four or the last. */
  private static void kernelRow(
      float[] w, int from, int stride, int length, float[] u, int to, int uStride) {
    FloatVector half = FloatVector.broadcast(FLOATS, 0.5f);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      FloatVector a = load(w, from + at);
      FloatVector b = load(w, from + at + stride);
      FloatVector c = load(w, from + at + 2 * stride);
      FloatVector s = a.add(c);
      a.intoArray(u, to + at);
      s.add(b).mul(half).intoArray(u, to + at + uStride);
      s.sub(b).mul(half).intoArray(u, to + at + 2 * uStride);
      c.intoArray(u, to + at + 3 * uStride);
    }
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
    FloatVector half = FloatVector.broadcast(FLOATS, 0.5f);
    for (int i = from; i < from + bound; i += FLOAT_COUNT) {
      FloatVector b = load(s, i + stride).mul(half);
      FloatVector c = load(s, i + 2 * stride).mul(half);
      FloatVector both = b.add(c);
      load(s, i).add(both).intoArray(s, i);
      b.sub(c).intoArray(s, i + stride);
      both.add(load(s, i + 3 * stride)).intoArray(s, i + 2 * stride);
    }
  }

  private static void gradientRow(
      float[] s, int from, int stride, int bound, float[] dw, int dwFrom, int dwStride) {
    FloatVector half = FloatVector.broadcast(FLOATS, 0.5f);
    for (int i = 0; i < bound; i += FLOAT_COUNT) {
      FloatVector b = load(s, from + i + stride).mul(half);
      FloatVector c = load(s, from + i + 2 * stride).mul(half);
      FloatVector both = b.add(c);
      load(s, from + i).add(both).intoArray(dw, dwFrom + i);
      b.sub(c).intoArray(dw, dwFrom + i + dwStride);
      both.add(load(s, from + i + 3 * stride)).intoArray(dw, dwFrom + i + 2 * dwStride);
    }
  }
}
