package org.batchnorm4j.peers;

import org.jspecify.annotations.Nullable;

/**
 * How much each result can move when its inputs and every intermediate value are rounded: the
 * formula of the result with the absolute values of its summands, by definition in float64.
 * docs/numerics.md states the bound that follows, {@code k u} times this.
 */
final class Conditions {
  final double[] output;
  final double[] gradInput;
  final double[] gradWeight;
  final double[] gradBias;

  /** Mean of absolute values, by group. */
  final double[] meanAbs;

  /** Sum of squares, and what rounding of its parts can do to it, by group. */
  final double[] squares;

  final int largestSum;

  /**
   * @param g gradient of the output, or null for one of 0
   * @param gamma factors, or null for 1
   * @param beta constants, or null for 0
   * @param givenMean the statistics that normalise, by group, or null for those of the values
   */
  Conditions(
      Grouping grouping,
      double[] x,
      double @Nullable [] g,
      double @Nullable [] gamma,
      double @Nullable [] beta,
      double eps,
      double @Nullable [] givenMean,
      double @Nullable [] givenVar) {
    int groups = grouping.groups();
    int[] counts = new int[groups];
    int[] gammaCounts = new int[grouping.affines()];
    double[] mean = new double[groups];
    meanAbs = new double[groups];
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      counts[s]++;
      gammaCounts[grouping.affineOf().applyAsInt(i)]++;
      mean[s] += x[i];
      meanAbs[s] += Math.abs(x[i]);
    }
    boolean given = givenMean != null && givenVar != null;
    int largest = 1;
    for (int s = 0; s < groups; s++) {
      largest = Math.max(largest, counts[s]);
      meanAbs[s] /= counts[s];
      mean[s] = !grouping.centred() ? 0 : given ? givenMean[s] : mean[s] / counts[s];
    }
    for (int count : gammaCounts) {
      largest = Math.max(largest, count);
    }
    largestSum = largest;

    double[] m2 = new double[groups];
    double[] taken = new double[groups];
    squares = new double[groups];
    for (int s = 0; s < groups; s++) {
      taken[s] = !grouping.centred() ? 0 : given ? Math.abs(mean[s]) : meanAbs[s];
    }
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      double d = x[i] - mean[s];
      m2[s] += d * d;
      squares[s] += d * d + (Math.abs(x[i]) + taken[s]) * Math.abs(d);
    }
    double[] inverse = new double[groups];
    for (int s = 0; s < groups; s++) {
      inverse[s] = 1 / Math.sqrt((given ? givenVar[s] : m2[s] / counts[s]) + eps);
    }

    output = new double[x.length];
    gradInput = new double[x.length];
    gradWeight = new double[grouping.affines()];
    gradBias = new double[grouping.affines()];
    double[] sumG = new double[groups];
    double[] sumGx = new double[groups];
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      int c = grouping.affineOf().applyAsInt(i);
      double factor = gamma == null ? 1 : Math.abs(gamma[c]);
      double xhat = (Math.abs(x[i]) + taken[s]) * inverse[s];
      double slope = g == null ? 0 : Math.abs(g[i]);
      output[i] = factor * xhat + (beta == null ? 0 : Math.abs(beta[c]));
      gradWeight[c] += slope * xhat;
      gradBias[c] += slope;
      sumG[s] += factor * slope;
      sumGx[s] += factor * slope * xhat;
    }
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      int c = grouping.affineOf().applyAsInt(i);
      double factor = gamma == null ? 1 : Math.abs(gamma[c]);
      double xhat = (Math.abs(x[i]) + taken[s]) * inverse[s];
      double sums = (grouping.centred() ? sumG[s] : 0) / counts[s] + xhat * sumGx[s] / counts[s];
      double slope = g == null ? 0 : Math.abs(g[i]);
      gradInput[i] = inverse[s] * (factor * slope + (given ? 0 : sums));
    }
  }
}
