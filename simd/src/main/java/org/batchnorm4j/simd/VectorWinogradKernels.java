package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import org.batchnorm4j.kernel.ScalarWinogradKernels;
import org.batchnorm4j.kernel.WinogradKernels;

/**
 * SIMD twin of {@link ScalarWinogradKernels}; every method returns the same bits. The last vector
 * of a run overlaps the one before it; runs shorter than a vector go to the scalar twin.
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
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      inputs(x, from + at, rowStride, odd, apart, v, vFrom + at, vStride);
    }
  }

  private static void inputs(
      float[] x, int a, int rowStride, int odd, int apart, float[] v, int to, int vStride) {
    int b = a + rowStride;
    int c = b + rowStride;
    int d = c + rowStride;
    int next = odd + apart;
    FloatVector b0 = load(x, b);
    FloatVector b1 = load(x, b + odd);
    FloatVector b2 = load(x, b + apart);
    FloatVector b3 = load(x, b + next);
    FloatVector c0 = load(x, c);
    FloatVector c1 = load(x, c + odd);
    FloatVector c2 = load(x, c + apart);
    FloatVector c3 = load(x, c + next);
    row(
        load(x, a).sub(c0),
        load(x, a + odd).sub(c1),
        load(x, a + apart).sub(c2),
        load(x, a + next).sub(c3),
        v,
        to,
        vStride);
    row(b0.add(c0), b1.add(c1), b2.add(c2), b3.add(c3), v, to + 4 * vStride, vStride);
    row(c0.sub(b0), c1.sub(b1), c2.sub(b2), c3.sub(b3), v, to + 8 * vStride, vStride);
    row(
        b0.sub(load(x, d)),
        b1.sub(load(x, d + odd)),
        b2.sub(load(x, d + apart)),
        b3.sub(load(x, d + next)),
        v,
        to + 12 * vStride,
        vStride);
  }

  private static void row(
      FloatVector d0,
      FloatVector d1,
      FloatVector d2,
      FloatVector d3,
      float[] v,
      int at,
      int stride) {
    d0.sub(d2).intoArray(v, at);
    d1.add(d2).intoArray(v, at + stride);
    d2.sub(d1).intoArray(v, at + 2 * stride);
    d1.sub(d3).intoArray(v, at + 3 * stride);
  }

  @Override
  public void output(
      float[] m, int from, int stride, int length, float bias, float[] y, int yFrom, int yStride) {
    if (length < FLOAT_COUNT) {
      scalar.output(m, from, stride, length, bias, y, yFrom, yStride);
      return;
    }
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      outputs(m, from + at, stride, bias, y, yFrom + at, yStride);
    }
  }

  private static void outputs(
      float[] m, int first, int stride, float bias, float[] y, int to, int yStride) {
    int second = first + stride;
    int third = second + stride;
    int fourth = third + stride;
    FloatVector u1 = upper(m, second, stride);
    FloatVector u2 = upper(m, third, stride);
    upper(m, first, stride).add(u1).add(u2).add(bias).intoArray(y, to);
    u1.sub(u2).sub(upper(m, fourth, stride)).add(bias).intoArray(y, to + yStride);
    FloatVector l1 = lower(m, second, stride);
    FloatVector l2 = lower(m, third, stride);
    lower(m, first, stride).add(l1).add(l2).add(bias).intoArray(y, to + 2 * yStride);
    l1.sub(l2).sub(lower(m, fourth, stride)).add(bias).intoArray(y, to + 3 * yStride);
  }

  private static FloatVector upper(float[] m, int at, int stride) {
    return load(m, at).add(load(m, at + 4 * stride)).add(load(m, at + 8 * stride));
  }

  private static FloatVector lower(float[] m, int at, int stride) {
    return load(m, at + 4 * stride).sub(load(m, at + 8 * stride)).sub(load(m, at + 12 * stride));
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
      FloatVector a = load(g, from + at);
      FloatVector b = load(g, from + at + stride);
      FloatVector c = load(g, from + at + 2 * stride);
      FloatVector d = load(g, from + at + 3 * stride);
      int to = nFrom + at;
      gradientRow(a, b, n, to, nStride);
      gradientRow(a.add(c), b.add(d), n, to + 4 * nStride, nStride);
      gradientRow(a.sub(c), b.sub(d), n, to + 8 * nStride, nStride);
      gradientRow(c.neg(), d.neg(), n, to + 12 * nStride, nStride);
    }
  }

  private static void gradientRow(FloatVector a, FloatVector b, float[] n, int at, int stride) {
    a.intoArray(n, at);
    a.add(b).intoArray(n, at + stride);
    a.sub(b).intoArray(n, at + 2 * stride);
    b.neg().intoArray(n, at + 3 * stride);
  }

  @Override
  public void kernel(
      float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride) {
    if (length < FLOAT_COUNT) {
      scalar.kernel(w, from, stride, length, u, uFrom, uStride);
      return;
    }
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      kernels(w, from + at, stride, u, uFrom + at, uStride);
    }
  }

  private static void kernels(float[] w, int first, int stride, float[] u, int to, int uStride) {
    int second = first + 3 * stride;
    int third = second + 3 * stride;
    FloatVector a0 = load(w, first);
    FloatVector a1 = load(w, first + stride);
    FloatVector a2 = load(w, first + 2 * stride);
    FloatVector c0 = load(w, third);
    FloatVector c1 = load(w, third + stride);
    FloatVector c2 = load(w, third + 2 * stride);
    kernelRow(a0, a1, a2, u, to, uStride);
    kernelRow(c0, c1, c2, u, to + 12 * uStride, uStride);
    FloatVector s0 = a0.add(c0);
    FloatVector s1 = a1.add(c1);
    FloatVector s2 = a2.add(c2);
    FloatVector b0 = load(w, second);
    FloatVector b1 = load(w, second + stride);
    FloatVector b2 = load(w, second + 2 * stride);
    kernelRow(
        s0.add(b0).mul(0.5f),
        s1.add(b1).mul(0.5f),
        s2.add(b2).mul(0.5f),
        u,
        to + 4 * uStride,
        uStride);
    kernelRow(
        s0.sub(b0).mul(0.5f),
        s1.sub(b1).mul(0.5f),
        s2.sub(b2).mul(0.5f),
        u,
        to + 8 * uStride,
        uStride);
  }

  private static void kernelRow(
      FloatVector a, FloatVector b, FloatVector c, float[] u, int at, int stride) {
    FloatVector s = a.add(c);
    a.intoArray(u, at);
    s.add(b).mul(0.5f).intoArray(u, at + stride);
    s.sub(b).mul(0.5f).intoArray(u, at + 2 * stride);
    c.intoArray(u, at + 3 * stride);
  }

  @Override
  public void kernelGradient(
      float[] s, int from, int stride, int length, float[] dw, int dwFrom, int dwStride) {
    if (length < FLOAT_COUNT) {
      scalar.kernelGradient(s, from, stride, length, dw, dwFrom, dwStride);
      return;
    }
    int end = length - FLOAT_COUNT;
    for (int i = 0; i < length; i += FLOAT_COUNT) {
      int at = Math.min(i, end);
      kernelGradients(s, from + at, stride, dw, dwFrom + at, dwStride);
    }
  }

  private static void kernelGradients(
      float[] s, int first, int stride, float[] dw, int to, int dwStride) {
    int second = first + stride;
    int third = second + stride;
    int fourth = third + stride;
    gradients(
        top(s, first, stride),
        top(s, second, stride),
        top(s, third, stride),
        top(s, fourth, stride),
        dw,
        to,
        dwStride);
    gradients(
        half(s, first + 4 * stride).sub(half(s, first + 8 * stride)),
        half(s, second + 4 * stride).sub(half(s, second + 8 * stride)),
        half(s, third + 4 * stride).sub(half(s, third + 8 * stride)),
        half(s, fourth + 4 * stride).sub(half(s, fourth + 8 * stride)),
        dw,
        to + 3 * dwStride,
        dwStride);
    gradients(
        bottom(s, first, stride),
        bottom(s, second, stride),
        bottom(s, third, stride),
        bottom(s, fourth, stride),
        dw,
        to + 6 * dwStride,
        dwStride);
  }

  private static FloatVector half(float[] s, int at) {
    return load(s, at).mul(0.5f);
  }

  private static FloatVector top(float[] s, int at, int stride) {
    return load(s, at).add(half(s, at + 4 * stride).add(half(s, at + 8 * stride)));
  }

  private static FloatVector bottom(float[] s, int at, int stride) {
    return half(s, at + 4 * stride).add(half(s, at + 8 * stride)).add(load(s, at + 12 * stride));
  }

  private static void gradients(
      FloatVector a, FloatVector b, FloatVector c, FloatVector d, float[] dw, int at, int stride) {
    FloatVector halfB = b.mul(0.5f);
    FloatVector halfC = c.mul(0.5f);
    FloatVector sum = halfB.add(halfC);
    a.add(sum).intoArray(dw, at);
    halfB.sub(halfC).intoArray(dw, at + stride);
    sum.add(d).intoArray(dw, at + 2 * stride);
  }
}
