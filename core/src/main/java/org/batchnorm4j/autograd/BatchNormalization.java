package org.batchnorm4j.autograd;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation over axis 1 of a tensor of rank 2 or more, {@code y = (x - mean) / sqrt(var +
 * eps) * gamma + beta}, with or without ReLU behind it. Normalises with the <em>biased</em>
 * variance; eps is inside the root.
 *
 * <p>With {@code M} values per channel, {@code inv = 1 / sqrt(var + eps)} and {@code xhat = (x -
 * mean) inv} the gradients are {@code dbeta = sum(g)}, {@code dgamma = sum(g xhat)} and, if mean
 * and variance are those of x itself, {@code dx = gamma inv (g - dbeta / M - xhat dgamma / M)};
 * with given statistics {@code dx = gamma inv g} (Ioffe and Szegedy 2015, section 3).
 *
 * <p>Functions without state: safe for use by many threads.
 */
public final class BatchNormalization {
  private static final long GIVEN = -1;

  private final Tensor x;
  private final @Nullable Tensor weight;
  private final @Nullable Tensor bias;
  private final double eps;
  private final boolean relu;

  private BatchNormalization(
      Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double eps, boolean relu) {
    this.x = x;
    this.weight = weight;
    this.bias = bias;
    this.eps = eps;
    this.relu = relu;
  }

  /**
   * Normalises with the moments of x itself, and differentiates through them. No values, of a batch
   * of size 0, give no values, and gradients of gamma and beta that are 0.
   *
   * @param x (N, C, ...)
   * @param moments {@code backend.channelMoments(x)}
   * @param weight gamma (C), or null for 1
   * @param bias beta (C), or null for 0
   * @param eps added to the variance
   * @param relu whether negative results become 0
   * @throws ShapeException if moments, weight or bias do not fit x
   */
  public static Tensor withBatchStatistics(
      Tensor x,
      BatchMoments moments,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      boolean relu,
      Pass pass) {
    int channels = moments.channels();
    if (moments.count() * channels != x.size()) {
      throw new ShapeException(
          "batch_norm: moments of "
              + moments.count()
              + " values in each of "
              + channels
              + " channels are not those of the input shape "
              + x.shape());
    }
    double[] variance = new double[channels];
    for (int c = 0; c < channels && moments.count() > 0; c++) {
      variance[c] = moments.variance(c, VarianceEstimator.BIASED);
    }
    return new BatchNormalization(x, weight, bias, eps, relu)
        .forward(moments.means(), variance, moments.count(), pass);
  }

  /**
   * Normalises with given statistics, which are constants to the gradient.
   *
   * @param x (N, C, ...)
   * @param mean (C)
   * @param variance (C)
   * @param weight gamma (C), or null for 1
   * @param bias beta (C), or null for 0
   * @param eps added to the variance
   * @param relu whether negative results become 0
   * @throws ShapeException if mean, variance, weight or bias do not fit x
   */
  public static Tensor withGivenStatistics(
      Tensor x,
      Tensor mean,
      Tensor variance,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      boolean relu,
      Pass pass) {
    return new BatchNormalization(x, weight, bias, eps, relu)
        .forward(perChannel("mean", mean, x), perChannel("variance", variance, x), GIVEN, pass);
  }

  private static double[] perChannel(String what, Tensor values, Tensor x) {
    if (x.rank() < 2 || values.rank() != 1 || values.axis(0) != x.axis(1)) {
      throw new ShapeException(
          "batch_norm: "
              + what
              + " of shape "
              + values.shape()
              + " does not fit axis 1 of the input shape "
              + x.shape());
    }
    return values.toDoubles();
  }

  private double @Nullable [] parameter(String what, @Nullable Tensor values) {
    if (values == null) {
      return null;
    }
    if (values.dtype() != x.dtype()) {
      throw new IllegalArgumentException(
          "batch_norm: "
              + what
              + " is "
              + values.dtype()
              + ", but the input is "
              + x.dtype()
              + "; convert one of them with to(DType)");
    }
    return perChannel(what, values, x);
  }

  /** The count is that of the values behind the statistics, or {@link #GIVEN}. */
  private Tensor forward(double[] mean, double[] variance, long count, Pass pass) {
    int channels = mean.length;
    double[] inverse = new double[channels];
    double[] scale = new double[channels];
    double[] gamma = parameter("weight", weight);
    double[] beta = parameter("bias", bias);
    for (int c = 0; c < channels; c++) {
      inverse[c] = 1 / Math.sqrt(variance[c] + eps);
      scale[c] = gamma == null ? inverse[c] : gamma[c] * inverse[c];
    }
    ChannelAffine affine =
        new ChannelAffine(mean, scale, beta == null ? new double[channels] : beta);
    Tensor y = pass.backend().standardise(x, affine, relu);
    if (!pass.isRecording()) {
      return y;
    }
    Backward backward = new Backward(y, affine, inverse, count);
    Edge toInput = new Edge(x, backward::input);
    if (weight == null && bias == null) {
      return pass.record("batch_norm", y, toInput);
    }
    if (weight == null || bias == null) {
      Edge only =
          weight != null ? new Edge(weight, backward::weight) : new Edge(bias(), backward::bias);
      return pass.record("batch_norm", y, toInput, only);
    }
    return pass.record(
        "batch_norm",
        y,
        toInput,
        new Edge(weight, backward::weight),
        new Edge(bias, backward::bias));
  }

