package org.batchnorm4j.kernel;

/**
 * The definition of {@link WinogradKernels}: the order of every sum.
 *
 * <p>Thread safety: stateless; safe from many threads on disjoint outputs.
 */
public final class ScalarWinogradKernels implements WinogradKernels {

  /** Creates the kernels; they have no state, so one instance does for all. */
  public ScalarWinogradKernels() {}

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
    for (int i = 0; i < length; i++) {
      int a = from + i;
      int b = a + rowStride;
      int c = b + rowStride;
      int d = c + rowStride;
      int next = odd + apart;
      float a0 = x[a];
      float a1 = x[a + odd];
      float a2 = x[a + apart];
      float a3 = x[a + next];
      float b0 = x[b];
      float b1 = x[b + odd];
      float b2 = x[b + apart];
      float b3 = x[b + next];
      float c0 = x[c];
      float c1 = x[c + odd];
      float c2 = x[c + apart];
      float c3 = x[c + next];
      float d0 = x[d];
      float d1 = x[d + odd];
      float d2 = x[d + apart];
      float d3 = x[d + next];
      int to = vFrom + i;
      row(a0 - c0, a1 - c1, a2 - c2, a3 - c3, v, to, vStride);
      row(b0 + c0, b1 + c1, b2 + c2, b3 + c3, v, to + 4 * vStride, vStride);
      row(c0 - b0, c1 - b1, c2 - b2, c3 - b3, v, to + 8 * vStride, vStride);
      row(b0 - d0, b1 - d1, b2 - d2, b3 - d3, v, to + 12 * vStride, vStride);
    }
  }

  private static void row(float d0, float d1, float d2, float d3, float[] v, int at, int stride) {
    v[at] = d0 - d2;
    v[at + stride] = d1 + d2;
    v[at + 2 * stride] = d2 - d1;
    v[at + 3 * stride] = d1 - d3;
  }

  @Override
  public void output(
      float[] m, int from, int stride, int length, float bias, float[] y, int yFrom, int yStride) {
    for (int i = 0; i < length; i++) {
      int first = from + i;
      int second = first + stride;
      int third = second + stride;
      int fourth = third + stride;
      float u0 = m[first] + m[first + 4 * stride] + m[first + 8 * stride];
      float l0 = m[first + 4 * stride] - m[first + 8 * stride] - m[first + 12 * stride];
      float u1 = m[second] + m[second + 4 * stride] + m[second + 8 * stride];
      float l1 = m[second + 4 * stride] - m[second + 8 * stride] - m[second + 12 * stride];
      float u2 = m[third] + m[third + 4 * stride] + m[third + 8 * stride];
      float l2 = m[third + 4 * stride] - m[third + 8 * stride] - m[third + 12 * stride];
      float u3 = m[fourth] + m[fourth + 4 * stride] + m[fourth + 8 * stride];
      float l3 = m[fourth + 4 * stride] - m[fourth + 8 * stride] - m[fourth + 12 * stride];
      int to = yFrom + i;
      y[to] = u0 + u1 + u2 + bias;
      y[to + yStride] = u1 - u2 - u3 + bias;
      y[to + 2 * yStride] = l0 + l1 + l2 + bias;
      y[to + 3 * yStride] = l1 - l2 - l3 + bias;
    }
  }

  @Override
  public void outputGradient(
      float[] g, int from, int stride, int length, float[] n, int nFrom, int nStride) {
    for (int i = 0; i < length; i++) {
      float a = g[from + i];
      float b = g[from + i + stride];
      float c = g[from + i + 2 * stride];
      float d = g[from + i + 3 * stride];
      int to = nFrom + i;
      gradientRow(a, b, n, to, nStride);
      gradientRow(a + c, b + d, n, to + 4 * nStride, nStride);
      gradientRow(a - c, b - d, n, to + 8 * nStride, nStride);
      gradientRow(-c, -d, n, to + 12 * nStride, nStride);
    }
  }

  private static void gradientRow(float a, float b, float[] n, int at, int stride) {
    n[at] = a;
    n[at + stride] = a + b;
    n[at + 2 * stride] = a - b;
    n[at + 3 * stride] = -b;
  }

  @Override
  public void kernel(
      float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride) {
    for (int i = 0; i < length; i++) {
      int first = from + i;
      int second = first + 3 * stride;
      int third = second + 3 * stride;
      float a0 = w[first];
      float a1 = w[first + stride];
      float a2 = w[first + 2 * stride];
      float b0 = w[second];
      float b1 = w[second + stride];
      float b2 = w[second + 2 * stride];
      float c0 = w[third];
      float c1 = w[third + stride];
      float c2 = w[third + 2 * stride];
      float s0 = a0 + c0;
      float s1 = a1 + c1;
      float s2 = a2 + c2;
      int to = uFrom + i;
      kernelRow(a0, a1, a2, u, to, uStride);
      kernelRow(0.5f * (s0 + b0), 0.5f * (s1 + b1), 0.5f * (s2 + b2), u, to + 4 * uStride, uStride);
      kernelRow(0.5f * (s0 - b0), 0.5f * (s1 - b1), 0.5f * (s2 - b2), u, to + 8 * uStride, uStride);
      kernelRow(c0, c1, c2, u, to + 12 * uStride, uStride);
    }
  }

  private static void kernelRow(float a, float b, float c, float[] u, int at, int stride) {
    u[at] = a;
    u[at + stride] = 0.5f * (a + c + b);
    u[at + 2 * stride] = 0.5f * (a + c - b);
    u[at + 3 * stride] = c;
  }

  @Override
  public void kernelGradient(
      float[] s, int from, int stride, int length, float[] dw, int dwFrom, int dwStride) {
    for (int i = 0; i < length; i++) {
      for (int row = 0; row < 3; row++) {
        int at = from + i;
        float a = column(s, at, stride, row);
        float b = 0.5f * column(s, at + stride, stride, row);
        float c = 0.5f * column(s, at + 2 * stride, stride, row);
        float d = column(s, at + 3 * stride, stride, row);
        int to = dwFrom + i + 3 * row * dwStride;
        dw[to] = a + (b + c);
        dw[to + dwStride] = b - c;
        dw[to + 2 * dwStride] = (b + c) + d;
      }
    }
  }

  /** One row of {@code G' s}. */
  private static float column(float[] s, int at, int stride, int row) {
    float b = 0.5f * s[at + 4 * stride];
    float c = 0.5f * s[at + 8 * stride];
    return switch (row) {
      case 0 -> s[at] + (b + c);
      case 1 -> b - c;
      default -> (b + c) + s[at + 12 * stride];
    };
  }
}
