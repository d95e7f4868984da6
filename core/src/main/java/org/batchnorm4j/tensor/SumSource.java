package org.batchnorm4j.tensor;

/** What sums are taken of, in memory that kernels read. */
interface SumSource {
  /** The value at a position of the tensor. */
  float value(int position);

  /** Adds the moments of a few rows, column by column. */
  void addMoments(StripBlock rows, float[] pivot, double[] sums, double[] squares);

  /** Adds the gradient sums of a few rows, column by column. */
  void addGradients(StripBlock rows, StripSums.Line line, boolean relu, double[] g, double[] gx);

  /**
   * Adds the moments of runs that follow one another; pivots from {@code at} on, lanes from {@code
   * to} on.
   */
  void addRunMoments(
      StripBlock runs, float[] pivot, int at, double[] sums, double[] squares, int to);

  /** Adds the gradient sums of runs that follow one another; lanes from {@code to} on. */
  void addRunGradients(StripBlock runs, boolean relu, double[] sumG, double[] sumGx, int to);

  /** The same for what a gate lets pass, which is written first or on the way. */
  default void addRunGradients(
      StripBlock runs, ReluGate gate, double[] sumG, double[] sumGx, int to) {
    gate.pass(runs.from(), 1, 0, runs.width());
    addRunGradients(runs, false, sumG, sumGx, to);
  }

  /** Adds the two gradient sums of a wide channel in the rows or runs that were added last. */
  void addWide(StripBlock rows, int channel, boolean relu, double[] sums);
}
