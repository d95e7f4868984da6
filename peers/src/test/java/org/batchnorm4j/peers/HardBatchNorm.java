package org.batchnorm4j.peers;

import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.Layout;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Batch norm in training of hard data, by us and by libtorch. Running statistics start at 0 and
 * take the new batch whole, so they are those of the batch.
 */
final class HardBatchNorm {
  private HardBatchNorm() {}

  static Outcome.Computed ours(HardData data, Layout layout) {
    Pass pass = Pass.training();
    var x = org.batchnorm4j.tensor.Tensor.of(data.x(), data.shape()).to(layout);
    var g = org.batchnorm4j.tensor.Tensor.of(data.g(), data.shape()).to(layout);
    var weight = org.batchnorm4j.tensor.Tensor.of(data.gamma(), data.channels());
    var bias = org.batchnorm4j.tensor.Tensor.of(data.beta(), data.channels());
    var mean = org.batchnorm4j.tensor.Tensor.zeros(data.channels());
    var variance = org.batchnorm4j.tensor.Tensor.zeros(data.channels());
    pass.watch(x);
    pass.watch(weight);
    pass.watch(bias);
    var y = Functional.batchNorm(x, mean, variance, weight, bias, true, 1, data.eps(), pass);
    Gradients gradients = pass.backward(y, g, false);
    Outcome.Computed results = Outcome.Computed.empty();
    results.put("output", y.toDoubles());
    results.put("running_mean", mean.toDoubles());
    results.put("running_var", variance.toDoubles());
    results.put("grad_input", gradients.of(x).toDoubles());
    results.put("grad_weight", gradients.of(weight).toDoubles());
    results.put("grad_bias", gradients.of(bias).toDoubles());
    return results;
  }

  /** {@code type} is Float for the peer, Double for the judge. */
  static Outcome.Computed libtorch(HardData data, Layout layout, ScalarType type) {
    try (PointerScope _ = new PointerScope()) {
      long channels = data.channels();
      Tensor x = given(data, data.x(), layout, type);
      Tensor weight = Libtorch.tensor(HardData.widened(data.gamma()), type, channels);
      Tensor bias = Libtorch.tensor(HardData.widened(data.beta()), type, channels);
      Tensor mean = Libtorch.tensor(new double[data.channels()], type, channels);
      Tensor variance = Libtorch.tensor(new double[data.channels()], type, channels);
      x.set_requires_grad(true);
      weight.set_requires_grad(true);
      bias.set_requires_grad(true);
      Tensor y =
          torch.batch_norm(
              x,
              Libtorch.optional(weight),
              Libtorch.optional(bias),
              Libtorch.optional(mean),
              Libtorch.optional(variance),
              true,
              1,
              data.eps(),
              false);
      Libtorch.backward(y, given(data, data.g(), layout, type));
      Outcome.Computed results = Outcome.Computed.empty();
      results.put("output", Libtorch.values(y));
      results.put("running_mean", Libtorch.values(mean));
      results.put("running_var", Libtorch.values(variance));
      results.put("grad_input", Libtorch.gradient(x));
      results.put("grad_weight", Libtorch.gradient(weight));
      results.put("grad_bias", Libtorch.gradient(bias));
      return results;
    }
  }

  private static Tensor given(HardData data, float[] values, Layout layout, ScalarType type) {
    Tensor tensor = Libtorch.tensor(HardData.widened(values), type, data.shape());
    return layout == Layout.CHANNELS_LAST ? Libtorch.channelsLast(tensor) : tensor;
  }
}
