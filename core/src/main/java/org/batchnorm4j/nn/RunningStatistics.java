package org.batchnorm4j.nn;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Tensor;

/** Moves running means and variances towards those of a batch, in place. */
final class RunningStatistics {
  private RunningStatistics() {}

  /**
   * {@code running = (1 - weight) * running + weight * batch}, computed in float64 and rounded
   * once. A batch without values, or whose estimator is undefined, changes nothing.
   */
  static void update(
      Tensor runningMean,
      Tensor runningVar,
      BatchMoments batch,
      VarianceEstimator estimator,
      double weight) {
    long least = estimator == VarianceEstimator.UNBIASED ? 2 : 1;
    if (batch.count() < least) {
      return;
    }
    double[] mean = runningMean.toDoubles();
    double[] variance = runningVar.toDoubles();
    for (int c = 0; c < mean.length; c++) {
      mean[c] = (1 - weight) * mean[c] + weight * batch.mean(c);
      variance[c] = (1 - weight) * variance[c] + weight * batch.variance(c, estimator);
    }
    runningMean.copyFrom(Tensor.of(mean, mean.length));
    runningVar.copyFrom(Tensor.of(variance, variance.length));
  }

  /**
   * {@code running = (1 - weight) * running + weight * mean over the batch} of the means and of the
   * unbiased variances of the instances; moments hold the channels of each instance, one after the
   * other. Instances with fewer than 2 values, or none at all, change nothing.
   */
  static void updateByInstances(
      Tensor runningMean, Tensor runningVar, BatchMoments moments, double weight) {
    double[] mean = runningMean.toDoubles();
    double[] variance = runningVar.toDoubles();
    int channels = mean.length;
    int instances = moments.channels() / channels;
    if (instances == 0 || moments.count() < 2) {
      return;
    }
    for (int c = 0; c < channels; c++) {
      double meanOfMeans = 0;
      double meanOfVariances = 0;
      for (int n = 0; n < instances; n++) {
        int at = n * channels + c;
        meanOfMeans += moments.mean(at) / instances;
        meanOfVariances += moments.variance(at, VarianceEstimator.UNBIASED) / instances;
      }
      mean[c] = (1 - weight) * mean[c] + weight * meanOfMeans;
      variance[c] = (1 - weight) * variance[c] + weight * meanOfVariances;
    }
    runningMean.copyFrom(Tensor.of(mean, channels));
    runningVar.copyFrom(Tensor.of(variance, channels));
  }
}
