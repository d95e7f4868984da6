package org.batchnorm4j.peers;

import org.batchnorm4j.benchmarks.comparison.Operation;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.Layout;

/** A problem of the comparison by definition, in float64. */
final class Definition {
  private final Problem problem;
  private final Operation operation;
  private final int channels;
  private final int size;
  private final double count;
  private final double[] mean;
  private final double[] variance;

  private Definition(Problem problem) {
    this.problem = problem;
    operation = problem.operation();
    channels = problem.shape().channels();
    size = problem.x().length;
    count = size / (double) channels;
    mean = new double[channels];
    variance = new double[channels];
    if (operation.isTraining()) {
      for (int i = 0; i < size; i++) {
        mean[channel(i)] += problem.x()[i] / count;
      }
      for (int i = 0; i < size; i++) {
        double centred = problem.x()[i] - mean[channel(i)];
        variance[channel(i)] += centred * centred / count;
      }
    } else {
      for (int c = 0; c < channels; c++) {
        mean[c] = problem.mean()[c];
        variance[c] = problem.variance()[c];
      }
    }
  }

  static Outputs of(Problem problem) {
    Definition definition = new Definition(problem);
    return problem.operation().isBackward() ? definition.backward() : definition.forward();
  }

  private int channel(int i) {
    boolean last = problem.layout() == Layout.CHANNELS_LAST;
    return i / (last ? 1 : problem.shape().plane()) % channels;
  }

  private double normalised(int i) {
    int c = channel(i);
    return (problem.x()[i] - mean[c]) / Math.sqrt(variance[c] + Problem.EPS);
  }

  /** What the ReLU sees, or the output where there is none. */
  private double before(int i) {
    int c = channel(i);
    double y = problem.gamma()[c] * normalised(i) + problem.beta()[c];
    return operation.addsResidual() ? y + problem.r()[i] : y;
  }

  private Outputs forward() {
    float[] y = new float[size];
    for (int i = 0; i < size; i++) {
      y[i] = (float) (operation.rectifies() ? Math.max(before(i), 0) : before(i));
    }
    if (!operation.isTraining()) {
      return new Outputs(y);
    }
    float[] means = new float[channels];
    float[] unbiased = new float[channels];
    for (int c = 0; c < channels; c++) {
      means[c] = (float) mean[c];
      unbiased[c] = (float) (variance[c] * count / (count - 1));
    }
    return new Outputs(y, means, unbiased);
  }

  private Outputs backward() {
    double[] sumG = new double[channels];
    double[] sumGx = new double[channels];
    double[] g = new double[size];
    for (int i = 0; i < size; i++) {
      g[i] = !operation.rectifies() || before(i) > 0 ? problem.g()[i] : 0;
      sumG[channel(i)] += g[i];
      sumGx[channel(i)] += g[i] * normalised(i);
    }
    float[] gx = new float[size];
    float[] gResidual = new float[operation.addsResidual() ? size : 0];
    for (int i = 0; i < size; i++) {
      int c = channel(i);
      double inverse = 1 / Math.sqrt(variance[c] + Problem.EPS);
      double centred = g[i] - sumG[c] / count - normalised(i) * sumGx[c] / count;
      gx[i] = (float) (problem.gamma()[c] * inverse * centred);
      if (gResidual.length > 0) {
        gResidual[i] = (float) g[i];
      }
    }
    float[] gGamma = new float[channels];
    float[] gBeta = new float[channels];
    for (int c = 0; c < channels; c++) {
      gGamma[c] = (float) sumGx[c];
      gBeta[c] = (float) sumG[c];
    }
    return new Outputs(gx, gGamma, gBeta, gResidual);
  }
}
