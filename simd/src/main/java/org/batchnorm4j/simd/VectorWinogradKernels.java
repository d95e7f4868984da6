package org.batchnorm4j.simd;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;

import jdk.incubator.vector.FloatVector;
import org.batchnorm4j.kernel.ScalarWinogradKernels;
import org.batchnorm4j.kernel.WinogradKernels;

/**
 * SIMD twin of {@link ScalarWinogradKernels}; every method returns the same bits. The last vector
 * of a run overlaps the one before it; runs shorter than a vector go to the scalar twin.
 *
 * <p>A loop has at most some forty calls of the Vector API, whose vectors the compiler keeps in
 * registers if it compiles the loop's method by itself. Inlined into a large caller, some become
 * objects. So no such method is short enough to be inlined: each has more than 325 bytes of code,
 * HotSpot's {@code FreqInlineSize}.
 *
 * <p>Rows that differ in signs share a method: {@code q.fma(sign, p)} has the bits of {@code p + q}
 * or {@code p - q}, as the product is exact.
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
    inputEnds(x, from, rowStride, odd, apart, length, v, vFrom, vStride);
    inputMiddle(
        x, from + rowStride, rowStride, odd, apart, length, v, vFrom + 4 * vStride, vStride);
  }

  /** The first row of four and the last: {@code a - c} and {@code b - d}. */
  private static void inputEnds(
      float[] x,
      int from,
      int rowStride,
      int odd,
      int apart,
      int length,
      float[] v,
      int vFrom,
      int vStride) {
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int a = from + at;
      int b = a + rowStride;
      int c = b + rowStride;
      int d = c + rowStride;
      int to = vFrom + at;
      FloatVector d0 = fromArray(FLOATS, x, a).sub(fromArray(FLOATS, x, c));
      FloatVector d1 = fromArray(FLOATS, x, a + odd).sub(fromArray(FLOATS, x, c + odd));
      FloatVector d2 = fromArray(FLOATS, x, a + apart).sub(fromArray(FLOATS, x, c + apart));
      FloatVector d3 =
          fromArray(FLOATS, x, a + apart + odd).sub(fromArray(FLOATS, x, c + apart + odd));
      d0.sub(d2).intoArray(v, to);
      d1.add(d2).intoArray(v, to + vStride);
      d2.sub(d1).intoArray(v, to + 2 * vStride);
      d1.sub(d3).intoArray(v, to + 3 * vStride);
      d0 = fromArray(FLOATS, x, b).sub(fromArray(FLOATS, x, d));
      d1 = fromArray(FLOATS, x, b + odd).sub(fromArray(FLOATS, x, d + odd));
      d2 = fromArray(FLOATS, x, b + apart).sub(fromArray(FLOATS, x, d + apart));
      d3 = fromArray(FLOATS, x, b + apart + odd).sub(fromArray(FLOATS, x, d + apart + odd));
      d0.sub(d2).intoArray(v, to + 12 * vStride);
      d1.add(d2).intoArray(v, to + 13 * vStride);
      d2.sub(d1).intoArray(v, to + 14 * vStride);
      d1.sub(d3).intoArray(v, to + 15 * vStride);
    }
  }

  /** The two rows between: {@code b + c} and {@code c - b}. */
  private static void inputMiddle(
      float[] x,
      int from,
      int rowStride,
      int odd,
      int apart,
      int length,
      float[] v,
      int vFrom,
      int vStride) {
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int b = from + at;
      int c = b + rowStride;
      int to = vFrom + at;
      FloatVector b0 = fromArray(FLOATS, x, b);
      FloatVector b1 = fromArray(FLOATS, x, b + odd);
      FloatVector b2 = fromArray(FLOATS, x, b + apart);
      FloatVector b3 = fromArray(FLOATS, x, b + apart + odd);
      FloatVector c0 = fromArray(FLOATS, x, c);
      FloatVector c1 = fromArray(FLOATS, x, c + odd);
      FloatVector c2 = fromArray(FLOATS, x, c + apart);
      FloatVector c3 = fromArray(FLOATS, x, c + apart + odd);
      FloatVector d0 = b0.add(c0);
      FloatVector d1 = b1.add(c1);
      FloatVector d2 = b2.add(c2);
      FloatVector d3 = b3.add(c3);
      d0.sub(d2).intoArray(v, to);
      d1.add(d2).intoArray(v, to + vStride);
      d2.sub(d1).intoArray(v, to + 2 * vStride);
      d1.sub(d3).intoArray(v, to + 3 * vStride);
      d0 = c0.sub(b0);
      d1 = c1.sub(b1);
      d2 = c2.sub(b2);
      d3 = c3.sub(b3);
      d0.sub(d2).intoArray(v, to + 4 * vStride);
      d1.add(d2).intoArray(v, to + 5 * vStride);
      d2.sub(d1).intoArray(v, to + 6 * vStride);
      d1.sub(d3).intoArray(v, to + 7 * vStride);
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
    FloatVector signs = broadcast(FLOATS, sign);
    FloatVector constant = broadcast(FLOATS, bias);
    int middle = 4 * stride;
    int last = 8 * stride;
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int m0 = from + at;
      int m1 = m0 + stride;
      int m2 = m1 + stride;
      int m3 = m2 + stride;
      FloatVector s0 = fromArray(FLOATS, m, m0 + middle).fma(signs, fromArray(FLOATS, m, m0));
      FloatVector s1 = fromArray(FLOATS, m, m1 + middle).fma(signs, fromArray(FLOATS, m, m1));
      FloatVector s2 = fromArray(FLOATS, m, m2 + middle).fma(signs, fromArray(FLOATS, m, m2));
      FloatVector s3 = fromArray(FLOATS, m, m3 + middle).fma(signs, fromArray(FLOATS, m, m3));
      s0 = fromArray(FLOATS, m, m0 + last).fma(signs, s0);
      s1 = fromArray(FLOATS, m, m1 + last).fma(signs, s1);
      s2 = fromArray(FLOATS, m, m2 + last).fma(signs, s2);
      s3 = fromArray(FLOATS, m, m3 + last).fma(signs, s3);
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
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int first = from + at;
      int to = nFrom + at;
      FloatVector a = fromArray(FLOATS, g, first);
      FloatVector b = fromArray(FLOATS, g, first + stride);
      FloatVector c = fromArray(FLOATS, g, first + 2 * stride);
      FloatVector d = fromArray(FLOATS, g, first + 3 * stride);
      a.intoArray(n, to);
      a.add(b).intoArray(n, to + nStride);
      a.sub(b).intoArray(n, to + 2 * nStride);
      b.neg().intoArray(n, to + 3 * nStride);
      FloatVector p = a.add(c);
      FloatVector q = b.add(d);
      p.intoArray(n, to + 4 * nStride);
      p.add(q).intoArray(n, to + 5 * nStride);
      p.sub(q).intoArray(n, to + 6 * nStride);
      q.neg().intoArray(n, to + 7 * nStride);
      p = a.sub(c);
      q = b.sub(d);
      p.intoArray(n, to + 8 * nStride);
      p.add(q).intoArray(n, to + 9 * nStride);
      p.sub(q).intoArray(n, to + 10 * nStride);
      q.neg().intoArray(n, to + 11 * nStride);
      p = c.neg();
      p.intoArray(n, to + 12 * nStride);
      p.sub(d).intoArray(n, to + 13 * nStride);
      p.add(d).intoArray(n, to + 14 * nStride);
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
    kernelEnds(w, from, stride, length, u, uFrom, uStride);
    kernelMiddle(w, from, stride, length, u, uFrom + 4 * uStride, uStride);
  }

  /** The first row of four and the last, from rows of the kernel as they are. */
  private static void kernelEnds(
      float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride) {
    FloatVector half = broadcast(FLOATS, 0.5f);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int first = from + at;
      int to = uFrom + at;
      int second = first + stride;
      int third = second + stride;
      FloatVector a = fromArray(FLOATS, w, first);
      FloatVector b = fromArray(FLOATS, w, second);
      FloatVector c = fromArray(FLOATS, w, third);
      FloatVector s = a.add(c);
      a.intoArray(u, to);
      s.add(b).mul(half).intoArray(u, to + uStride);
      s.sub(b).mul(half).intoArray(u, to + 2 * uStride);
      c.intoArray(u, to + 3 * uStride);
      first += 6 * stride;
      second += 6 * stride;
      third += 6 * stride;
      a = fromArray(FLOATS, w, first);
      b = fromArray(FLOATS, w, second);
      c = fromArray(FLOATS, w, third);
      s = a.add(c);
      a.intoArray(u, to + 12 * uStride);
      s.add(b).mul(half).intoArray(u, to + 13 * uStride);
      s.sub(b).mul(half).intoArray(u, to + 14 * uStride);
      c.intoArray(u, to + 15 * uStride);
    }
  }

  /** The two rows between: half of the first and last row of the kernel and its second, +-. */
  private static void kernelMiddle(
      float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride) {
    FloatVector half = broadcast(FLOATS, 0.5f);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int first = from + at;
      int to = uFrom + at;
      FloatVector s0 = fromArray(FLOATS, w, first).add(fromArray(FLOATS, w, first + 6 * stride));
      FloatVector s1 =
          fromArray(FLOATS, w, first + stride).add(fromArray(FLOATS, w, first + 7 * stride));
      FloatVector s2 =
          fromArray(FLOATS, w, first + 2 * stride).add(fromArray(FLOATS, w, first + 8 * stride));
      FloatVector b0 = fromArray(FLOATS, w, first + 3 * stride);
      FloatVector b1 = fromArray(FLOATS, w, first + 4 * stride);
      FloatVector b2 = fromArray(FLOATS, w, first + 5 * stride);
      FloatVector a = s0.add(b0).mul(half);
      FloatVector b = s1.add(b1).mul(half);
      FloatVector c = s2.add(b2).mul(half);
      FloatVector s = a.add(c);
      a.intoArray(u, to);
      s.add(b).mul(half).intoArray(u, to + uStride);
      s.sub(b).mul(half).intoArray(u, to + 2 * uStride);
      c.intoArray(u, to + 3 * uStride);
      a = s0.sub(b0).mul(half);
      b = s1.sub(b1).mul(half);
      c = s2.sub(b2).mul(half);
      s = a.add(c);
      a.intoArray(u, to + 4 * uStride);
      s.add(b).mul(half).intoArray(u, to + 5 * uStride);
      s.sub(b).mul(half).intoArray(u, to + 6 * uStride);
      c.intoArray(u, to + 7 * uStride);
    }
  }

  @Override
  public void kernelGradient(
      float[] s, int from, int stride, int length, float[] dw, int dwFrom, int dwStride) {
    if (length < FLOAT_COUNT) {
      scalar.kernelGradient(s, from, stride, length, dw, dwFrom, dwStride);
      return;
    }
    int last = from + 12 * stride;
    gradientEnd(s, from, from, stride, length, dw, dwFrom, dwStride);
    gradientMiddle(s, from, stride, length, dw, dwFrom + 3 * dwStride, dwStride);
    gradientEnd(s, from, last, stride, length, dw, dwFrom + 6 * dwStride, dwStride);
  }

  /** The first row of three or the last, by the row of {@code s} that is whole in it. */
  private static void gradientEnd(
      float[] s, int from, int whole, int stride, int length, float[] dw, int to, int dwStride) {
    FloatVector half = broadcast(FLOATS, 0.5f);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int row = whole + at;
      int second = from + at + 4 * stride;
      int third = second + 4 * stride;
      FloatVector both =
          fromArray(FLOATS, s, second).mul(half).add(fromArray(FLOATS, s, third).mul(half));
      FloatVector a = fromArray(FLOATS, s, row).add(both);
      second += stride;
      third += stride;
      both = fromArray(FLOATS, s, second).mul(half).add(fromArray(FLOATS, s, third).mul(half));
      FloatVector b = fromArray(FLOATS, s, row + stride).add(both).mul(half);
      second += stride;
      third += stride;
      both = fromArray(FLOATS, s, second).mul(half).add(fromArray(FLOATS, s, third).mul(half));
      FloatVector c = fromArray(FLOATS, s, row + 2 * stride).add(both).mul(half);
      second += stride;
      third += stride;
      both = fromArray(FLOATS, s, second).mul(half).add(fromArray(FLOATS, s, third).mul(half));
      FloatVector d = fromArray(FLOATS, s, row + 3 * stride).add(both);
      both = b.add(c);
      a.add(both).intoArray(dw, to + at);
      b.sub(c).intoArray(dw, to + at + dwStride);
      both.add(d).intoArray(dw, to + at + 2 * dwStride);
    }
  }

  private static void gradientMiddle(
      float[] s, int from, int stride, int length, float[] dw, int to, int dwStride) {
    FloatVector half = broadcast(FLOATS, 0.5f);
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      int second = from + at + 4 * stride;
      int third = second + 4 * stride;
      FloatVector p = fromArray(FLOATS, s, second).mul(half);
      FloatVector q = fromArray(FLOATS, s, third).mul(half);
      FloatVector a = p.sub(q);
      second += stride;
      third += stride;
      p = fromArray(FLOATS, s, second).mul(half);
      q = fromArray(FLOATS, s, third).mul(half);
      FloatVector b = p.sub(q);
      second += stride;
      third += stride;
      p = fromArray(FLOATS, s, second).mul(half);
      q = fromArray(FLOATS, s, third).mul(half);
      FloatVector c = p.sub(q);
      second += stride;
      third += stride;
      p = fromArray(FLOATS, s, second).mul(half);
      q = fromArray(FLOATS, s, third).mul(half);
      FloatVector d = p.sub(q);
      b = b.mul(half);
      c = c.mul(half);
      FloatVector both = b.add(c);
      a.add(both).intoArray(dw, to + at);
      b.sub(c).intoArray(dw, to + at + dwStride);
      both.add(d).intoArray(dw, to + at + 2 * dwStride);
    }
  }
}
