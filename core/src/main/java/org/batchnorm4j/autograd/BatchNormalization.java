package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.LineOfMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.StandardisedBatch;
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
    return withBatchStatistics(
        x, BatchStatistics.own(x, moments), weight, bias, eps, epilogue, pass);
  }

  /**
   * The same with the statistics that the pass makes of those of x: moments of other replicas or
   * micro-batches are among them, or parts of x have moments of their own.
   *
   * @param statistics {@link BatchStatistics#of} this x and this pass
   * @throws ShapeException if weight, bias or the residual do not fit x
   */
  public static Tensor withBatchStatistics(
      Tensor x,
      BatchStatistics statistics,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Epilogue epilogue,
      Pass pass) {
    BatchNormalization whole = new BatchNormalization(x, weight, bias, eps, epilogue);
    return whole.record(
        statistics.parts() == 1
            ? whole.withMoments(statistics, 0, null, pass)
            : whole.inParts(statistics, pass),
        pass);
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
    BatchNormalization given = new BatchNormalization(x, weight, bias, eps, epilogue);
    return given.record(
        given.normalise(
            perChannel("mean", mean, x),
            perChannel("variance", variance, x),
            BatchNormalizationGradients.GIVEN,
            null,
            null,
            pass),
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

  /** By the moments of a part, which are taken with the output unless they are known. */
  private BatchNormalizationGradients withMoments(
      BatchStatistics statistics, int part, @Nullable Tensor into, Pass pass) {
    if (statistics.isTaken(part)) {
      BatchMoments known = statistics.moments(part);
      return normalise(known.means(), variances(known), known.count(), statistics, into, pass);
    }
    double[] gamma = parameter("weight", weight);
    double[] beta = parameter("bias", bias);
    LineOfMoments line =
        (some, from) -> line(some.means(), inverse(variances(some)), gamma, beta, from);
    Tensor y =
        output(
            into,
            pass.withoutTape(),
            backend -> {
              StandardisedBatch batch = finishedBatch(line, backend);
              statistics.take(part, batch.moments());
              return batch.output();
            });
    BatchMoments moments = statistics.moments(part);
    ChannelAffine affine = line.of(moments, 0);
    double[] inverse = inverse(variances(moments));
    return new BatchNormalizationGradients(
        x, weight, epilogue, y, affine, inverse, moments.count(), statistics);
  }

  private static double[] variances(BatchMoments moments) {
    double[] variance = new double[moments.channels()];
    for (int c = 0; c < variance.length && moments.count() > 0; c++) {
      variance[c] = moments.variance(c, VarianceEstimator.BIASED);
    }
    return variance;
  }

  /** Each part by its own moments, all into one result. */
  private PartGradients inParts(BatchStatistics statistics, Pass pass) {
    checkResidual();
    Tensor y = pass.backend().memory().allocate(x.dtype(), x.shape(), x.layout());
    List<BatchNormalizationGradients> parts = new ArrayList<>();
    for (int i = 0; i < statistics.parts(); i++) {
      int from = statistics.from(i);
      int to = statistics.to(i);
      Tensor part = Shaping.range(x, from, to, pass); // recorded for gradients of gradients
      Epilogue end =
          epilogue instanceof Epilogue.AddRelu(Tensor residual)
              ? Epilogue.addRelu(residual.range(from, to))
              : epilogue;
      parts.add(
          new BatchNormalization(part, weight, bias, eps, end)
              .withMoments(statistics, i, y.range(from, to), pass));
    }
    return new PartGradients(parts, y, statistics);
  }

  /**
   * Computes the output.
   *
   * @param count number of the values behind the statistics, or {@link
   *     BatchNormalizationGradients#GIVEN}
   * @param statistics where the statistics come from; null for given ones
   * @param into where to put the output; null for anywhere
   */
  private BatchNormalizationGradients normalise(
      double[] mean,
      double[] variance,
      long count,
      @Nullable BatchStatistics statistics,
      @Nullable Tensor into,
      Pass pass) {
    double[] inverse = inverse(variance);
    ChannelAffine affine =
        line(mean, inverse, parameter("weight", weight), parameter("bias", bias), 0);
    Tensor y = output(into, pass.withoutTape(), backend -> finished(affine, backend));
    return new BatchNormalizationGradients(
        x, weight, epilogue, y, affine, inverse, count, statistics);
  }

  private double[] inverse(double[] variance) {
    double[] inverse = new double[variance.length];
    for (int c = 0; c < inverse.length; c++) {
      inverse[c] = 1 / Math.sqrt(variance[c] + eps);
    }
    return inverse;
  }

  /** The line of the channels from {@code from} on. */
  private static ChannelAffine line(
      double[] mean,
      double[] inverse,
      double @Nullable [] gamma,
      double @Nullable [] beta,
      int from) {
    double[] scale = inverse.clone();
    double[] shift = new double[scale.length];
    for (int c = 0; c < scale.length; c++) {
      scale[c] = gamma == null ? inverse[c] : gamma[from + c] * inverse[c];
      shift[c] = beta == null ? 0 : beta[from + c];
    }
    return new ChannelAffine(mean, scale, shift);
  }

  private Tensor output(@Nullable Tensor into, Pass pass, Function<Backend, Tensor> computed) {
    checkResidual();
    if (into == null) {
      return computed.apply(pass.backend());
    }
    Passing passing = Passing.of(pass);
    Tensor y = computed.apply(pass.backend());
    into.copyFrom(y);
    passing.add(y);
    passing.release(List.of());
    return into;
  }

  private Tensor record(NormalizationGradients gradients, Pass pass) {
    if (!pass.isRecording()) {
      return gradients.output();
    }
    List<Edge> edges = new ArrayList<>(4);
    edges.add(new Edge(x, gradients::input));
    if (weight != null) {
      edges.add(new Edge(weight, (g, p) -> gradients.weight(weight.dtype(), g, p)));
    }
    if (bias != null) {
      edges.add(new Edge(bias, (g, p) -> gradients.bias(bias.dtype(), g, p)));
    }
    if (epilogue instanceof Epilogue.AddRelu(Tensor residual)) {
      edges.add(new Edge(residual, gradients::active));
    }
    return pass.record("batch_norm", gradients.output(), edges.toArray(Edge[]::new));
  }

  private Tensor finished(ChannelAffine affine, Backend backend) {
    return switch (epilogue) {
      case Epilogue.None() -> backend.standardise(x, affine, false);
      case Epilogue.Relu() -> backend.standardise(x, affine, true);
      case Epilogue.AddRelu(Tensor residual) -> backend.standardiseAddRelu(x, affine, residual);
    };
  }

  private StandardisedBatch finishedBatch(LineOfMoments line, Backend backend) {
    return switch (epilogue) {
      case Epilogue.None() -> backend.standardiseBatch(x, line, false);
      case Epilogue.Relu() -> backend.standardiseBatch(x, line, true);
      case Epilogue.AddRelu(Tensor residual) -> backend.standardiseBatchAddRelu(x, line, residual);
    };
  }

  private void checkResidual() {
    if (epilogue instanceof Epilogue.AddRelu(Tensor residual)
        && (!residual.shape().equals(x.shape()) || residual.dtype() != x.dtype())) {
      throw new ShapeException(
          "batch_norm: what is added before the ReLU is "
              + residual.dtype()
              + residual.shape()
              + ", which does not fit the input "
              + x.dtype()
              + x.shape());
    }
  }
}
