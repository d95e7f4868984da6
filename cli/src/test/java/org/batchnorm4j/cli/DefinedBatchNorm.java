package org.batchnorm4j.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * A batch norm case with results by definition in float64, rounded once; or with one of the
 * mistakes that are easily made.
 *
 * @param dtype type of the case
 * @param shape (N, C, ...)
 * @param training whether the batch normalises and running statistics move
 * @param newWeight weight of the new batch
 * @param eps in the root
 * @param biased whether running_var follows the biased variance
 * @param mistake what is done wrongly
 */
record DefinedBatchNorm(
    DType dtype,
    Shape shape,
    boolean training,
    double newWeight,
    double eps,
    boolean biased,
    Mistake mistake) {

  enum Mistake {
    NONE,
    BIASED_RUNNING_VARIANCE,
    REVERSED_MOMENTUM,
    EPS_OUTSIDE_THE_ROOT,
    OTHER_LAYOUT,
    NO_GRADIENT_THROUGH_MEAN,
    NO_GRADIENT_THROUGH_VARIANCE,
    COUNTER_STANDS_STILL
  }

  static DefinedBatchNorm of(DType dtype, boolean training, long... shape) {
    return new DefinedBatchNorm(dtype, Shape.of(shape), training, 0.1, 1e-5, false, Mistake.NONE);
  }

  DefinedBatchNorm with(Mistake made) {
    return new DefinedBatchNorm(dtype, shape, training, newWeight, eps, biased, made);
  }

  DefinedBatchNorm running(double weight, boolean biasedVariance) {
    return new DefinedBatchNorm(dtype, shape, training, weight, eps, biasedVariance, mistake);
  }

  DefinedBatchNorm eps(double value) {
    return new DefinedBatchNorm(dtype, shape, training, newWeight, value, biased, mistake);
  }

  /** Inputs and expectations; four batches have been seen. */
  Map<String, Tensor> tensors() {
    Random random = new Random(7);
    int channels = (int) shape.axis(1);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    put(tensors, "input", random.doubles(shape.size(), -2, 3).toArray(), shape);
    Shape c = Shape.of(channels);
    put(tensors, "weight", random.doubles(channels, 0.5, 1.5).toArray(), c);
    put(tensors, "bias", random.doubles(channels, -1, 1).toArray(), c);
    put(tensors, "running_mean", random.doubles(channels, -1, 1).toArray(), c);
    put(tensors, "running_var", random.doubles(channels, 0.5, 2).toArray(), c);
    put(tensors, "grad_output", random.doubles(shape.size(), -1, 1).toArray(), shape);
    tensors.put("num_batches_tracked", Tensor.scalar(4L));
    expect(tensors);
    return tensors;
  }

  private void put(Map<String, Tensor> tensors, String name, double[] values, Shape as) {
    tensors.put(name, Tensor.of(values, as.toArray()).to(dtype));
  }

  private void expect(Map<String, Tensor> tensors) {
    double[] x = tensors.get("input").toDoubles();
    double[] g = tensors.get("grad_output").toDoubles();
    double[] runningMean = tensors.get("running_mean").toDoubles();
    double[] runningVar = tensors.get("running_var").toDoubles();
    int channels = runningMean.length;
    int plane = (int) shape.span(2, shape.rank());
    int count = x.length / channels;
    double[] y = new double[x.length];
    double[] dx = new double[x.length];
    double[] dGamma = new double[channels];
    double[] dBeta = new double[channels];
    double old = mistake == Mistake.REVERSED_MOMENTUM ? newWeight : 1 - newWeight;
    for (int c = 0; c < channels; c++) {
      double gamma = tensors.get("weight").at(c);
      double beta = tensors.get("bias").at(c);
      double mean = 0;
      for (int i = 0; i < count; i++) {
        mean += x[at(i, c, plane, channels)] / count;
      }
      double m2 = 0;
      for (int i = 0; i < count; i++) {
        m2 += Math.pow(x[at(i, c, plane, channels)] - mean, 2);
      }
      double centre = training ? mean : runningMean[c];
      double variance = training ? m2 / count : runningVar[c];
      double inverse =
          mistake == Mistake.EPS_OUTSIDE_THE_ROOT
              ? 1 / (Math.sqrt(variance) + eps)
              : 1 / Math.sqrt(variance + eps);
      for (int i = 0; i < count; i++) {
        int at = at(i, c, plane, channels);
        dBeta[c] += g[at];
        dGamma[c] += g[at] * (x[at] - centre) * inverse;
      }
      for (int i = 0; i < count; i++) {
        int at = at(i, c, plane, channels);
        double xhat = (x[at] - centre) * inverse;
        y[at] = xhat * gamma + beta;
        double through =
            (mistake == Mistake.NO_GRADIENT_THROUGH_MEAN ? 0 : dBeta[c])
                + (mistake == Mistake.NO_GRADIENT_THROUGH_VARIANCE ? 0 : xhat * dGamma[c]);
        dx[at] = gamma * inverse * (g[at] - (training ? through / count : 0));
      }
      boolean whole = biased || mistake == Mistake.BIASED_RUNNING_VARIANCE;
      runningMean[c] = old * runningMean[c] + (1 - old) * mean;
      runningVar[c] = old * runningVar[c] + (1 - old) * m2 / (whole ? count : count - 1);
    }
    put(tensors, "expected.output", y, shape);
    put(tensors, "expected.grad_input", dx, shape);
    put(tensors, "expected.grad_weight", dGamma, Shape.of(channels));
    put(tensors, "expected.grad_bias", dBeta, Shape.of(channels));
    if (training) {
      put(tensors, "expected.running_mean", runningMean, Shape.of(channels));
      put(tensors, "expected.running_var", runningVar, Shape.of(channels));
      long batches = mistake == Mistake.COUNTER_STANDS_STILL ? 4 : 5;
      tensors.put("expected.num_batches_tracked", Tensor.scalar(batches));
    }
  }

  /** Position of the i-th value of a channel. */
  private int at(int i, int channel, int plane, int channels) {
    return mistake == Mistake.OTHER_LAYOUT
        ? i * channels + channel
        : (i / plane * channels + channel) * plane + i % plane;
  }
}
