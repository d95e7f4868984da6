package org.batchnorm4j.peers;

import org.batchnorm4j.tensor.Layout;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.batch_normalization_backward;
import org.bytedeco.dnnl.batch_normalization_forward;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.global.dnnl.normalization_flags;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Batch norm in training by oneDNN in float32, with its memory. Made and used inside a {@code
 * PointerScope} of the caller, which frees it.
 */
final class OneDnnBatchNorm {
  private final stream queue;
  private final batch_normalization_forward.primitive_desc forwardKind;
  private final batch_normalization_backward.primitive_desc backwardKind;
  private final batch_normalization_forward forward;
  private final batch_normalization_backward backward;
  private final IntMemoryMap there = new IntMemoryMap();
  private final IntMemoryMap back = new IntMemoryMap();
  private final memory y;
  private final memory gx;
  private final memory mean;
  private final memory variance;
  private final memory gGamma;
  private final memory gBeta;
  private final int channels;
  private final int size;

  /**
   * @param shape (N, C, H, W)
   * @param layout order in memory of x and g
   * @param x input
   * @param g gradient of the output
   * @param gamma factors (C)
   * @param beta constants (C)
   * @param eps added to the variance
   */
  OneDnnBatchNorm(
      long[] shape, Layout layout, float[] x, float[] g, float[] gamma, float[] beta, float eps) {
    channels = gamma.length;
    size = x.length;
    engine cpu = new engine(engine.kind.cpu, 0);
    queue = new stream(cpu);
    memory.format_tag tag =
        layout == Layout.CHANNELS_LAST ? memory.format_tag.nhwc : memory.format_tag.nchw;
    memory.desc plane = new memory.desc(shape, memory.data_type.f32, tag, false);
    int flags = normalization_flags.use_scale.value | normalization_flags.use_shift.value;
    forwardKind =
        new batch_normalization_forward.primitive_desc(
            cpu, prop_kind.forward_training.value, plane, plane, eps, flags);
    backwardKind =
        new batch_normalization_backward.primitive_desc(
            cpu, prop_kind.backward.value, plane, plane, plane, eps, flags, forwardKind);
    forward = new batch_normalization_forward(forwardKind);
    backward = new batch_normalization_backward(backwardKind);

    memory input = filled(plane, cpu, x);
    memory scale = filled(forwardKind.weights_desc(), cpu, gamma);
    y = filled(plane, cpu, x); // touched, so that no page is new when time is taken
    gx = filled(plane, cpu, x);
    mean = new memory(forwardKind.mean_desc(), cpu);
    variance = new memory(forwardKind.variance_desc(), cpu);
    gGamma = new memory(backwardKind.diff_weights_desc(), cpu);
    gBeta = new memory(backwardKind.diff_weights_desc(), cpu);
    there.put(dnnl.DNNL_ARG_SRC, input);
    there.put(dnnl.DNNL_ARG_DST, y);
    there.put(dnnl.DNNL_ARG_MEAN, mean);
    there.put(dnnl.DNNL_ARG_VARIANCE, variance);
    there.put(dnnl.DNNL_ARG_SCALE, scale);
    there.put(dnnl.DNNL_ARG_SHIFT, filled(forwardKind.weights_desc(), cpu, beta));
    back.put(dnnl.DNNL_ARG_SRC, input);
    back.put(dnnl.DNNL_ARG_DIFF_DST, filled(plane, cpu, g));
    back.put(dnnl.DNNL_ARG_DIFF_SRC, gx);
    back.put(dnnl.DNNL_ARG_MEAN, mean);
    back.put(dnnl.DNNL_ARG_VARIANCE, variance);
    back.put(dnnl.DNNL_ARG_SCALE, scale);
    back.put(dnnl.DNNL_ARG_DIFF_SCALE, gGamma);
    back.put(dnnl.DNNL_ARG_DIFF_SHIFT, gBeta);
  }

  private static memory filled(memory.desc kind, engine cpu, float[] values) {
    memory filled = new memory(kind, cpu);
    new FloatPointer(filled.get_data_handle()).put(values);
    return filled;
  }

  /** Computes output, mean and variance. */
  void forward() {
    forward.execute(queue, there);
    queue._wait();
  }

  /** Computes the gradients; after {@link #forward}. */
  void backward() {
    backward.execute(queue, back);
    queue._wait();
  }

  /** What the kernel of the output calls itself. */
  String forwardKernel() {
    return forwardKind.impl_info_str().getString();
  }

  /** What the kernel of the gradients calls itself. */
  String backwardKernel() {
    return backwardKind.impl_info_str().getString();
  }

  /** The output, in the layout. */
  float[] output() {
    return read(y, size);
  }

  /** Mean of each channel. */
  float[] mean() {
    return read(mean, channels);
  }

  /** <em>Biased</em> variance of each channel. */
  float[] variance() {
    return read(variance, channels);
  }

  /** Gradient of the input, in the layout. */
  float[] inputGradient() {
    return read(gx, size);
  }

  /** Gradient of gamma. */
  float[] gammaGradient() {
    return read(gGamma, channels);
  }

  /** Gradient of beta. */
  float[] betaGradient() {
    return read(gBeta, channels);
  }

  private static float[] read(memory from, int length) {
    float[] values = new float[length];
    new FloatPointer(from.get_data_handle()).get(values);
    return values;
  }
}
