package org.batchnorm4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link BatchNorm} remembers: gamma, beta, running statistics and the number of batches,
 * and how a batch moves them. Safe for many readers; one thread at a time may change it.
 */
final class BatchNormState {
  private final BatchNormOptions options;
  final @Nullable Parameter weight;
  final @Nullable Parameter bias;
  final @Nullable Tensor runningMean;
  final @Nullable Tensor runningVar;
  private final @Nullable Tensor numBatchesTracked;
  private final Set<RunningStatistics.Kind> reported = EnumSet.noneOf(RunningStatistics.Kind.class);
  private Consumer<String> warnings = RunningStatistics::warn;
  private volatile boolean withoutValues;

  /** Registers what the options ask for, in PyTorch's order; all values are 0 until a reset. */
  BatchNormState(Members members, int channels, BatchNormOptions options) {
    this.options = options;
    DType dtype = options.dtype();
    boolean affine = options.affine();
    boolean tracks = options.trackRunningStats();
    weight =
        affine && options.scale()
            ? members.parameter("weight", Tensor.zeros(dtype, channels))
            : null;
    bias =
        affine && options.bias() ? members.parameter("bias", Tensor.zeros(dtype, channels)) : null;
    runningMean = tracks ? members.buffer("running_mean", Tensor.zeros(dtype, channels)) : null;
    runningVar = tracks ? members.buffer("running_var", Tensor.zeros(dtype, channels)) : null;
    numBatchesTracked = tracks ? members.buffer("num_batches_tracked", Tensor.scalar(0L)) : null;
  }

  boolean tracks() {
    return runningMean != null;
  }

  long numBatchesTracked() {
    return numBatchesTracked == null ? 0 : numBatchesTracked.itemAsLong();
  }

  /** Fills everything with NaN, as PuzzleLib's {@code empty} layers have nothing. */
  void empty() {
    values().forEach(tensor -> tensor.fill(Double.NaN));
    withoutValues = true;
  }

  void reset(RandomStream random) {
    resetRunningStats();
    if (weight != null) {
      options.gammaInitialization().fill(weight.value(), random);
    }
    if (bias != null) {
      bias.value().fill(0);
    }
    withoutValues = false;
  }

  void resetRunningStats() {
    if (runningMean != null && runningVar != null && numBatchesTracked != null) {
      runningMean.fill(0);
      runningVar.fill(1);
      numBatchesTracked.fill(0);
      reported.clear();
    }
  }

  /**
   * Checks that an empty layer was given values.
   *
   * @throws IllegalStateException if one of its tensors is NaN throughout
   */
  void requireValues(String layer) {
    if (!withoutValues) {
      return;
    }
    for (Tensor tensor : values()) {
      if (Arrays.stream(tensor.toDoubles()).allMatch(Double::isNaN)) {
        throw new IllegalStateException(
            layer + " was built empty and has no values yet; load a state or call resetParameters");
      }
    }
    withoutValues = false;
  }

  private List<Tensor> values() {
    List<Tensor> found = new ArrayList<>(4);
    for (Parameter parameter : Arrays.asList(weight, bias)) {
      if (parameter != null) {
        found.add(parameter.value());
      }
    }
    if (runningMean != null && runningVar != null) {
      found.add(runningMean);
      found.add(runningVar);
    }
    return found;
  }

  /** Counts a batch and moves the running statistics, if there are any. */
  void move(BatchMoments moments, String layer) {
    if (runningMean == null || runningVar == null || numBatchesTracked == null) {
      return;
    }
    long batches = numBatchesTracked.itemAsLong() + 1;
    numBatchesTracked.unsafeLongArray()[numBatchesTracked.offset()] = batches;
    VarianceEstimator estimator =
        moments.count() == 1 ? VarianceEstimator.BIASED : options.runningVariance();
    RunningStatistics.Incident incident =
        RunningStatistics.update(
            runningMean, runningVar, moments, estimator, options.averaging().newWeight(batches));
    if (incident != null && reported.add(incident.kind())) {
      warnings.accept(layer + ": " + incident.text() + " (said once per layer)");
    }
  }

  /** Where warnings go instead of the logger. */
  void warnTo(Consumer<String> lines) {
    warnings = lines;
  }
}