  private Tensor bias() {
    return java.util.Objects.requireNonNull(bias);
  }

  /** The three gradients; the two sums they share are taken once per output gradient. */
  private final class Backward {
    private final Tensor y;
    private final ChannelAffine affine;
    private final double[] inverse;
    private final long count;
    private @Nullable Tensor summed;
    private @Nullable GradientSums sums;

    Backward(Tensor y, ChannelAffine affine, double[] inverse, long count) {
      this.y = y;
      this.affine = affine;
      this.inverse = inverse;
      this.count = count;
    }

    private GradientSums sums(Tensor g, Backend backend) {
      GradientSums known = sums;
      if (known == null || summed != g) {
        known = backend.channelGradientSums(x, g, affine, relu);
        summed = g;
        sums = known;
      }
      return known;
    }

    Tensor input(Tensor g, Pass pass) {
      if (pass.isRecording()) {
        return differentiableInput(g, pass);
      }
      Backend backend = pass.backend();
      int channels = inverse.length;
      if (count == GIVEN) {
        Tensor active = relu ? backend.reluGradient(y, g) : g;
        double[] zero = new double[channels];
        return backend.standardise(active, new ChannelAffine(zero, affine.scale(), zero), false);
      }
      GradientSums s = sums(g, backend);
      double[] slope = new double[channels];
      double[] constant = new double[channels];
      for (int c = 0; c < channels; c++) {
        slope[c] = -affine.scale()[c] * inverse[c] * inverse[c] * s.sumGx()[c] / count;
        constant[c] = -affine.scale()[c] * s.sumG()[c] / count;
      }
      return backend.standardiseGradient(x, g, affine, affine.scale(), slope, constant, relu);
    }

    Tensor weight(Tensor g, Pass pass) {
      if (pass.isRecording()) {
        Tensor active = active(g, pass);
        Tensor summed = Shaping.sumTo(pass.mul(active, normalised(pass)), channelShape(), pass);
        return pass.reshape(summed, inverse.length);
      }
      double[] result = sums(g, pass.backend()).sumGx().clone();
      for (int c = 0; c < result.length; c++) {
        result[c] *= inverse[c];
      }
      return perChannel(result, pass);
    }

    Tensor bias(Tensor g, Pass pass) {
      if (pass.isRecording()) {
        return pass.reshape(Shaping.sumTo(active(g, pass), channelShape(), pass), inverse.length);
      }
      return perChannel(sums(g, pass.backend()).sumG().clone(), pass);
    }

    private Tensor perChannel(double[] values, Pass pass) {
      Tensor result = pass.filled(0, x.dtype(), Shape.of(values.length));
      result.copyFrom(Tensor.of(values, values.length));
      return result;
    }

    // ---- the same formulas from operations that can be differentiated again

    private Tensor active(Tensor g, Pass pass) {
      return relu ? Elementary.whereActive(y, g, pass) : g;
    }

    private Shape channelShape() {
      Shape shape = x.shape();
      for (int axis = 0; axis < shape.rank(); axis++) {
        shape = axis == 1 ? shape : shape.with(axis, 1);
      }
      return shape;
    }

    private int[] otherAxes() {
      int[] axes = new int[x.rank() - 1];
      for (int i = 1; i < axes.length; i++) {
        axes[i] = i + 1;
      }
      return axes;
    }

    private Tensor inverseDeviation(Pass pass) {
      if (count == GIVEN) {
        return Tensor.of(inverse, channelShape().toArray()).to(x.dtype());
      }
      Tensor variance = Reductions.var(x, false, otherAxes(), true, pass);
      Tensor one = pass.filled(1, x.dtype(), Shape.of());
      return pass.div(one, pass.sqrt(pass.add(variance, eps)));
    }

    private Tensor normalised(Pass pass) {
      Tensor mean =
          count == GIVEN
              ? Tensor.of(affine.mean(), channelShape().toArray()).to(x.dtype())
              : Reductions.mean(x, otherAxes(), true, pass);
      return pass.mul(pass.sub(x, mean), inverseDeviation(pass));
    }

    private Tensor differentiableInput(Tensor g, Pass pass) {
      Tensor active = active(g, pass);
      Tensor scale = inverseDeviation(pass);
      if (weight != null) {
        scale = pass.mul(scale, pass.reshape(weight, channelShape().toArray()));
      }
      if (count == GIVEN) {
        return pass.mul(active, scale);
      }
      Tensor xhat = normalised(pass);
      Tensor meanG = Reductions.mean(active, otherAxes(), true, pass);
      Tensor meanGx = Reductions.mean(pass.mul(active, xhat), otherAxes(), true, pass);
      return pass.mul(pass.sub(pass.sub(active, meanG), pass.mul(xhat, meanGx)), scale);
    }
  }
}
