package org.batchnorm4j.peers;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How much each result can move when what it is made from is rounded: the formula of the result
 * with the absolute values of its summands, by definition in float64. docs/numerics.md states the
 * bound that follows, and what the two kinds of conditions are for.
 */
final class Conditions {
  final double[] output;
  final double[] gradInput;
  final double[] gradWeight;
  final double[] gradBias;

  /** Of the mean, by group. */
  final double[] mean;

  /** Of the sum of squares, by group. */
  final double[] squares;

  /** Additions behind one value at most. */
  final int largestSum;

  /**
   * @param ofSums whether sums are wrong too; else means and variances count as exact
   * @param g gradient of the output, or null for one of 0
   * @param gamma factors, or null for 1
   * @param beta constants, or null for 0
   * @param givenMean the statistics that normalise, by group, or null for those of the values
   */
  Conditions(
      boolean ofSums,
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
    double[] centre = new double[groups];
    double[] meanAbs = new double[groups];
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      counts[s]++;
      gammaCounts[grouping.affineOf().applyAsInt(i)]++;
      centre[s] += x[i];
      meanAbs[s] += Math.abs(x[i]);
    }
    boolean given = givenMean != null && givenVar != null;
    mean = new double[groups];
    for (int s = 0; s < groups; s++) {
      centre[s] = counts[s] == 0 ? 0 : centre[s] / counts[s];
      meanAbs[s] = counts[s] == 0 ? 0 : meanAbs[s] / counts[s];
      mean[s] = ofSums ? meanAbs[s] : Math.abs(centre[s]);
      if (given || !grouping.centred()) {
        centre[s] = given ? givenMean[s] : 0;
        meanAbs[s] = Math.abs(centre[s]);
      }
    }
    largestSum =
        Math.max(1, Arrays.stream(counts).max().orElse(0))
            + Arrays.stream(gammaCounts).max().orElse(0);

    double[] m2 = new double[groups];
    double[] m2Abs = new double[groups];
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      double d = Math.abs(x[i] - centre[s]);
      m2[s] += d * d;
      m2Abs[s] += ofSums ? (Math.abs(x[i]) + meanAbs[s]) * d : 0;
    }
    squares = new double[groups];
    double[] inverse = new double[groups];
    double[] ofInverse = new double[groups];
    for (int s = 0; s < groups; s++) {
      squares[s] = m2[s] + m2Abs[s];
      inverse[s] = 1 / Math.sqrt((given ? givenVar[s] : m2[s] / counts[s]) + eps);
      ofInverse[s] = given ? 0 : m2Abs[s] / counts[s] * inverse[s] * inverse[s];
    }

    output = new double[x.length];
    gradInput = new double[x.length];
    gradWeight = new double[grouping.affines()];
    gradBias = new double[grouping.affines()];
    double[] xhat = new double[x.length];
    double[] ofXhat = new double[x.length];
    double[] h = new double[x.length];
    double[] meanH = new double[groups];
    double[] meanHx = new double[groups];
    double[] meanHc = new double[groups];
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      int c = grouping.affineOf().applyAsInt(i);
      double factor = gamma == null ? 1 : Math.abs(gamma[c]);
      double slope = g == null ? 0 : Math.abs(g[i]);
      xhat[i] = Math.abs(x[i] - centre[s]) * inverse[s];
      ofXhat[i] =
          ofSums ? (Math.abs(x[i]) + meanAbs[s]) * inverse[s] + ofInverse[s] * xhat[i] : xhat[i];
      output[i] = factor * ofXhat[i] + (beta == null ? 0 : Math.abs(beta[c]));
      gradWeight[c] += slope * ofXhat[i];
      gradBias[c] += slope;
      h[i] = factor * slope;
      if (!given) {
        meanH[s] += grouping.centred() ? h[i] / counts[s] : 0;
        meanHx[s] += h[i] * xhat[i] / counts[s];
        meanHc[s] += h[i] * ofXhat[i] / counts[s];
      }
    }
    for (int i = 0; i < x.length; i++) {
      int s = grouping.groupOf().applyAsInt(i);
      double summands = h[i] + meanH[s] + xhat[i] * meanHx[s];
      gradInput[i] =
          inverse[s]
              * ((1 + ofInverse[s]) * summands + ofXhat[i] * meanHx[s] + xhat[i] * meanHc[s]);
    }
  }
}
