package org.batchnorm4j.cli.apply;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The condition of every result: its formula with the absolute values of the summands, computed by
 * definition in float64. An error of relative size u in every summand moves the result by at most
 * about {@code u} times its condition; docs/numerics.md has the derivation.
 *
 * <p>With {@code xhat = |x - mean| inv}, {@code h = |g gamma|}, X the condition of the normalised
 * value and r that of {@code inv}: {@code output: |gamma| X + |beta|}; {@code grad_bias: sum |g|};
 * {@code grad_weight: sum |g| X}; {@code grad_input: inv ((1 + r) (h + mean h + xhat mean(h xhat))
 * + X mean(h xhat) + xhat mean(h X))}. With given statistics only h is left of grad_input.
 *
 * <p>Where {@code ofSums}, the summands are those of all sums: {@code X = (|x| + mean|x|) inv + r
 * xhat} and {@code r = mean(|x - mean| (|x| + mean|x|)) inv^2}. Otherwise means and {@code inv}
 * have no error of their own: {@code X = xhat} and {@code r = 0}.
 */
final class Conditions {
  private final Grouping grouping;
  private final NormOptions options;
  private final NormTensors tensors;
  private final boolean ofSums;
  private final boolean ofInput;
  private final double[] x;
  private final double[] mean;
  private final double[] meanAbsolute;
  private final double[] m2;
  private final double[] m2Absolute;
  private final double[] inverse;
  private final double[] inverseCondition;
  private double[] outputFloor = {};
  private double[] gradWeightFloor = {};
  private final Map<String, double[]> byName = new TreeMap<>();

  Conditions(NormTensors tensors, NormOptions options, boolean ofSums) {
    this.ofSums = ofSums;
    this.tensors = tensors;
    this.options = options;
    grouping = Grouping.of(tensors, options);
    ofInput = options.training() || !tensors.tracks();
    x = tensors.input().toDoubles();
    int groups = grouping.groups();
    mean = new double[groups];
    meanAbsolute = new double[groups];
    m2 = new double[groups];
    m2Absolute = new double[groups];
    inverse = new double[groups];
    inverseCondition = new double[groups];
    moments();
    inverses();
    output();
    gradients();
    runningStatistics();
  }

  /** The conditions of the result of that name, in row-major order; null if it is not computed. */
  double @Nullable [] of(String result) {
    return byName.get(result);
  }

  /**
   * How many spacings of the subnormal numbers a value may be off: a rounding of its own, and those
   * of mean and normalised value as weight, deviation and gradient enlarge them.
   */
  double floor(String result, int i) {
    return switch (result) {
      case "output" -> outputFloor[i];
      case "grad_weight" -> gradWeightFloor[i];
      case "running_mean", "running_var" -> 1 + (double) inverse.length / grouping.parameters();
      default -> 1;
    };
  }

  /** Additions behind one value of that result at most. */
  long summands(String result) {
    long group = grouping.groupSize();
    return switch (result) {
      case "grad_weight", "grad_bias" -> group + grouping.parameterSize();
      case "running_mean", "running_var" -> group + grouping.outer();
      default -> group;
    };
  }

  private void moments() {
    double count = Math.max(1, grouping.groupSize());
    boolean centred = options.kind() != NormKind.RMS_NORM;
    for (int i = 0; i < x.length && centred; i++) {
      int s = grouping.group(i);
      mean[s] += x[i] / count;
      meanAbsolute[s] += Math.abs(x[i]) / count;
    }
    for (int i = 0; i < x.length; i++) {
      int s = grouping.group(i);
      double d = x[i] - mean[s];
      m2[s] += d * d;
      m2Absolute[s] += ofSums ? Math.abs(d) * (Math.abs(x[i]) + meanAbsolute[s]) : 0;
    }
    for (int s = 0; s < mean.length && !ofSums; s++) {
      meanAbsolute[s] = Math.abs(mean[s]);
    }
  }

  private void inverses() {
    double eps = options.eps(tensors.input().dtype());
    double count = Math.max(1, grouping.groupSize());
    double[] givenMean = doubles(tensors.runningMean());
    double[] givenVar = doubles(tensors.runningVar());
    for (int s = 0; s < inverse.length; s++) {
      if (ofInput || givenMean == null || givenVar == null) {
        inverse[s] = 1 / Math.sqrt(m2[s] / count + eps);
        // an infinite variance makes all numbers 0, whatever its error
        inverseCondition[s] = inverse[s] == 0 ? 0 : m2Absolute[s] / count * inverse[s] * inverse[s];
      } else {
        int channel = s % grouping.parameters();
        mean[s] = givenMean[channel];
        meanAbsolute[s] = Math.abs(givenMean[channel]);
        inverse[s] = 1 / Math.sqrt(givenVar[channel] + eps);
      }
    }
  }

