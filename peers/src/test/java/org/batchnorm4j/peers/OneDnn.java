package org.batchnorm4j.peers;

import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
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
import org.bytedeco.javacpp.PointerScope;

/** Batch norm in training by oneDNN in float32. */
final class OneDnn {
  private OneDnn() {}

  static Outcome.Computed compute(HardData data, Layout layout) {
    try (PointerScope _ = new PointerScope()) {
      engine cpu = new engine(engine.kind.cpu, 0);
      stream queue = new stream(cpu);
      memory.format_tag tag =
          layout == Layout.CHANNELS_LAST ? memory.format_tag.nhwc : memory.format_tag.nchw;
      memory.desc plane = new memory.desc(data.shape(), memory.data_type.f32, tag, false);
      int flags = normalization_flags.use_scale.value | normalization_flags.use_shift.value;
      float eps = (float) data.eps();
      var forward =
          new batch_normalization_forward.primitive_desc(
              cpu, prop_kind.forward_training.value, plane, plane, eps, flags);
      var backward =
          new batch_normalization_backward.primitive_desc(
              cpu, prop_kind.backward.value, plane, plane, plane, eps, flags, forward);

      memory x = new memory(plane, cpu, new FloatPointer(laidOut(data.x(), data, layout)));
      memory g = new memory(plane, cpu, new FloatPointer(laidOut(data.g(), data, layout)));
      memory y = new memory(plane, cpu);
      memory gx = new memory(plane, cpu);
      memory mean = new memory(forward.mean_desc(), cpu);
      memory variance = new memory(forward.variance_desc(), cpu);
      memory gamma = new memory(forward.weights_desc(), cpu, new FloatPointer(data.gamma()));
      memory beta = new memory(forward.weights_desc(), cpu, new FloatPointer(data.beta()));
      memory gGamma = new memory(backward.diff_weights_desc(), cpu);
      memory gBeta = new memory(backward.diff_weights_desc(), cpu);

      IntMemoryMap there = new IntMemoryMap();
      there.put(dnnl.DNNL_ARG_SRC, x);
      there.put(dnnl.DNNL_ARG_DST, y);
      there.put(dnnl.DNNL_ARG_MEAN, mean);
      there.put(dnnl.DNNL_ARG_VARIANCE, variance);
      there.put(dnnl.DNNL_ARG_SCALE, gamma);
      there.put(dnnl.DNNL_ARG_SHIFT, beta);
      new batch_normalization_forward(forward).execute(queue, there);
      IntMemoryMap back = new IntMemoryMap();
      back.put(dnnl.DNNL_ARG_SRC, x);
      back.put(dnnl.DNNL_ARG_DIFF_DST, g);
      back.put(dnnl.DNNL_ARG_DIFF_SRC, gx);
      back.put(dnnl.DNNL_ARG_MEAN, mean);
      back.put(dnnl.DNNL_ARG_VARIANCE, variance);
      back.put(dnnl.DNNL_ARG_SCALE, gamma);
      back.put(dnnl.DNNL_ARG_DIFF_SCALE, gGamma);
      back.put(dnnl.DNNL_ARG_DIFF_SHIFT, gBeta);
      new batch_normalization_backward(backward).execute(queue, back);
      queue._wait();

      int channels = data.channels();
      double values = data.x().length / (double) channels;
      double[] unbiased = HardData.widened(read(variance, channels));
      for (int c = 0; c < channels; c++) {
        unbiased[c] *= values / (values - 1);
      }
      Outcome.Computed results = Outcome.Computed.empty();
      results.put("output", rowMajor(read(y, data.x().length), data, layout));
      results.put("running_mean", HardData.widened(read(mean, channels)));
      results.put("running_var", unbiased);
      results.put("grad_input", rowMajor(read(gx, data.x().length), data, layout));
      results.put("grad_weight", HardData.widened(read(gGamma, channels)));
      results.put("grad_bias", HardData.widened(read(gBeta, channels)));
      return results;
    }
  }

  private static float[] read(memory from, int length) {
    float[] values = new float[length];
    new FloatPointer(from.get_data_handle()).get(values);
    return values;
  }

  private static float[] laidOut(float[] values, HardData data, Layout layout) {
    return Tensor.of(values, data.shape()).to(layout).unsafeFloatArray();
  }

  private static double[] rowMajor(float[] values, HardData data, Layout layout) {
    return Tensor.unsafeWrap(values, layout, data.shape()).toDoubles();
  }
}
