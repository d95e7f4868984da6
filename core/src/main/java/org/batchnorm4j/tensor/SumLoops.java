package org.batchnorm4j.tensor;

/**
 * The inner loops of sums, in float64: over a <em>run</em> (adjacent values that all go into one
 * result) and over a <em>row</em> (adjacent values that each go into a result of their own). Runs
 * have four lanes, value {@code i} in lane {@code i mod 4}, folded as {@code (0 + 2) + (1 + 3)}.
 */
final class SumLoops {
  private SumLoops() {}

  static double run(float[] x, int from, int length) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int bound = from + (length & -4);
    int i = from;
    for (; i < bound; i += 4) {
      s0 += x[i];
      s1 += x[i + 1];
      s2 += x[i + 2];
      s3 += x[i + 3];
    }
    s0 += i < from + length ? x[i] : 0;
    s1 += i + 1 < from + length ? x[i + 1] : 0;
    s2 += i + 2 < from + length ? x[i + 2] : 0;
    return (s0 + s2) + (s1 + s3);
  }

  static double run(double[] x, int from, int length) {
    double[] lanes = new double[4];
    for (int i = 0; i < length; i++) {
      lanes[i & 3] += x[from + i];
    }
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
  }

  static double squares(float[] x, int from, int length, double centre) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int bound = from + (length & -4);
    int i = from;
    for (; i < bound; i += 4) {
      s0 += square(x[i] - centre);
      s1 += square(x[i + 1] - centre);
      s2 += square(x[i + 2] - centre);
      s3 += square(x[i + 3] - centre);
    }
    s0 += i < from + length ? square(x[i] - centre) : 0;
    s1 += i + 1 < from + length ? square(x[i + 1] - centre) : 0;
    s2 += i + 2 < from + length ? square(x[i + 2] - centre) : 0;
    return (s0 + s2) + (s1 + s3);
  }

  static double squares(double[] x, int from, int length, double centre) {
    double[] lanes = new double[4];
    for (int i = 0; i < length; i++) {
      lanes[i & 3] += square(x[from + i] - centre);
    }
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
  }

  private static double square(double d) {
    return d * d;
  }

  static void row(float[] x, int from, int length, double[] sums, int at) {
    for (int i = 0; i < length; i++) {
      sums[at + i] += x[from + i];
    }
  }

  static void row(double[] x, int from, int length, double[] sums, int at) {
    for (int i = 0; i < length; i++) {
      sums[at + i] += x[from + i];
    }
  }

  static void rowSquares(
      float[] x, int from, int length, double[] centres, int centresFrom, double[] sums, int at) {
    for (int i = 0; i < length; i++) {
      double d = x[from + i] - centres[centresFrom + i];
      sums[at + i] += d * d;
    }
  }

  static void rowSquares(
      double[] x, int from, int length, double[] centres, int centresFrom, double[] sums, int at) {
    for (int i = 0; i < length; i++) {
      double d = x[from + i] - centres[centresFrom + i];
      sums[at + i] += d * d;
    }
  }
}
