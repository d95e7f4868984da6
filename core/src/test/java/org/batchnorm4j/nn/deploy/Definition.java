package org.batchnorm4j.nn.deploy;

import org.jspecify.annotations.Nullable;

/** Layers as textbooks define them, on rows of doubles; shares no code with what is tested. */
final class Definition {
  private Definition() {}

  /** {@code x weight^T + bias}, row by row; no bias for null. */
  static double[][] linear(double[][] x, double[] weight, double @Nullable [] bias) {
    int in = x[0].length;
    int out = weight.length / in;
    double[][] y = new double[x.length][out];
    for (int n = 0; n < x.length; n++) {
      for (int o = 0; o < out; o++) {
        double sum = bias == null ? 0 : bias[o];
        for (int i = 0; i < in; i++) {
          sum += x[n][i] * weight[o * in + i];
        }
        y[n][o] = sum;
      }
    }
    return y;
  }

  static double[] means(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (int c = 0; c < mean.length; c++) {
      for (double[] row : rows) {
        mean[c] += row[c];
      }
      mean[c] /= rows.length;
    }
    return mean;
  }

  /** Squared deviations from the mean over {@code rows - less}. */
  static double[] variances(double[][] rows, int less) {
    double[] mean = means(rows);
    double[] variance = new double[mean.length];
    for (int c = 0; c < mean.length; c++) {
      for (double[] row : rows) {
        variance[c] += (row[c] - mean[c]) * (row[c] - mean[c]);
      }
      variance[c] /= rows.length - less;
    }
    return variance;
  }

  /** {@code max((x - mean) / sqrt(variance + 1e-5), 0)}. */
  static double[][] normalisedRelu(double[][] rows, double[] mean, double[] variance) {
    double[][] y = new double[rows.length][mean.length];
    for (int n = 0; n < rows.length; n++) {
      for (int c = 0; c < mean.length; c++) {
        y[n][c] = Math.max(0, (rows[n][c] - mean[c]) / Math.sqrt(variance[c] + 1e-5));
      }
    }
    return y;
  }
}
