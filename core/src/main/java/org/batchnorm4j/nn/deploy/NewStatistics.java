package org.batchnorm4j.nn.deploy;

import java.util.Locale;
import java.util.Optional;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormFreeze;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/** Writes the moments of a population into a batch norm. Stateless. */
final class NewStatistics {
  private NewStatistics() {}

  /** Why a batch norm is to be left alone, if it is. */
  static Optional<String> reasonToKeep(BatchNorm norm) {
    if (norm.runningMean().isEmpty()) {
      return Optional.of(
          "it tracks no running statistics; build it with withTrackRunningStats(true)");
    }
    return norm.frozen().contains(BatchNormFreeze.RUNNING_STATISTICS)
        ? Optional.of(
            "its running statistics are frozen; thaw(BatchNormFreeze.RUNNING_STATISTICS) first")
        : Optional.empty();
  }

  /**
   * Overwrites running mean, running variance and counter.
   *
   * @throws IllegalArgumentException if there are too few values
   * @throws ArithmeticException if a statistic is not finite in the layer's type
   */
  static RecalibrationReport.Change store(
      BatchNorm norm, String path, BatchMoments moments, int batches) {
    VarianceEstimator estimator = norm.options().runningVariance();
    String who = "recalibrate: " + norm.members();
    long least = estimator == VarianceEstimator.UNBIASED ? 2 : 1;
    if (moments.count() < least) {
      throw new IllegalArgumentException(
          who
              + " got "
              + moments.count()
              + (moments.count() == 1 ? " value" : " values")
              + " per channel, but its variance needs at least "
              + least
              + "; give more or larger batches");
    }
    Tensor runningMean = norm.runningMean().orElseThrow();
    Tensor runningVar = norm.runningVar().orElseThrow();
    double[] oldMean = runningMean.toDoubles();
    double[] oldVariance = runningVar.toDoubles();
    double[] mean = moments.means();
    double[] variance = new double[mean.length];
    double shift = 0;
    double ratio = 1;
    double eps = norm.options().eps();
    for (int c = 0; c < mean.length; c++) {
      variance[c] = moments.variance(c, estimator);
      requireFinite(who, "mean", mean[c], c, runningMean.dtype());
      requireFinite(who, "variance", variance[c], c, runningVar.dtype());
      shift = Math.max(shift, Math.abs(mean[c] - oldMean[c]) / Math.sqrt(variance[c] + eps));
      double own = (variance[c] + eps) / (oldVariance[c] + eps);
      ratio = Math.abs(Math.log(own)) > Math.abs(Math.log(ratio)) ? own : ratio;
    }
    runningMean.copyFrom(Tensor.of(mean, mean.length));
    runningVar.copyFrom(Tensor.of(variance, variance.length));
    counter(norm).copyFrom(Tensor.scalar((long) batches));
    return new RecalibrationReport.Change(path, moments.count(), shift, ratio);
  }

  private static Tensor counter(BatchNorm norm) {
    Tensor counter = norm.stateDict().get("num_batches_tracked");
    if (counter == null) {
      throw new IllegalStateException(norm.members() + " has no num_batches_tracked");
    }
    return counter;
  }

  private static void requireFinite(
      String who, String what, double value, int channel, DType dtype) {
    boolean fits = dtype == DType.FLOAT64 ? Double.isFinite(value) : Float.isFinite((float) value);
    if (!fits) {
      throw new ArithmeticException(
          who
              + ": the "
              + what
              + " of channel "
              + channel
              + " is "
              + String.format(Locale.ROOT, "%.4g", value)
              + (Double.isFinite(value)
                  ? ", beyond " + dtype + "; scale the input or keep statistics in float64"
                  : "; look for NaN or infinite values in the batches"));
    }
  }
}
