package org.batchnorm4j.peers;

import java.util.EnumMap;
import java.util.Map;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNorm3d;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.peers.BatchNormCase.Affine;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Gradient;
import org.batchnorm4j.peers.BatchNormCase.Kernels;
import org.batchnorm4j.peers.BatchNormCase.Mode;
import org.batchnorm4j.peers.BatchNormCase.Momentum;
import org.batchnorm4j.peers.BatchNormCase.Running;
import org.batchnorm4j.peers.BatchNormCase.Threads;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A case as we compute it: function or layer, on the case's kernels and threads. */
final class OurBatchNorm {
  private final Map<Kernels, Map<Threads, Backend>> backends = new EnumMap<>(Kernels.class);

  /** The backend of a case; SIMD kernels that cannot be had are an error. */
  Backend backend(Kernels kernels, Threads threads) {
    return backends
        .computeIfAbsent(kernels, k -> new EnumMap<>(Threads.class))
        .computeIfAbsent(
            threads,
            t -> {
              KernelPreference preference =
                  kernels == Kernels.SIMD ? KernelPreference.SIMD : KernelPreference.SCALAR;
              return CpuBackend.of(preference, threads.count(), line -> {});
            });
  }

  Outcome compute(BatchNormCase drawn, BatchNormData data) {
    try {
      boolean training = drawn.mode() == Mode.TRAINING;
      Pass pass =
          (training ? Pass.training() : Pass.inference().recording())
              .withBackend(backend(drawn.kernels(), drawn.threads()));
      if (data.gradient == null) {
        pass = pass.withoutTape();
      }
      Tensor x = Tensor.of(data.input, data.shape).to(drawn.input()).to(drawn.layout());
      return drawn.entry() == Entry.FUNCTION
          ? function(drawn, data, x, pass)
          : layer(drawn, data, x, pass);
    } catch (IllegalArgumentException e) {
      return new Outcome.Refused(String.valueOf(e.getMessage()));
    }
  }

  private static Outcome function(BatchNormCase drawn, BatchNormData data, Tensor x, Pass pass) {
    DType type = parameters(drawn);
    Tensor weight = vector(data.weight, type);
    Tensor bias = vector(data.bias, type);
    Tensor mean = vector(data.runningMean, type);
    Tensor variance = vector(data.runningVar, type);
    pass.watch(x);
    if (weight != null) {
      pass.watch(weight);
    }
    if (bias != null) {
      pass.watch(bias);
    }
    Tensor y =
        Functional.batchNorm(
            x,
            mean,
            variance,
            weight,
            bias,
            pass.isTraining(),
            drawn.momentum().value,
            drawn.eps().value,
            pass);
    return results(drawn, data, x, y, weight, bias, mean, variance, pass);
  }

  private static Outcome layer(BatchNormCase drawn, BatchNormData data, Tensor x, Pass pass) {
    BatchNormOptions options =
        BatchNormOptions.defaults()
            .withDtype(parameters(drawn))
            .withEps(drawn.eps().value)
            .withAffine(drawn.affine() != Affine.NONE)
            .withBias(drawn.hasBias())
            .withTrackRunningStats(drawn.running() == Running.PRESENT);
    options =
        drawn.momentum() == Momentum.CUMULATIVE
            ? options.withCumulativeAverage()
            : options.withMomentum(drawn.momentum().value);
    BatchNorm layer =
        switch (drawn.rank()) {
          case TWO, THREE -> new BatchNorm1d(data.channels, options);
          case FOUR -> new BatchNorm2d(data.channels, options);
          case FIVE -> new BatchNorm3d(data.channels, options);
        };
    Tensor weight = layer.weight().map(Parameter::value).orElse(null);
    Tensor bias = layer.bias().map(Parameter::value).orElse(null);
    Tensor mean = layer.runningMean().orElse(null);
    Tensor variance = layer.runningVar().orElse(null);
    fill(weight, data.weight);
    fill(bias, data.bias);
    fill(mean, data.runningMean);
    fill(variance, data.runningVar);
    layer.forward(x.to(parameters(drawn)).mul(-1).to(drawn.input()), pass);
    Tensor y = layer.forward(pass.watch(x), pass);
    Outcome.Computed results = results(drawn, data, x, y, weight, bias, mean, variance, pass);
    if (drawn.running() == Running.PRESENT) {
      results.put("num_batches_tracked", new double[] {layer.numBatchesTracked()});
    }
    return results;
  }

  private static Outcome.Computed results(
      BatchNormCase drawn,
      BatchNormData data,
      Tensor x,
      Tensor y,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      @Nullable Tensor mean,
      @Nullable Tensor variance,
      Pass pass) {
    Outcome.Computed results = Outcome.Computed.empty();
    if (!y.shape().equals(x.shape()) || y.dtype() != x.dtype() || y.layout() != x.layout()) {
      throw new AssertionError("output is " + y + " for input " + x);
    }
    results.put("output", y.toDoubles());
    results.put("running_mean", mean == null ? null : mean.toDoubles());
    results.put("running_var", variance == null ? null : variance.toDoubles());
    if (data.gradient != null) {
      Layout other =
          drawn.layout() == Layout.CHANNELS_LAST ? Layout.CHANNELS_FIRST : Layout.CHANNELS_LAST;
      Tensor g =
          Tensor.of(data.gradient, data.shape)
              .to(drawn.input())
              .to(drawn.gradient() == Gradient.OTHER_LAYOUT ? other : drawn.layout());
      Gradients gradients = pass.backward(y, g, false);
      results.put("grad_input", gradients.of(x).toDoubles());
      results.put("grad_weight", weight == null ? null : gradients.of(weight).toDoubles());
      results.put("grad_bias", bias == null ? null : gradients.of(bias).toDoubles());
    }
    return results;
  }

  /** The type of parameters and running statistics: float32 goes with halves. */
  static DType parameters(BatchNormCase drawn) {
    return drawn.input() == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
  }

  private static @Nullable Tensor vector(double @Nullable [] values, DType type) {
    return values == null ? null : Tensor.of(values, values.length).to(type);
  }

  private static void fill(@Nullable Tensor tensor, double @Nullable [] values) {
    if (tensor != null && values != null) {
      tensor.copyFrom(Tensor.of(values, values.length));
    }
  }
}
