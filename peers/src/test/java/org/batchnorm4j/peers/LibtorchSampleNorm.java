package org.batchnorm4j.peers;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** A case as libtorch computes it in float64. */
final class LibtorchSampleNorm {
  private LibtorchSampleNorm() {}

  static Outcome compute(SampleNormCase drawn, SampleNormData data) {
    try (PointerScope _ = new PointerScope()) {
      Tensor x =
          Libtorch.watched(Libtorch.tensor(data.base.input, ScalarType.Double, data.base.shape));
      Tensor weight = Libtorch.watched(affine(data, data.weight));
      Tensor bias = Libtorch.watched(affine(data, data.bias));
      Tensor mean = Libtorch.vector(data.runningMean);
      Tensor variance = Libtorch.vector(data.runningVar);
      double eps = drawn.eps();
      TensorOptional w = Libtorch.optional(weight);
      TensorOptional b = Libtorch.optional(bias);
      Tensor y =
          switch (drawn.family()) {
            case LAYER -> torch.layer_norm(x, data.affineShape, w, b, eps, false);
            case RMS -> torch.rms_norm(x, data.affineShape, w, new DoubleOptional(eps));
            case GROUP ->
                torch.group_norm(
                    x, drawn.groups(data.base.channels), groupWeight(data, w), b, eps, false);
            case INSTANCE ->
                torch.instance_norm(
                    x,
                    w,
                    b,
                    Libtorch.optional(mean),
                    Libtorch.optional(variance),
                    drawn.usesInputStatistics(),
                    drawn.options().momentum().value,
                    eps,
                    false);
          };
      Outcome.Computed results = Outcome.Computed.empty();
      results.put("output", Libtorch.values(y));
      results.put("running_mean", data.runningMean == null ? null : Libtorch.values(mean));
      results.put("running_var", data.runningVar == null ? null : Libtorch.values(variance));
      if (data.base.gradient != null) {
        Libtorch.backward(
            y, Libtorch.tensor(data.base.gradient, ScalarType.Double, data.base.shape));
        results.put("grad_input", Libtorch.gradient(x));
        results.put("grad_weight", data.weight == null ? null : Libtorch.gradient(weight));
        results.put("grad_bias", data.bias == null ? null : Libtorch.gradient(bias));
      }
      return results;
    } catch (RuntimeException e) {
      return new Outcome.Refused(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    }
  }

  /** Its backward fails for a bias without a weight, so it is given one of ones. */
  private static TensorOptional groupWeight(SampleNormData data, TensorOptional weight) {
    return data.weight == null && data.bias != null
        ? new TensorOptional(torch.ones_like(affine(data, data.bias)))
        : weight;
  }

  private static Tensor affine(SampleNormData data, double @Nullable [] values) {
    return values == null
        ? new Tensor()
        : Libtorch.tensor(values, ScalarType.Double, data.affineShape);
  }
}