  /** The normalised value without its sign. */
  private double normalised(int i) {
    int s = grouping.group(i);
    return Math.abs(x[i] - mean[s]) * inverse[s];
  }

  /** The condition of the normalised value. */
  private double condition(int i) {
    if (!ofSums) {
      return normalised(i);
    }
    int s = grouping.group(i);
    return (Math.abs(x[i]) + meanAbsolute[s]) * inverse[s] + inverseCondition[s] * normalised(i);
  }

  private void output() {
    double[] weight = doubles(tensors.weight());
    double[] bias = doubles(tensors.bias());
    double[] output = new double[x.length];
    outputFloor = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int p = grouping.parameter(i);
      double gamma = weight == null ? 1 : Math.abs(weight[p]);
      output[i] = gamma * condition(i) + (bias == null ? 0 : Math.abs(bias[p]));
      outputFloor[i] = 1 + gamma * (1 + inverse[grouping.group(i)]);
    }
    byName.put("output", output);
  }

  private void gradients() {
    double[] g = doubles(tensors.gradOutput());
    if (g == null) {
      return;
    }
    double[] weight = doubles(tensors.weight());
    double[] gradWeight = new double[grouping.parameters()];
    double[] gradBias = new double[grouping.parameters()];
    gradWeightFloor = new double[grouping.parameters()];
    Arrays.fill(gradWeightFloor, 1);
    double[] h = new double[x.length];
    double[] meanH = new double[inverse.length];
    double[] meanHx = new double[inverse.length];
    double[] meanHc = new double[inverse.length];
    double count = Math.max(1, grouping.groupSize());
    boolean centred = options.kind() != NormKind.RMS_NORM;
    for (int i = 0; i < x.length; i++) {
      int p = grouping.parameter(i);
      int s = grouping.group(i);
      gradBias[p] += Math.abs(g[i]);
      gradWeight[p] += Math.abs(g[i]) * condition(i);
      gradWeightFloor[p] += (1 + Math.abs(g[i])) * (1 + inverse[s]);
      h[i] = Math.abs(g[i]) * (weight == null ? 1 : Math.abs(weight[p]));
      if (ofInput) {
        meanH[s] += centred ? h[i] / count : 0;
        meanHx[s] += h[i] * normalised(i) / count;
        meanHc[s] += h[i] * condition(i) / count;
      }
    }
    double[] gradInput = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int s = grouping.group(i);
      if (!ofInput) {
        gradInput[i] = inverse[s] * h[i]; // the input, which may be NaN, has no part in it
        continue;
      }
      double summands = h[i] + meanH[s] + normalised(i) * meanHx[s];
      gradInput[i] =
          inverse[s]
              * ((1 + inverseCondition[s]) * summands
                  + condition(i) * meanHx[s]
                  + normalised(i) * meanHc[s]);
    }
    byName.put("grad_input", gradInput);
    byName.put("grad_weight", gradWeight);
    byName.put("grad_bias", gradBias);
  }

  private void runningStatistics() {
    double[] runningMean = doubles(tensors.runningMean());
    double[] runningVar = doubles(tensors.runningVar());
    if (runningMean == null || runningVar == null) {
      return;
    }
    double[] meanCondition = Arrays.stream(runningMean).map(Math::abs).toArray();
    double[] varCondition = Arrays.stream(runningVar).map(Math::abs).toArray();
    byName.put("running_mean", meanCondition);
    byName.put("running_var", varCondition);
    if (!options.training() || x.length == 0) {
      return;
    }
    Tensor counter = tensors.batchesTracked();
    double weight = options.averaging().newWeight(counter == null ? 1 : counter.itemAsLong() + 1);
    int channels = grouping.parameters();
    int instances = inverse.length / channels;
    boolean biased = options.runningVariance() == VarianceEstimator.BIASED;
    double divisor = Math.max(1, grouping.groupSize() - (biased ? 0 : 1));
    for (int c = 0; c < channels; c++) {
      meanCondition[c] *= Math.abs(1 - weight);
      varCondition[c] *= Math.abs(1 - weight);
    }
    for (int s = 0; s < inverse.length; s++) {
      int c = s % channels;
      meanCondition[c] += Math.abs(weight) * meanAbsolute[s] / instances;
      varCondition[c] += Math.abs(weight) * (m2[s] + m2Absolute[s]) / divisor / instances;
    }
  }

  private static double @Nullable [] doubles(@Nullable Tensor tensor) {
    return tensor == null ? null : tensor.toDoubles();
  }
}
