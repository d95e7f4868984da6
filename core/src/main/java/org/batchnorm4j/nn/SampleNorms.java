package org.batchnorm4j.nn;

import java.util.Arrays;
import org.batchnorm4j.autograd.BatchNormalization;
import org.batchnorm4j.autograd.GroupedNormalization;
import org.batchnorm4j.autograd.LocalResponse;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The norms of {@link Functional} that do not look across the batch, with the checks of PyTorch.
 * The first argument is what errors call the layer or function.
 */
final class SampleNorms {
  private SampleNorms() {}

  static Tensor layerNorm(
      String who,
      Tensor input,
      Shape normalizedShape,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Pass pass) {
    checkNormalizedShape(who, input, normalizedShape);
    checkElements(who, "weight", weight, normalizedShape);
    checkElements(who, "bias", bias, normalizedShape);
    return GroupedNormalization.ofLastAxes(who, input, normalizedShape.rank(), pass)
        .standardised(weight, bias, eps);
  }

  static Tensor rmsNorm(
      String who,
      Tensor input,
      Shape normalizedShape,
      @Nullable Tensor weight,
      @Nullable Double eps,
      Pass pass) {
    checkNormalizedShape(who, input, normalizedShape);
    checkElements(who, "weight", weight, normalizedShape);
    double machine = input.dtype() == DType.FLOAT64 ? 0x1p-52 : 0x1p-23;
    return GroupedNormalization.ofLastAxes(who, input, normalizedShape.rank(), pass)
        .scaledByRootMeanSquare(weight, null, eps == null ? machine : eps);
  }

  private static void checkNormalizedShape(String who, Tensor input, Shape normalizedShape) {
    if (normalizedShape.rank() == 0) {
      throw new ShapeException(
          who + " expected normalized_shape to have at least 1 axis, got " + normalizedShape);
    }
    long[] sizes = input.shape().toArray();
    int kept = sizes.length - normalizedShape.rank();
    if (kept < 0
        || !Shape.of(Arrays.copyOfRange(sizes, kept, sizes.length)).equals(normalizedShape)) {
      throw new ShapeException(
          who
              + ": given normalized_shape "
              + normalizedShape
              + ", expected an input whose shape ends so, but got input shape "
              + input.shape());
    }
  }

  private static void checkElements(
      String who, String what, @Nullable Tensor parameter, Shape normalizedShape) {
    if (parameter != null && !parameter.shape().equals(normalizedShape)) {
      throw new ShapeException(
          who
              + ": expected "
              + what
              + " to be of the normalized_shape "
              + normalizedShape
              + ", but got shape "
              + parameter.shape());
    }
  }

  static Tensor groupNorm(
      String who,
      Tensor input,
      int numGroups,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Pass pass) {
    checkChannels(who, "weight", weight, input);
    checkChannels(who, "bias", bias, input);
    return groupNormOfAnyAffine(who, input, numGroups, weight, bias, eps, pass);
  }

  /** Weight and bias have one value per channel or per group. */
  static Tensor groupNormOfAnyAffine(
      String who,
      Tensor input,
      int numGroups,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Pass pass) {
    boolean divides = input.rank() >= 2 && numGroups >= 1 && input.axis(1) % numGroups == 0;
    if (divides && input.size() == numGroups) {
      throw new ShapeException(
          who
              + ": expected more than 1 value per channel when training, got "
              + numGroups
              + " groups of 1 value in the input shape "
              + input.shape()
              + "; use fewer groups or a larger input");
    }
    return GroupedNormalization.ofChannels(who, input, numGroups, pass)
        .standardised(weight, bias, eps);
  }

  static Tensor instanceNorm(
      String who,
      Tensor input,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      boolean useInputStats,
      double momentum,
      double eps,
      Pass pass) {
    checkChannels(who, "running_mean", runningMean, input);
    checkChannels(who, "running_var", runningVar, input);
    checkChannels(who, "weight", weight, input);
    checkChannels(who, "bias", bias, input);
    RunningStatistics.checkType(who, "running_mean", runningMean, input);
    RunningStatistics.checkType(who, "running_var", runningVar, input);
    RunningStatistics.checkMomentum(who, momentum);
    if ((runningMean == null) != (runningVar == null)) {
      throw new IllegalArgumentException(
          who + ": running_mean and running_var must either both be null or neither be null");
    }
    if (!useInputStats) {
      if (runningMean == null || runningVar == null) {
        throw new IllegalArgumentException(
            who
                + ": expected running_mean and running_var to be defined when use_input_stats is"
                + " false");
      }
      return BatchNormalization.withGivenStatistics(
          input, runningMean, runningVar, weight, bias, eps, false, pass);
    }
    if (input.shape().span(2, input.rank()) == 1) {
      throw new ShapeException(
          who
              + ": expected more than 1 spatial element when training, got input shape "
              + input.shape()
              + "; layer or group norm can do without");
    }
    int channels = Math.max(1, input.axis(1)); // an input without channels has no groups either
    GroupedNormalization instances = GroupedNormalization.ofChannels(who, input, channels, pass);
    Tensor output = instances.standardised(weight, bias, eps);
    if (runningMean != null && runningVar != null) {
      RunningStatistics.report(
          who,
          RunningStatistics.updateByInstances(
              runningMean, runningVar, instances.moments(), momentum));
    }
    return output;
  }

  private static void checkChannels(
      String who, String what, @Nullable Tensor vector, Tensor input) {
    if (input.rank() < 2) {
      throw new ShapeException(
          who + " expected at least 2D input (N, C), got shape " + input.shape());
    }
    if (vector != null && (vector.rank() != 1 || vector.axis(0) != input.axis(1))) {
      throw new ShapeException(
          who
              + ": expected "
              + what
              + " to be a vector of size equal to the number of channels of the input shape "
              + input.shape()
              + ", got shape "
              + vector.shape());
    }
  }

  static Tensor localResponseNorm(
      String who, Tensor input, int size, double alpha, double beta, double k, Pass pass) {
    if (size < 1) {
      throw new IllegalArgumentException(who + " needs a size of at least 1, got " + size);
    }
    if (input.rank() < 3) {
      throw new ShapeException(
          who + " expected an input of rank 3 or more (N, C, ...), got shape " + input.shape());
    }
    return LocalResponse.acrossChannels(input, size / 2, (size - 1) / 2, alpha, beta, k, pass);
  }
}
