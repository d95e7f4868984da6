package org.batchnorm4j.peers;

import org.batchnorm4j.benchmarks.comparison.Direction;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.Layout;

/** A problem of the comparison by definition, in float64. */
final class Definition {
  private Definition() {}

  static Outputs of(Problem problem) {
    int channels = problem.shape().channels();
    int run = problem.layout() == Layout.CHANNELS_LAST ? 1 : problem.shape().plane();
    int size = problem.x().length;
    double count = size / (double) channels;
    int[] channel = new int[size];
    double[] mean = new double[channels];
    double[] variance = new double[channels];
    double[] sumG = new double[channels];
    double[] sumGx = new double[channels];
    for (int i = 0; i < size; i++) {
      channel[i] = i / run % channels;
      mean[channel[i]] += problem.x()[i] / count;
    }
    for (int i = 0; i < size; i++) {
      double centred = problem.x()[i] - mean[channel[i]];
      variance[channel[i]] += centred * centred / count;
    }
    double[] normalised = new double[size];
    for (int i = 0; i < size; i++) {
      int c = channel[i];
      normalised[i] = (problem.x()[i] - mean[c]) / Math.sqrt(variance[c] + Problem.EPS);
      sumG[c] += problem.g()[i];
      sumGx[c] += problem.g()[i] * normalised[i];
    }
    float[] tensor = new float[size];
    for (int i = 0; i < size; i++) {
      int c = channel[i];
      tensor[i] =
          (float)
              (problem.direction() == Direction.FORWARD
                  ? problem.gamma()[c] * normalised[i] + problem.beta()[c]
                  : problem.gamma()[c]
                      / Math.sqrt(variance[c] + Problem.EPS)
                      * (problem.g()[i] - sumG[c] / count - normalised[i] * sumGx[c] / count));
    }
    float[] first = new float[channels];
    float[] second = new float[channels];
    for (int c = 0; c < channels; c++) {
      boolean forward = problem.direction() == Direction.FORWARD;
      first[c] = (float) (forward ? mean[c] : sumGx[c]);
      second[c] = (float) (forward ? variance[c] * count / (count - 1) : sumG[c]);
    }
    return new Outputs(tensor, first, second);
  }
}
