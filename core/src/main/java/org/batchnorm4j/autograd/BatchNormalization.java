package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation over axis 1 of a tensor of rank 2 or more, {@code y = (x - mean) / sqrt(var +
 * eps) * gamma + beta}, with or without an {@link Epilogue}. Normalises with the <em>biased</em>
 * variance; eps is inside the root.
 *
 * <p>With {@code M} values per channel, {@code inv = 1 / sqrt(var + eps)} and {@code xhat = (x -
 * mean) inv} the gradients are {@code dbeta = sum(g)}, {@code dgamma = sum(g xhat)} and, if mean
 * and variance are those of x itself, {@code dx = gamma inv (g - dbeta / M - xhat dgamma / M)};
 * with given statistics {@code dx = gamma inv g} (Ioffe and Szegedy 2015, section 3).
 *
 * <p>Gamma and beta have the type of x, or float32 beside a float16 or bfloat16 x; each gradient
 * has the type of what it is the gradient of. Statistics are copied: what happens to the tensors
 * they came from later does not reach the backward pass.
 *
 * <p>float32 data of 1e30 have finite, right results and gradients although their variance is
 * beyond float32: variances live in float64 here.
 *
 * <p>Functions without state: safe for use by many threads.
 */
public final class BatchNormalization {
  private final Tensor x;
  private final @Nullable Tensor weight;
  private final @Nullable Tensor bias;
  private final double eps;
  private final Epilogue epilogue;

  private BatchNormalization(
      Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double eps, Epilogue epilogue) {
    this.x = x;
    this.weight = weight;
    this.bias = bias;
    this.eps = eps;
    this.epilogue = epilogue;
  }

  /**
   * Normalises with the moments of x itself, and differentiates through them. No values, of a batch
   * of size 0, give no values, and gradients of gamma and beta that are 0. One value per channel
   * gives beta, with a gradient of 0.
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
    return withBatchStatistics(x, moments, weight, bias, eps, epilogue(relu), pass);
  }

  /**
   * The same with any epilogue.
   *
   * @throws ShapeException if moments, weight, bias or the residual do not fit x
   */
  public static Tensor withBatchStatistics(
      Tensor x,
      BatchMoments moments,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Epilogue epilogue,
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
    return new BatchNormalization(x, weight, bias, eps, epilogue)
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
    return withGivenStatistics(x, mean, variance, weight, bias, eps, epilogue(relu), pass);
  }

  /**
   * The same with any epilogue.
   *
   * @throws ShapeException if mean, variance, weight, bias or the residual do not fit x
   */
  public static Tensor withGivenStatistics(
      Tensor x,
      Tensor mean,
      Tensor variance,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Epilogue epilogue,
      Pass pass) {
    return new BatchNormalization(x, weight, bias, eps, epilogue)
        .forward(
            perChannel("mean", mean, x),
            perChannel("variance", variance, x),
            BatchNormalizationGradients.GIVEN,
            pass);
  }

  private static Epilogue epilogue(boolean relu) {
    return relu ? Epilogue.relu() : Epilogue.none();
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
    boolean half = x.dtype() == DType.FLOAT16 || x.dtype() == DType.BFLOAT16;
    if (values.dtype() != x.dtype() && !(half && values.dtype() == DType.FLOAT32)) {
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

  /** The count is that of the values behind the statistics, or that of given ones. */
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
    Tensor y = finished(affine, pass.withoutTape());
    if (!pass.isRecording()) {
      return y;
    }
    BatchNormalizationGradients gradients =
        new BatchNormalizationGradients(x, weight, eps, epilogue, y, affine, inverse, count);
    List<Edge> edges = new ArrayList<>(4);
    edges.add(new Edge(x, gradients::input));
    if (weight != null) {
      edges.add(new Edge(weight, gradients.weight(weight.dtype())));
    }
    if (bias != null) {
      edges.add(new Edge(bias, gradients.bias(bias.dtype())));
    }
    if (epilogue instanceof Epilogue.AddRelu(Tensor residual)) {
      edges.add(new Edge(residual, gradients::active));
    }
    return pass.record("batch_norm", y, edges.toArray(Edge[]::new));
  }

  private Tensor finished(ChannelAffine affine, Pass pass) {
    return switch (epilogue) {
      case Epilogue.None() -> pass.backend().standardise(x, affine, false);
      case Epilogue.Relu() -> pass.backend().standardise(x, affine, true);
      case Epilogue.AddRelu(Tensor residual) -> {
        if (!residual.shape().equals(x.shape()) || residual.dtype() != x.dtype()) {
          throw new ShapeException(
              "batch_norm: what is added before the ReLU is "
                  + residual.dtype()
                  + residual.shape()
                  + ", which does not fit the input "
                  + x.dtype()
                  + x.shape());
        }
        yield pass.backend().standardiseAddRelu(x, affine, residual);
      }
    };
  }
}
