package org.batchnorm4j.nn;

import java.util.function.IntToDoubleFunction;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Moves running means and variances towards those of a batch, in place. Stateless. */
final class RunningStatistics {
  private RunningStatistics() {}

  /** Something that a user wants to know about an update. */
  enum Kind {
    /** The batch has no usable moments in a channel; its running statistics stayed. */
    KEPT,
    /** A running statistic is too large for its type and was stored as infinite. */
    OVERFLOW
  }

  /**
   * The first thing to report.
   *
   * @param kind what happened
   * @param text channel, value and remedy
   */
  record Incident(Kind kind, String text) {}

  /**
   * {@code running = (1 - weight) * running + weight * batch}, computed in float64 and rounded
   * once; a weight of 1 forgets what was there, even NaN.
   *
   * <ul>
   *   <li>A batch without values, or whose estimator is undefined, changes nothing.
   *   <li>A channel whose mean or variance is NaN, or whose mean is infinite, keeps its statistics.
   *   <li>A result that the type of the buffer cannot hold becomes infinite.
   * </ul>
   *
   * @return what is to be reported, the first channel's, or null
   */
  static @Nullable Incident update(
      Tensor runningMean,
      Tensor runningVar,
      BatchMoments batch,
      VarianceEstimator estimator,
      double weight) {
    long least = estimator == VarianceEstimator.UNBIASED ? 2 : 1;
    if (batch.count() < least) {
      return null;
    }
    return move(runningMean, runningVar, batch::mean, c -> batch.variance(c, estimator), weight);
  }

  private static @Nullable Incident move(
      Tensor runningMean,
      Tensor runningVar,
      IntToDoubleFunction batchMeans,
      IntToDoubleFunction batchVariances,
      double weight) {
    Values mean = Values.of(runningMean);
    Values variance = Values.of(runningVar);
    Incident incident = null;
    for (int c = 0; c < runningMean.size(); c++) {
      double batchMean = batchMeans.applyAsDouble(c);
      double batchVariance = batchVariances.applyAsDouble(c);
      if (!Double.isFinite(batchMean) || Double.isNaN(batchVariance)) {
        incident = incident == null ? kept(c, batchMean, batchVariance) : incident;
        continue;
      }
      mean.set(c, moved(mean.at(c), batchMean, weight));
      double exact = moved(variance.at(c), batchVariance, weight);
      if (incident == null && !Double.isInfinite(variance.at(c)) && overflows(exact, runningVar)) {
        incident = overflow(c, exact, runningVar.dtype());
      }
      variance.set(c, exact);
    }
    mean.store();
    variance.store();
    return incident;
  }

  /** A running statistic in float64; float32 is moved in place. */
  private sealed interface Values {
    double at(int channel);

    void set(int channel, double value);

    void store();

    static Values of(Tensor statistic) {
      return statistic.dtype() == DType.FLOAT32
          ? new Floats(statistic.unsafeFloatArray(), statistic.offset())
          : new Copy(statistic.toDoubles(), statistic);
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // a place in memory, never compared
  private record Floats(float[] array, int from) implements Values {
    @Override
    public double at(int channel) {
      return array[from + channel];
    }

    @Override
    public void set(int channel, double value) {
      array[from + channel] = (float) value;
    }

    @Override
    public void store() {}
  }

  @SuppressWarnings("ArrayRecordComponent") // a place in memory, never compared
  private record Copy(double[] array, Tensor statistic) implements Values {
    @Override
    public double at(int channel) {
      return array[channel];
    }

    @Override
    public void set(int channel, double value) {
      array[channel] = value;
    }

    @Override
    public void store() {
      statistic.copyFrom(Tensor.of(array, array.length));
    }
  }

  /** Refuses a momentum that would make running statistics NaN. */
  static void checkMomentum(String who, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(
          who + " momentum must be a finite number, but got " + value);
    }
  }

  /** Refuses a running statistic of another type than the input, unless it is wider. */
  static void checkType(String who, String name, @Nullable Tensor statistic, Tensor input) {
    if (statistic == null || statistic.dtype() == input.dtype()) {
      return;
    }
    boolean wider =
        switch (statistic.dtype()) {
          case FLOAT64 -> input.dtype().isFloating();
          case FLOAT32 -> input.dtype().isFloating() && input.dtype() != DType.FLOAT64;
          case FLOAT16, BFLOAT16, INT64, INT32, UINT8, BOOL -> false;
        };
    if (!wider) {
      throw new IllegalArgumentException(
          who
              + ": "
              + name
              + " is "
              + statistic.dtype()
              + ", but the input is "
              + input.dtype()
              + ", and a running statistic has its type or a wider one; convert one of them with"
              + " to(DType)");
    }
  }

  /** Says a line where users look for such lines. */
  static void warn(String line) {
    System.getLogger("org.batchnorm4j.nn").log(System.Logger.Level.WARNING, line);
  }

  /** Says what happened, if anything did. */
  static void report(String who, @Nullable Incident incident) {
    if (incident != null) {
      warn(who + ": " + incident.text());
    }
  }

  private static double moved(double running, double batch, double weight) {
    if (weight == 1) {
      return batch;
    }
    return weight == 0 ? running : (1 - weight) * running + weight * batch;
  }

  private static boolean overflows(double value, Tensor target) {
    return switch (target.dtype()) {
      case FLOAT64 -> Double.isInfinite(value);
      case FLOAT16 -> Float.isInfinite(Float.float16ToFloat(Float.floatToFloat16((float) value)));
      case FLOAT32, BFLOAT16, INT64, INT32, UINT8, BOOL -> Float.isInfinite((float) value);
    };
  }

  private static Incident kept(int channel, double mean, double variance) {
    return new Incident(
        Kind.KEPT,
        "channel "
            + channel
            + " of the batch has mean "
            + mean
            + " and variance "
            + variance
            + ", so the running statistics of such channels stay as they were and their output is"
            + " NaN; look for NaN or infinite values in the input");
  }

  private static Incident overflow(int channel, double variance, DType dtype) {
    return new Incident(
        Kind.OVERFLOW,
        "running variance "
            + variance
            + " of channel "
            + channel
            + " is beyond "
            + dtype
            + " and is stored as Infinity, which makes inference give beta there; scale the input"
            + " or keep statistics in float64");
  }

  /**
   * {@code running = (1 - weight) * running + weight * mean over the batch} of the means and of the
   * unbiased variances of the instances; moments hold the channels of each instance, one after the
   * other. Instances with fewer than 2 values, or none at all, change nothing; otherwise as {@link
   * #update}.
   *
   * @return what is to be reported, the first channel's, or null
   */
  static @Nullable Incident updateByInstances(
      Tensor runningMean, Tensor runningVar, BatchMoments moments, double weight) {
    int channels = runningMean.size();
    int instances = channels == 0 ? 0 : moments.channels() / channels;
    if (instances == 0 || moments.count() < 2) {
      return null;
    }
    double[] means = new double[channels];
    double[] variances = new double[channels];
    for (int at = 0; at < instances * channels; at++) {
      means[at % channels] += moments.mean(at) / instances;
      variances[at % channels] += moments.variance(at, VarianceEstimator.UNBIASED) / instances;
    }
    return move(runningMean, runningVar, c -> means[c], c -> variances[c], weight);
  }
}
