package org.batchnorm4j.nn.deploy;

import java.util.Optional;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Weight and bias of a layer that has taken in a batch norm: {@code s = gamma / sqrt(running_var +
 * eps)}, {@code weight s} and {@code (bias - running_mean) s + beta}, computed in float64 and
 * rounded once. Immutable by convention: nobody writes to the tensors.
 *
 * @param weight the new weight, of the shape and type of the old one
 * @param bias the new bias (out)
 * @param rounding see {@link FoldedLayer#rounding}
 * @param largestScale see {@link FoldedLayer#largestScale}
 */
record FoldedWeights(Tensor weight, Tensor bias, double rounding, double largestScale) {

  /**
   * The new weights.
   *
   * @param oldBias (out), or null
   * @param outputs the channels of the weight, as many as the batch norm has
   * @throws IllegalArgumentException if one of them is not finite; the message says which
   */
  static FoldedWeights of(
      Tensor oldWeight, @Nullable Tensor oldBias, OutputChannels outputs, BatchNorm norm) {
    DType dtype = oldWeight.dtype();
    double[] weight = oldWeight.toDoubles();
    int channels = outputs.count();
    double[] bias = oldBias == null ? new double[channels] : oldBias.toDoubles();
    double[] mean = norm.runningMean().orElseThrow().toDoubles();
    double[] variance = norm.runningVar().orElseThrow().toDoubles();
    double[] gamma = values(norm.weight(), 1, channels);
    double[] beta = values(norm.bias(), 0, channels);
    double[] scales = new double[channels];
    double largestScale = 0;
    for (int c = 0; c < channels; c++) {
      double scale = gamma[c] / Math.sqrt(variance[c] + norm.options().eps());
      bias[c] = (bias[c] - mean[c]) * scale + beta[c];
      scales[c] = scale;
      largestScale = Math.max(largestScale, Math.abs(scale));
    }
    for (int i = 0; i < weight.length; i++) {
      weight[i] *= scales[outputs.of(i)];
    }
    requireFinite(weight, bias, outputs, dtype, variance);
    Tensor newWeight = Tensor.of(weight, oldWeight.shape().toArray()).to(dtype);
    Tensor newBias = Tensor.of(bias, channels).to(dtype);
    double rounding = rounding(weight, newWeight.toDoubles(), bias, newBias.toDoubles(), outputs);
    return new FoldedWeights(newWeight, newBias, rounding, largestScale);
  }

  private static double[] values(Optional<Parameter> parameter, double otherwise, int channels) {
    return parameter
        .map(Parameter::value)
        .orElseGet(() -> Tensor.full(otherwise, DType.FLOAT64, channels))
        .toDoubles();
  }

  /** The largest sum over a channel of what rounding changed. */
  private static double rounding(
      double[] weight,
      double[] rounded,
      double[] bias,
      double[] roundedBias,
      OutputChannels outputs) {
    double[] sums = new double[bias.length];
    for (int c = 0; c < sums.length; c++) {
      sums[c] = Math.abs(roundedBias[c] - bias[c]);
    }
    for (int i = 0; i < weight.length; i++) {
      sums[outputs.of(i)] += Math.abs(rounded[i] - weight[i]);
    }
    double largest = 0;
    for (double sum : sums) {
      largest = Math.max(largest, sum);
    }
    return largest;
  }

  private static void requireFinite(
      double[] weight, double[] bias, OutputChannels outputs, DType dtype, double[] variance) {
    boolean[] fits = new boolean[bias.length];
    for (int c = 0; c < fits.length; c++) {
      fits[c] = finite(bias[c], dtype);
    }
    for (int i = 0; i < weight.length; i++) {
      fits[outputs.of(i)] &= finite(weight[i], dtype);
    }
    for (int c = 0; c < fits.length; c++) {
      if (!fits[c]) {
        throw new IllegalArgumentException(
            "its weights for channel "
                + c
                + ", whose running variance is "
                + variance[c]
                + ", are not finite in "
                + dtype);
      }
    }
  }

  private static boolean finite(double value, DType dtype) {
    return dtype == DType.FLOAT64 ? Double.isFinite(value) : Float.isFinite((float) value);
  }
}
