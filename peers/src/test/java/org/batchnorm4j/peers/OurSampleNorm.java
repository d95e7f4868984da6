package org.batchnorm4j.peers;

import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.peers.BatchNormCase.Gradient;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A case as we compute it. */
final class OurSampleNorm {
  private OurSampleNorm() {}

  static Outcome compute(SampleNormCase drawn, SampleNormData data, Backend backend) {
    BatchNormCase options = drawn.options();
    Pass recording = Pass.inference().recording().withBackend(backend);
    Pass pass = data.base.gradient == null ? recording.withoutTape() : recording;
    try {
      DType type = OurBatchNorm.parameters(options);
      Tensor x =
          Tensor.of(data.base.input, data.base.shape).to(options.input()).to(options.layout());
      Tensor weight = tensor(data.weight, type, data.affineShape);
      Tensor bias = tensor(data.bias, type, data.affineShape);
      Tensor mean = tensor(data.runningMean, type, data.affineShape);
      Tensor variance = tensor(data.runningVar, type, data.affineShape);
      pass.watch(x);
      if (weight != null) {
        pass.watch(weight);
      }
      if (bias != null) {
        pass.watch(bias);
      }
      double eps = drawn.eps();
      Shape affine = Shape.of(data.affineShape);
      Tensor y =
          switch (drawn.family()) {
            case LAYER -> Functional.layerNorm(x, affine, weight, bias, eps, pass);
            case RMS -> Functional.rmsNorm(x, affine, weight, eps, pass);
            case GROUP ->
                Functional.groupNorm(x, drawn.groups(data.base.channels), weight, bias, eps, pass);
            case INSTANCE ->
                Functional.instanceNorm(
                    x,
                    mean,
                    variance,
                    weight,
                    bias,
                    drawn.usesInputStatistics(),
                    options.momentum().value,
                    eps,
                    pass);
          };
      Outcome.Computed results = Outcome.Computed.empty();
      if (!y.shape().equals(x.shape()) || y.dtype() != x.dtype() || y.layout() != x.layout()) {
        throw new AssertionError("output is " + y + " for input " + x);
      }
      results.put("output", y.toDoubles());
      results.put("running_mean", mean == null ? null : mean.toDoubles());
      results.put("running_var", variance == null ? null : variance.toDoubles());
      if (data.base.gradient != null) {
        Gradients gradients = pass.backward(y, gradient(options, data), false);
        results.put("grad_input", gradients.of(x).toDoubles());
        results.put("grad_weight", weight == null ? null : gradients.of(weight).toDoubles());
        results.put("grad_bias", bias == null ? null : gradients.of(bias).toDoubles());
      }
      return results;
    } catch (IllegalArgumentException e) {
      return new Outcome.Refused(String.valueOf(e.getMessage()));
    }
  }

  private static Tensor gradient(BatchNormCase options, SampleNormData data) {
    Layout other =
        options.layout() == Layout.CHANNELS_LAST ? Layout.CHANNELS_FIRST : Layout.CHANNELS_LAST;
    return Tensor.of(data.base.gradient, data.base.shape)
        .to(options.input())
        .to(options.gradient() == Gradient.OTHER_LAYOUT ? other : options.layout());
  }

  private static @Nullable Tensor tensor(double @Nullable [] values, DType type, long... shape) {
    return values == null ? null : Tensor.of(values, shape).to(type);
  }
}
