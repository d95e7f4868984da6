package org.batchnorm4j.peers;

import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tensors of libtorch with the numbers of a problem, in its layout and type. */
final class LibtorchTensors {
  private final long[] axes;
  private final MemoryFormat format;
  private final boolean narrow;

  LibtorchTensors(Problem problem) {
    long[] own = problem.shape().axes();
    boolean last = problem.layout() == Layout.CHANNELS_LAST && own.length > 2;
    // libtorch has no channels-last format for three axes, and a slow path for one it is shown
    axes = last && own.length == 3 ? new long[] {own[0], own[1], 1, own[2]} : own;
    if (last) {
      format = axes.length == 5 ? MemoryFormat.ChannelsLast3d : MemoryFormat.ChannelsLast;
    } else {
      format = MemoryFormat.Contiguous;
    }
    narrow = problem.storage() == DType.BFLOAT16;
  }

  /** A tensor of the problem's shape. */
  Tensor plane(float[] values) {
    Tensor tensor = filled(values, format, axes);
    return narrow ? tensor.toType(ScalarType.BFloat16) : tensor;
  }

  /** A float32 tensor (C). */
  static Tensor vector(float[] values) {
    return filled(values, MemoryFormat.Contiguous, values.length);
  }

  private static Tensor filled(float[] values, MemoryFormat format, long... shape) {
    Tensor tensor =
        torch.empty(shape, new TensorOptions(ScalarType.Float), new MemoryFormatOptional(format));
    if (values.length > 0) {
      new FloatPointer(tensor.data_ptr_float()).put(values);
    }
    return tensor;
  }

  /** What a tensor holds, in its order in memory. */
  static float[] values(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.numel())];
    Tensor wide = tensor.toType(ScalarType.Float);
    new FloatPointer(wide.data_ptr_float()).get(values);
    return values;
  }
}
