package org.batchnorm4j.autograd;

import java.util.Objects;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BatchGradient;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.GatedGradient;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of one {@link BatchNormalization}. The two sums that they share are taken once per
 * output gradient. Each is written twice: by kernels, and by operations that can be differentiated
 * again.
 */
final class BatchNormalizationGradients implements NormalizationGradients {
  /** The count of statistics that are constants. */
  static final long GIVEN = -1;

  private final Tensor x;
  private final @Nullable Tensor weight;
  private final Epilogue epilogue;
  private final Tensor y;
  private final ChannelAffine affine;
  private final double[] inverse;
  private final long count;
  private final @Nullable BatchStatistics statistics;

  private @Nullable Tensor summed;
  private @Nullable GradientSums sums;
  private @Nullable Tensor gated;
  private @Nullable Tensor active;

  BatchNormalizationGradients(
      Tensor x,
      @Nullable Tensor weight,
      Epilogue epilogue,
      Tensor y,
      ChannelAffine affine,
      double[] inverse,
      long count,
      @Nullable BatchStatistics statistics) {
    this.x = x;
    this.weight = weight;
    this.epilogue = epilogue;
    this.y = y;
    this.affine = affine;
    this.inverse = inverse;
    this.count = count;
    this.statistics = statistics;
  }

  @Override
  public Tensor output() {
    return y;
  }

  @Override
  public Tensor active(Tensor g, Pass pass) {
    if (epilogue instanceof Epilogue.None) {
      return g;
    }
    if (pass.isRecording()) {
      return Elementary.whereActive(y, g, pass);
    }
    Tensor known = active;
    if (known == null || gated != g) {
      known = pass.backend().reluGradient(y, g);
      gated = g;
      active = known;
    }
    return known;
  }

  /** ReLU alone needs no mask: its kernels take the sign of the result from x again. */
  private boolean reluFromX() {
    return epilogue instanceof Epilogue.Relu;
  }

  private Tensor forKernels(Tensor g, Pass pass) {
    return reluFromX() ? g : active(g, pass);
  }

  private GradientSums sums(Tensor g, Pass pass) {
    GradientSums known = sums;
    if (known == null || summed != g) {
      if (epilogue instanceof Epilogue.AddRelu && gated != g) {
        GatedGradient both = pass.backend().gatedGradientSums(x, y, g, affine);
        active = both.gradient();
        gated = g;
        known = both.sums();
      } else {
        known = pass.backend().channelGradientSums(x, forKernels(g, pass), affine, reluFromX());
      }
      summed = g;
      sums = known;
    }
    return known;
  }

  @Override
  public Tensor input(Tensor g, Pass pass) {
    if (pass.isRecording()) {
      return pass.to(differentiableInput(g, pass), x.dtype());
    }
    Backend backend = pass.backend();
    if (count == GIVEN) {
      double[] zero = new double[inverse.length];
      return backend.standardise(
          active(g, pass), new ChannelAffine(zero, affine.scale(), zero), false);
    }
    if (count == 1) {
      return pass.filled(0, x.dtype(), x.shape()); // beta, whatever x is
    }
    if (summed == g || statistics == null || !statistics.ownValuesOnly()) {
      GradientSums own = sums(g, pass);
      int channels = inverse.length;
      GradientLine line =
          new GradientLine(new double[channels], new double[channels], new double[channels]);
      writeLine(statistics == null ? own : statistics.reduced(own), line, 0, channels);
      return backend.standardiseGradient(x, forKernels(g, pass), affine, line, reluFromX());
    }
    BatchGradient both;
    if (epilogue instanceof Epilogue.AddRelu && gated != g) {
      both = backend.gatedBatchGradient(x, y, g, affine, this::writeLine);
      active = both.gradient();
      gated = g;
    } else {
      both = backend.batchGradient(x, forKernels(g, pass), affine, this::writeLine, reluFromX());
    }
    summed = g;
    sums = both.sums();
    return both.input();
  }

  /** The line that gives the gradient of the input, of some channels. */
  private void writeLine(GradientSums s, GradientLine line, int from, int to) {
    for (int c = from; c < to; c++) {
      double factor = affine.scale()[c];
      double inv = inverse[c];
      line.a()[c] = factor;
      // with data of 1e30 about 1e-60, which the backend takes as the float64 it is
      line.b()[c] = -factor * inv * inv * s.sumGx()[c] / count;
      line.c()[c] = -factor * s.sumG()[c] / count;
    }
  }

  @Override
  public Tensor weight(DType dtype, Tensor g, Pass pass) {
    if (pass.isRecording()) {
      Tensor products = pass.mul(wide(active(g, pass), pass), normalised(pass));
      Tensor total = Shaping.sumTo(products, channelShape(), pass);
      return pass.to(pass.reshape(total, inverse.length), dtype);
    }
    return perChannel(sums(g, pass).sumGx(), inverse, dtype, pass);
  }

  /** The gradient of gamma in float64. */
  double[] weightSums(Tensor g, Pass pass) {
    double[] result = sums(g, pass).sumGx().clone();
    for (int c = 0; c < result.length; c++) {
      result[c] *= inverse[c];
    }
    return result;
  }

  @Override
  public Tensor bias(DType dtype, Tensor g, Pass pass) {
    if (pass.isRecording()) {
      Tensor total = Shaping.sumTo(wide(active(g, pass), pass), channelShape(), pass);
      return pass.to(pass.reshape(total, inverse.length), dtype);
    }
    return perChannel(sums(g, pass).sumG(), null, dtype, pass);
  }

