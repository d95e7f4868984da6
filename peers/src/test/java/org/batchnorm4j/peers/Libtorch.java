package org.batchnorm4j.peers;

import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** Values in and out of libtorch's tensors. */
final class Libtorch {
  private Libtorch() {}

  /** A contiguous tensor of copied values. */
  static Tensor tensor(double[] values, ScalarType type, long... shape) {
    TensorOptions options = new TensorOptions(ScalarType.Double);
    if (values.length == 0) {
      return torch.zeros(shape, options).to(type);
    }
    return torch.from_blob(new DoublePointer(values), shape, options).clone().to(type);
  }

  /** A float64 vector of copied values, or an undefined tensor for null. */
  static Tensor vector(double @Nullable [] values) {
    return values == null ? new Tensor() : tensor(values, ScalarType.Double, values.length);
  }

  /** The same tensor as one whose gradient is taken, if it is defined. */
  static Tensor watched(Tensor tensor) {
    return tensor.defined() ? tensor.set_requires_grad(true) : tensor;
  }

  /** An optional that is empty where the tensor is undefined. */
  static TensorOptional optional(Tensor tensor) {
    return tensor.defined() ? new TensorOptional(tensor) : new TensorOptional();
  }

  /** Channels last in memory, for ranks 4 and 5. */
  static Tensor channelsLast(Tensor tensor) {
    return tensor.contiguous(
        tensor.dim() == 5 ? MemoryFormat.ChannelsLast3d : MemoryFormat.ChannelsLast);
  }

  /** Walks back from an output with its given gradient. */
  static void backward(Tensor output, Tensor gradient) {
    output.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
  }

  /** The values in row-major order of the shape. */
  static double[] values(Tensor tensor) {
    double[] values = new double[Math.toIntExact(tensor.numel())];
    if (values.length > 0) {
      Tensor plain = tensor.detach().to(ScalarType.Double).contiguous();
      new DoublePointer(plain.data_ptr_double()).get(values);
    }
    return values;
  }

  /** The gradient of a watched tensor; zeros if the output did not depend on it. */
  static double[] gradient(Tensor watched) {
    Tensor gradient = watched.grad();
    if (gradient.defined()) {
      return values(gradient);
    }
    double[] zeros = new double[Math.toIntExact(watched.numel())];
    Arrays.fill(zeros, 0);
    return zeros;
  }
}
