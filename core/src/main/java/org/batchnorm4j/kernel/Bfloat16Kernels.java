package org.batchnorm4j.kernel;

/**
 * Kernels over bfloat16 arrays that widen as they load and round once as they store: the same bits
 * as {@link CpuKernels#widenBfloat16}, the float32 kernel and {@link CpuKernels#narrowBfloat16}, of
 * a NaN the class. Runs, rows, lanes and constants are those of {@link CpuKernels}.
 *
 * <p>What is written must not overlap what is read. A NaN among the constants must be {@link
 * Float#NaN}: together with the rule of every processor that a NaN of arithmetic is one of its
 * operands made quiet, or the default, this leaves the lower half of each NaN 0, and rounding needs
 * no case for it. Rows that are summed have a multiple of {@link #COLUMNS} columns, others at least
 * as many; runs of what is computed value by value have at least {@link #LEAST_RUN} values.
 *
 * <p>Thread safety: implementations are stateless; safe from many threads on disjoint outputs.
 */
public interface Bfloat16Kernels {

  /** Columns of rows that are summed are a multiple of this, those of others not fewer. */
  int COLUMNS = 8;

  /** The shortest run of {@link #standardiseRuns} and {@link #runInputGradient}. */
  int LEAST_RUN = 16;

  /** See {@link CpuKernels#runMomentSums}. */
  void runMomentSums(
      short[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int to);

  /** See {@link CpuKernels#standardiseRuns}. */
  void standardiseRuns(
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
      boolean relu);

  /**
   * See {@link CpuKernels#runGradientSums} and, with {@code relu}, {@link
   * CpuKernels#runGradientSumsRelu}; without it scale and shift are not read.
   */
  void runGradientSums(
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
      int to);

  /**
   * See {@link CpuKernels#runInputGradient} and, with {@code relu}, {@link
   * CpuKernels#runInputGradientRelu}; without it scale and shift are not read.
   */
  void runInputGradient(
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
      boolean relu);

  /** See {@link CpuKernels#rowMomentSums}. */
  void rowMomentSums(
      short[] x,
      int from,
      int rows,
      int stride,
      int columns,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at);

  /** See {@link CpuKernels#standardiseRows}. */
  void standardiseRows(
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
      boolean relu);

  /**
   * See {@link CpuKernels#rowGradientSums} and, with {@code relu}, {@link
   * CpuKernels#rowGradientSumsRelu}; without it scale and shift are not read.
   */
  void rowGradientSums(
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
      int at);

  /**
   * See {@link CpuKernels#rowInputGradient} and, with {@code relu}, {@link
   * CpuKernels#rowInputGradientRelu}; without it scale and shift are not read.
   */
  void rowInputGradient(
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
      boolean relu);
}