  /** The gradient of beta in float64. */
  double[] biasSums(Tensor g, Pass pass) {
    return sums(g, pass).sumG().clone();
  }

  /** The values, or their products with factors, rounded once. */
  static Tensor perChannel(double[] values, double @Nullable [] factors, DType dtype, Pass pass) {
    Shape shape = Shape.of(values.length);
    Tensor result = pass.backend().memory().allocate(dtype, shape, Layout.CHANNELS_FIRST);
    if (dtype == DType.FLOAT32) {
      float[] rounded = result.unsafeFloatArray();
      for (int c = 0; c < values.length; c++) {
        rounded[c] = (float) (factors == null ? values[c] : values[c] * factors[c]);
      }
      return result;
    }
    double[] exact = values.clone();
    for (int c = 0; c < exact.length && factors != null; c++) {
      exact[c] *= factors[c];
    }
    result.copyFrom(Tensor.of(exact, exact.length));
    return result;
  }

  // ---- the same formulas from operations that can be differentiated again, in float64: mean and
  // variance are tensors here, and in float32 1000 ± 0.01 loses its digits and 1e30 overflows

  private static Tensor wide(Tensor t, Pass pass) {
    return pass.to(t, DType.FLOAT64);
  }

  private Tensor constant(double... values) {
    return Tensor.of(values, channelShape().toArray());
  }

  private Shape channelShape() {
    Shape shape = x.shape();
    for (int axis = 0; axis < shape.rank(); axis++) {
      shape = axis == 1 ? shape : shape.with(axis, 1);
    }
    return shape;
  }

  /**
   * Powers of two that bring large float64 data near 1, as the variance of data from 1e154 on
   * overflows; null where nothing is that large.
   */
  private double @Nullable [] shrinking() {
    boolean needed = false;
    double[] factors = new double[inverse.length];
    for (int c = 0; c < factors.length; c++) {
      boolean large = inverse[c] < 0x1p-400 && inverse[c] > 0;
      factors[c] = large ? Math.scalb(1.0, Math.getExponent(inverse[c])) : 1;
      needed |= large;
    }
    return needed ? factors : null;
  }

  /**
   * What normalises, in units of {@link #shrinking}: {@code (k x - mean) / sqrt(var + k^2 eps)}.
   */
  private record Normaliser(Tensor centred, Tensor inverse) {}

  private Normaliser normaliser(Pass pass) {
    Tensor input = wide(x, pass);
    if (count == GIVEN) {
      return new Normaliser(pass.sub(input, constant(affine.mean())), constant(inverse));
    }
    double[] factors = shrinking();
    Tensor scaled = factors == null ? input : pass.mul(input, constant(factors));
    return new Normaliser(
        pass.sub(scaled, mean(scaled, factors, pass)), inverse(scaled, factors, pass));
  }

  /** The mean, known from the forward pass, as a function of x: {@code dmean / dx = 1 / M}. */
  private Tensor mean(Tensor scaled, double @Nullable [] factors, Pass pass) {
    double[] values = affine.mean().clone();
    for (int c = 0; c < values.length && factors != null; c++) {
      values[c] *= factors[c];
    }
    return pass.record(
        "mean",
        constant(values),
        new Edge(scaled, (g, p) -> p.expand(p.mul(total(g, p), 1.0 / count), x.shape())));
  }

  /**
   * The same for {@code inv = 1 / sqrt(var + eps)}: {@code dinv / dx = -inv^3 (x - mean) / M}, in
   * which mean and inv are functions of x again.
   */
  private Tensor inverse(Tensor scaled, double @Nullable [] factors, Pass pass) {
    double[] values = inverse.clone();
    for (int c = 0; c < values.length && factors != null; c++) {
      values[c] /= factors[c];
    }
    return pass.record(
        "inverse deviation",
        constant(values),
        new Edge(
            scaled,
            (g, p) -> {
              Tensor centred = p.sub(scaled, mean(scaled, factors, p));
              Tensor inv = inverse(scaled, factors, p);
              Tensor cube = p.mul(p.square(inv), inv);
              return p.mul(centred, p.mul(p.mul(total(g, p), cube), -1.0 / count));
            }));
  }

  private Tensor total(Tensor share, Pass pass) {
    return Objects.requireNonNull(statistics, "given statistics have no totals").total(share, pass);
  }

  private Tensor meanOverAll(Tensor values, Pass pass) {
    Tensor share = Shaping.sumTo(values, channelShape(), pass);
    return pass.mul(total(share, pass), 1.0 / count);
  }

  private Tensor normalised(Pass pass) {
    Normaliser normaliser = normaliser(pass);
    return pass.mul(normaliser.centred(), normaliser.inverse());
  }

  private Tensor differentiableInput(Tensor g, Pass pass) {
    Tensor gradient = wide(active(g, pass), pass);
    Normaliser normaliser = normaliser(pass);
    Tensor scale = normaliser.inverse();
    double[] factors = count == GIVEN ? null : shrinking();
    if (factors != null) {
      scale = pass.mul(scale, constant(factors));
    }
    if (weight != null) {
      scale = pass.mul(scale, pass.reshape(wide(weight, pass), channelShape().toArray()));
    }
    if (count == GIVEN) {
      return pass.mul(gradient, scale);
    }
    Tensor xhat = pass.mul(normaliser.centred(), normaliser.inverse());
    Tensor meanG = meanOverAll(gradient, pass);
    Tensor meanGx = meanOverAll(pass.mul(gradient, xhat), pass);
    return pass.mul(pass.sub(pass.sub(gradient, meanG), pass.mul(xhat, meanGx)), scale);
  }
}
