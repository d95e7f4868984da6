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
   * @param oldWeight (out, ...)
   * @param oldBias (out), or null
   * @throws IllegalArgumentException if one of them is not finite; the message says which
   */
  static FoldedWeights of(Tensor oldWeight, @Nullable Tensor oldBias, BatchNorm norm) {
    DType dtype = oldWeight.dtype();
    double[] weight = oldWeight.toDoubles();
    int channels = norm.numFeatures();
    double[] bias = oldBias == null ? new double[channels] : oldBias.toDoubles();
    double[] mean = norm.runningMean().orElseThrow().toDoubles();
    double[] variance = norm.runningVar().orElseThrow().toDoubles();
    double[] gamma = values(norm.weight(), 1, channels);
    double[] beta = values(norm.bias(), 0, channels);
    int each = weight.length / channels;
    double largestScale = 0;
    for (int c = 0; c < channels; c++) {
      double scale = gamma[c] / Math.sqrt(variance[c] + norm.options().eps());
      for (int i = c * each; i < (c + 1) * each; i++) {
        weight[i] *= scale;
      }
      bias[c] = (bias[c] - mean[c]) * scale + beta[c];
      requireFinite(weight, c * each, (c + 1) * each, bias[c], dtype, c, variance[c]);
      largestScale = Math.max(largestScale, Math.abs(scale));
    }
    Tensor newWeight = Tensor.of(weight, oldWeight.shape().toArray()).to(dtype);
    Tensor newBias = Tensor.of(bias, channels).to(dtype);
    double rounding = rounding(weight, newWeight.toDoubles(), bias, newBias.toDoubles());
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
      double[] weight, double[] rounded, double[] bias, double[] roundedBias) {
    double largest = 0;
    int each = weight.length / bias.length;
    for (int c = 0; c < bias.length; c++) {
      double sum = Math.abs(roundedBias[c] - bias[c]);
      for (int i = c * each; i < (c + 1) * each; i++) {
        sum += Math.abs(rounded[i] - weight[i]);
      }
      largest = Math.max(largest, sum);
    }
    return largest;
  }

  private static void requireFinite(
      double[] weight, int from, int to, double bias, DType dtype, int channel, double variance) {
    boolean fits = finite(bias, dtype);
    for (int i = from; i < to; i++) {
      fits &= finite(weight[i], dtype);
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "its weights for channel "
              + channel
              + ", whose running variance is "
              + variance
              + ", are not finite in "
              + dtype);
    }
  }

  private static boolean finite(double value, DType dtype) {
    return dtype == DType.FLOAT64 ? Double.isFinite(value) : Float.isFinite((float) value);
  }
}
