package org.batchnorm4j.peers.training;

import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.batchnorm4j.nn.AdaptiveAvgPool2d;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.DType;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The layers of one of our models, computed by libtorch's functions with its own gradients and its
 * own Adam, from copies of our first values. ReLU works in place, as PyTorch's ready-made networks
 * do it, and no object of ours holds a tensor longer than libtorch itself needs it.
 */
final class LibtorchTraining implements TrainingSide {
  private final Module model;
  private final IdentityHashMap<Object, Tensor> twins = new IdentityHashMap<>();
  private final boolean channelsLast;
  private final Tensor images;
  private final Tensor labels;
  private final Adam optimizer;

  /**
   * A copy of the network in its first state.
   *
   * @param network what is trained
   * @param batch what it is trained with
   * @param channelsLast whether pictures and kernels lie with channels last in memory
   */
  LibtorchTraining(TrainedNetwork network, TrainingBatch batch, boolean channelsLast) {
    this.channelsLast = channelsLast;
    model = network.build();
    TensorVector parameters = new TensorVector();
    for (Parameter parameter : model.parameters()) {
      Tensor twin = laidOut(copy(parameter.value())).set_requires_grad(true);
      twins.put(parameter, twin);
      parameters.push_back(twin);
    }
    copyBuffers(model);
    optimizer = new Adam(parameters, new AdamOptions(LEARNING_RATE));
    images =
        laidOut(
            copy(
                batch.images(),
                TrainingBatch.COUNT,
                network.shape().channels(),
                network.shape().height(),
                network.shape().width()));
    labels =
        torch
            .from_blob(
                new LongPointer(batch.labels()),
                new long[] {TrainingBatch.COUNT},
                new TensorOptions(ScalarType.Long))
            .clone();
  }

  private Tensor laidOut(Tensor tensor) {
    return channelsLast && tensor.dim() == 4
        ? tensor.contiguous(MemoryFormat.ChannelsLast)
        : tensor;
  }

  private static Tensor copy(org.batchnorm4j.tensor.Tensor tensor) {
    return copy(tensor.toFloats(), tensor.shape().toArray());
  }

  private static Tensor copy(float[] values, long... shape) {
    TensorOptions options = new TensorOptions(ScalarType.Float);
    return torch.from_blob(new FloatPointer(values), shape, options).clone();
  }

  @Override
  public void useThreads(int threads) {
    torch.set_num_threads(threads);
  }

  @Override
  public double step() {
    try (PointerScope _ = new PointerScope()) {
      optimizer.zero_grad();
      Tensor scores = forward(model, images);
      Tensor loss = torch.cross_entropy_loss(scores, labels);
      scores.close();
      double value = loss.item_float();
      loss.backward();
      optimizer.step();
      return value;
    }
  }

  private Tensor forward(Module module, Tensor x) {
    return switch (module) {
      case Sequential chain -> {
        Tensor y = x;
        for (Module part : chain.members().children().values()) {
          Tensor next = forward(part, y);
          if (!y.equals(x) && !next.equals(y)) {
            y.close();
          }
          y = next;
        }
        yield y;
      }
      case Residual block -> residual(block.members().children(), x);
      case Conv2d conv -> convolution(conv, x);
      case BatchNorm norm -> normalised(norm, x);
      case Linear linear -> torch.linear(x, twin(linear.weight()), optional(linear.bias()));
      case ReLU _ -> {
        torch.relu_(x); // returns a second view of the same native object
        yield x;
      }
      case MaxPool2d _ -> torch.max_pool2d(x, 2, 2); // both networks pool by two
      case AdaptiveAvgPool2d _ -> torch.adaptive_avg_pool2d(x, 1, 1);
      case Flatten _ -> torch.flatten(x, 1, -1);
      default -> throw new IllegalArgumentException("no twin of " + module);
    };
  }

  private Tensor residual(Map<String, Module> parts, Tensor x) {
    Tensor body = forward(Objects.requireNonNull(parts.get("body")), x);
    Module shortcut = parts.get("shortcut");
    if (shortcut == null) {
      body.add_(x);
    } else {
      try (Tensor shorter = forward(shortcut, x)) {
        body.add_(shorter);
      }
    }
    torch.relu_(body);
    return body;
  }

  private Tensor convolution(Conv2d conv, Tensor x) {
    Conv2dOptions options = conv.options();
    return torch.conv2d(
        x,
        twin(conv.weight()),
        optional(conv.bias()),
        new long[] {options.strideH(), options.strideW()},
        new long[] {options.paddingH(), options.paddingW()},
        new long[] {options.dilationH(), options.dilationW()},
        options.groups());
  }

  private Tensor normalised(BatchNorm norm, Tensor x) {
    return torch.batch_norm(
        x,
        new TensorOptional(twin(norm.weight().orElseThrow())),
        new TensorOptional(twin(norm.bias().orElseThrow())),
        new TensorOptional(twin(norm.runningMean().orElseThrow())),
        new TensorOptional(twin(norm.runningVar().orElseThrow())),
        true,
        0.1,
        norm.options().eps(),
        false);
  }

  private void copyBuffers(Module module) {
    for (org.batchnorm4j.tensor.Tensor buffer : module.members().namedBuffers().values()) {
      if (buffer.dtype() == DType.FLOAT32) {
        twins.put(buffer, copy(buffer));
      }
    }
    module.members().children().values().forEach(this::copyBuffers);
  }

  private TensorOptional optional(Optional<Parameter> own) {
    return own.map(value -> new TensorOptional(twin(value))).orElseGet(TensorOptional::new);
  }

  private Tensor twin(Object own) {
    Tensor twin = twins.get(own);
    if (twin == null) {
      throw new IllegalStateException("no twin of " + own);
    }
    return twin;
  }
}
