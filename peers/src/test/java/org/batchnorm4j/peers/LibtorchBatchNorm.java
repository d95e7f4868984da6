package org.batchnorm4j.peers;

import org.batchnorm4j.peers.BatchNormCase.Affine;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Mode;
import org.batchnorm4j.peers.BatchNormCase.Momentum;
import org.batchnorm4j.peers.BatchNormCase.Running;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNorm3dImpl;
import org.bytedeco.pytorch.BatchNormFuncOptions;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A case as libtorch computes it in float64: its function, or its layer, with its own guards. */
final class LibtorchBatchNorm {
  private LibtorchBatchNorm() {}

  static Outcome compute(BatchNormCase drawn, BatchNormData data) {
    try (PointerScope _ = new PointerScope()) {
      Tensor x = Libtorch.watched(Libtorch.tensor(data.input, ScalarType.Double, data.shape));
      Tensor weight = Libtorch.watched(Libtorch.vector(data.weight));
      Tensor bias = Libtorch.watched(Libtorch.vector(data.bias));
      Tensor mean = Libtorch.vector(data.runningMean);
      Tensor variance = Libtorch.vector(data.runningVar);
      Outcome.Computed results = Outcome.Computed.empty();
      Tensor y;
      if (drawn.entry() == Entry.FUNCTION) {
        BatchNormFuncOptions options = new BatchNormFuncOptions();
        options.weight().put(weight);
        options.bias().put(bias);
        options.training().put(drawn.mode() == Mode.TRAINING);
        options.momentum().put(drawn.momentum().value);
        options.eps().put(drawn.eps().value);
        y = torch.batch_norm(x, mean, variance, options);
      } else {
        Layer layer = layer(drawn, data, weight, bias, mean, variance);
        y = layer.forward().apply(x.detach().neg()); // a batch before, so that averages show
        y = layer.forward().apply(x);
        if (drawn.running() == Running.PRESENT) {
          results.put("num_batches_tracked", Libtorch.values(layer.counter()));
        }
      }
      results.put("output", Libtorch.values(y));
      if (drawn.running() == Running.PRESENT) {
        results.put("running_mean", Libtorch.values(mean));
        results.put("running_var", Libtorch.values(variance));
      }
      if (data.gradient != null) {
        Libtorch.backward(y, Libtorch.tensor(data.gradient, ScalarType.Double, data.shape));
        results.put("grad_input", Libtorch.gradient(x));
        if (drawn.hasWeight()) {
          results.put("grad_weight", Libtorch.gradient(weight));
        }
        if (drawn.hasBias()) {
          results.put("grad_bias", Libtorch.gradient(bias));
        }
      }
      return results;
    } catch (RuntimeException e) {
      return new Outcome.Refused(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    }
  }

  private record Layer(java.util.function.UnaryOperator<Tensor> forward, Tensor counter) {}

  /**
   * Its layers know no bias=False: where we have none, theirs is 0 and its gradient is not read.
   */
  private static Layer layer(
      BatchNormCase drawn,
      BatchNormData data,
      Tensor weight,
      Tensor bias,
      Tensor mean,
      Tensor variance) {
    BatchNormOptions options = new BatchNormOptions(data.channels);
    options.eps().put(drawn.eps().value);
    if (drawn.momentum() == Momentum.CUMULATIVE) {
      options.momentum().reset();
    } else {
      options.momentum().put(drawn.momentum().value);
    }
    boolean affine = drawn.affine() != Affine.NONE;
    boolean tracks = drawn.running() == Running.PRESENT;
    options.affine().put(affine);
    options.track_running_stats().put(tracks);
    Tensor beta = affine && !drawn.hasBias() ? Libtorch.vector(new double[data.channels]) : bias;
    boolean training = drawn.mode() == Mode.TRAINING;
    switch (drawn.rank()) {
      case TWO, THREE -> {
        BatchNorm1dImpl layer = new BatchNorm1dImpl(options);
        layer.train(training);
        if (affine) {
          layer.weight(weight).bias(beta);
        }
        if (tracks) {
          layer.running_mean(mean).running_var(variance);
        }
        return new Layer(layer::forward, layer.num_batches_tracked());
      }
      case FOUR -> {
        BatchNorm2dImpl layer = new BatchNorm2dImpl(options);
        layer.train(training);
        if (affine) {
          layer.weight(weight).bias(beta);
        }
        if (tracks) {
          layer.running_mean(mean).running_var(variance);
        }
        return new Layer(layer::forward, layer.num_batches_tracked());
      }
      case FIVE -> {
        BatchNorm3dImpl layer = new BatchNorm3dImpl(options);
        layer.train(training);
        if (affine) {
          layer.weight(weight).bias(beta);
        }
        if (tracks) {
          layer.running_mean(mean).running_var(variance);
        }
        return new Layer(layer::forward, layer.num_batches_tracked());
      }
    }
    throw new AssertionError(drawn.rank());
  }
}
