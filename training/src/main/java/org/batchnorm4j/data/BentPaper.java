package org.batchnorm4j.data;

import org.batchnorm4j.tensor.RandomStream;

/**
 * A smooth random field of displacements: a cubic B-spline over a coarse grid of random vectors.
 *
 * <p>Not safe for use by several threads at once.
 */
final class BentPaper {
  /** Cells along each side of the square from -0.75 to 0.75 that the field covers. */
  private static final int CELLS = 3;

  private static final int KNOTS = CELLS + 3;

  private final double[] knotsX = new double[KNOTS * KNOTS];
  private final double[] knotsY = new double[KNOTS * KNOTS];
  private final double[] weightX = new double[4];
  private final double[] weightY = new double[4];

  /** Draws a new field whose grid vectors have standard deviation {@code strength} on each axis. */
  void crumple(double strength, RandomStream random) {
    for (int i = 0; i < knotsX.length; i++) {
      knotsX[i] = strength * random.nextGaussian();
      knotsY[i] = strength * random.nextGaussian();
    }
  }

  /** Returns how far the point moves along x. */
  double shiftX(double x, double y) {
    return shift(knotsX, x, y);
  }

  /** Returns how far the point moves along y. */
  double shiftY(double x, double y) {
    return shift(knotsY, x, y);
  }

  private double shift(double[] knots, double x, double y) {
    int column = weights(x, weightX);
    int row = weights(y, weightY);
    double sum = 0;
    for (int r = 0; r < 4; r++) {
      int at = (row + r) * KNOTS + column;
      sum +=
          weightY[r]
              * (weightX[0] * knots[at]
                  + weightX[1] * knots[at + 1]
                  + weightX[2] * knots[at + 2]
                  + weightX[3] * knots[at + 3]);
    }
    return sum;
  }

  /**
   * Fills the four weights of the uniform cubic B-spline and returns the first grid line they
   * belong to.
   */
  private static int weights(double position, double[] weights) {
    double scaled = Math.max(0, Math.min(CELLS, (position + 0.75) * (CELLS / 1.5)));
    int cell = Math.min((int) scaled, CELLS - 1);
    double t = scaled - cell;
    double u = 1 - t;
    weights[0] = u * u * u / 6;
    weights[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    weights[2] = (3 * u * u * u - 6 * u * u + 4) / 6;
    weights[3] = t * t * t / 6;
    return cell;
  }
}
