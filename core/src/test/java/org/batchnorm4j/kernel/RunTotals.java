package org.batchnorm4j.kernel;

/** Sums of runs of one channel, one run after the other, folded: what callers make of the lanes. */
public final class RunTotals {
  private RunTotals() {}

  /** Mean and M2 of {@code count} runs, {@code stride} apart, about their first value. */
  public static double[] moments(
      CpuKernels kernels, float[] x, int from, int count, int stride, int length) {
    float first = count * length == 0 || !Float.isFinite(x[from]) ? 0 : x[from];
    double[] sums = new double[VirtualLanes.COUNT];
    double[] squares = new double[VirtualLanes.COUNT];
    for (int r = 0; r < count; r++) {
      float[] pivot = {first};
      kernels.runMomentSums(x, from + r * stride, 1, length, pivot, 0, sums, squares, 0);
    }
    double n = Math.max(1, count * length);
    double sum = VirtualLanes.fold(sums, 0);
    double square = VirtualLanes.fold(squares, 0);
    return new double[] {first + sum / n, Math.max(0.0, square - sum * (sum / n))};
  }

  /**
   * {@code sum(g)} and {@code sum(g * (x - mean))} of {@code count} runs that follow one another.
   */
  static double[] gradients(
      CpuKernels kernels, float[] x, int xFrom, float[] g, int gFrom, Runs runs, float mean) {
    double[] sumG = new double[VirtualLanes.COUNT];
    double[] sumGx = new double[VirtualLanes.COUNT];
    for (int r = 0; r < runs.count; r++) {
      int at = r * runs.stride;
      float[] m = {mean};
      kernels.runGradientSums(x, xFrom + at, g, gFrom + at, 1, runs.length, m, 0, sumG, sumGx, 0);
    }
    return new double[] {VirtualLanes.fold(sumG, 0), VirtualLanes.fold(sumGx, 0)};
  }

  /** The same where {@code (x - mean) * scale + shift} is positive. */
  static double[] gradientsRelu(
      CpuKernels kernels,
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      Runs runs,
      float mean,
      float scale,
      float shift) {
    double[] sumG = new double[VirtualLanes.COUNT];
    double[] sumGx = new double[VirtualLanes.COUNT];
    float[] m = {mean};
    float[] s = {scale};
    float[] t = {shift};
    for (int r = 0; r < runs.count; r++) {
      int at = r * runs.stride;
      kernels.runGradientSumsRelu(
          x, xFrom + at, g, gFrom + at, 1, runs.length, m, s, t, 0, sumG, sumGx, 0);
    }
    return new double[] {VirtualLanes.fold(sumG, 0), VirtualLanes.fold(sumGx, 0)};
  }

  /** Runs of one channel. */
  record Runs(int count, int stride, int length) {}
}
