package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
    double[] means = perChannel("mean", mean, x);
    double[] inverse = perChannel("variance", variance, x);
    given.checkParameters();
    given.checkResidual();
    for (int c = 0; c < inverse.length; c++) {
      inverse[c] = given.inverse(inverse[c]);
    }
    return given.record(
        given.normalise(means, inverse, BatchNormalizationGradients.GIVEN, null, null, pass), pass);
  }

  private static Epilogue epilogue(boolean relu) {
    return relu ? Epilogue.relu() : Epilogue.none();
  }

  private static double[] perChannel(String what, Tensor values, Tensor x) {
    checkPerChannel(what, values, x);
    return values.toDoubles();
  }

  private static void checkPerChannel(String what, Tensor values, Tensor x) {
    if (x.rank() < 2 || values.rank() != 1 || values.axis(0) != x.axis(1)) {
      throw new ShapeException(
          "batch_norm: "
              + what
              + " of shape "
              + values.shape()
              + " does not fit axis 1 of the input shape "
              + x.shape());
    }
  }

  private void checkParameters() {
    checkParameter("weight", weight);
    checkParameter("bias", bias);
  }

  private void checkParameter(String what, @Nullable Tensor values) {
    if (values == null) {
      return;
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
    checkPerChannel(what, values, x);
  }

  /** By the moments of a part, which are taken with the output unless they are known. */
  private BatchNormalizationGradients withMoments(
      BatchStatistics statistics, int part, @Nullable Tensor into, Pass pass) {
    checkResidual();
    checkParameters();
    double[] inverse = new double[x.axis(1)];
    if (statistics.isTaken(part)) {
      BatchMoments known = statistics.moments(part);
      invert(known, inverse, 0, inverse.length);
      return normalise(known.means(), inverse, known.count(), statistics, into, pass);
    }
    LineOfMoments ofMoments =
        (moments, line, from, to) -> {
          invert(moments, inverse, from, to);
          fill(line, inverse, from, to);
        };
    Passing passing = Passing.of(pass.withoutTape());
    StandardisedBatch batch = finishedBatch(ofMoments, pass.backend());
    statistics.take(part, batch.moments());
    Tensor y = moved(batch.output(), into, passing);
    return new BatchNormalizationGradients(
        x, weight, epilogue, y, batch.line(), inverse, batch.moments().count(), statistics);
  }

  /** Writes {@code 1 / sqrt(var + eps)} of some channels. */
  private void invert(BatchMoments moments, double[] inverse, int from, int to) {
    for (int c = from; c < to; c++) {
      inverse[c] =
          inverse(moments.count() == 0 ? 0 : moments.variance(c, VarianceEstimator.BIASED));
    }
  }

  private double inverse(double variance) {
    return 1 / Math.sqrt(variance + eps);
  }

  /** Writes scale and shift of some channels. */
  private void fill(ChannelAffine line, double[] inverse, int from, int to) {
    load(weight, 1, line.scale(), from, to);
    load(bias, 0, line.shift(), from, to);
    for (int c = from; c < to; c++) {
      line.scale()[c] *= inverse[c];
    }
  }

  /** Writes a parameter's values of some channels; {@code missing} if there is none. */
  private static void load(
      @Nullable Tensor values, double missing, double[] into, int from, int to) {
    if (values == null) {
      Arrays.fill(into, from, to, missing);
    } else if (values.dtype() == DType.FLOAT32) {
      float[] floats = values.unsafeFloatArray();
      for (int c = from; c < to; c++) {
        into[c] = floats[values.offset() + c];
      }
    } else {
      System.arraycopy(values.toDoubles(), from, into, from, to - from);
    }
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
      double[] inverse,
      long count,
      @Nullable BatchStatistics statistics,
      @Nullable Tensor into,
      Pass pass) {
    ChannelAffine line =
        new ChannelAffine(mean, new double[inverse.length], new double[inverse.length]);
    fill(line, inverse, 0, inverse.length);
    Passing passing = Passing.of(pass.withoutTape());
    Tensor y = moved(finished(line, pass.backend()), into, passing);
    return new BatchNormalizationGradients(
        x, weight, epilogue, y, line, inverse, count, statistics);
  }

  private static Tensor moved(Tensor y, @Nullable Tensor into, Passing passing) {
    if (into == null) {
      return y;
    }
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
