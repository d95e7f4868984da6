package org.batchnorm4j.peers;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.batchnorm4j.benchmarks.comparison.Operation;
import org.batchnorm4j.benchmarks.comparison.Planes;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.DType;
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
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;
import org.jspecify.annotations.Nullable;

/**
 * Batch norm by oneDNN, with its memory; a ReLU is fused. Made and used inside a {@code
 * PointerScope} of the caller, which frees it.
 */
final class OneDnnBatchNorm {
  private final Problem problem;
  private final engine cpu = new engine(engine.kind.cpu, 0);
  private final stream queue = new stream(cpu);
  private final memory.desc plane;
  private final int flags;
  private final float eps;
  private final Map<Integer, Primitives> primitives = new HashMap<>();
  private final IntMemoryMap there = new IntMemoryMap();
  private final IntMemoryMap back = new IntMemoryMap();
  private final memory y;
  private final memory gx;
  private final memory mean;
  private final memory variance;
  private final memory gGamma;
  private final memory gBeta;
  private Primitives current;

  /** Made for so many threads as there were when they were; backward in training alone. */
  private record Primitives(
      batch_normalization_forward.primitive_desc forwardKind,
      batch_normalization_backward.@Nullable primitive_desc backwardKind,
      batch_normalization_forward forward,
      @Nullable batch_normalization_backward backward) {}

  /**
   * @param eps added to the variance, in place of the problem's
   */
  OneDnnBatchNorm(Problem problem, float eps) {
    this.problem = problem;
    this.eps = eps;
    boolean narrow = problem.storage() == DType.BFLOAT16;
    plane =
        new memory.desc(
            problem.shape().axes(),
            narrow ? memory.data_type.bf16 : memory.data_type.f32,
            tag(problem.shape().axes().length, problem.layout()),
            false);
    flags =
        normalization_flags.use_scale.value
            | normalization_flags.use_shift.value
            | (problem.operation().isTraining() ? 0 : normalization_flags.use_global_stats.value)
            | (problem.operation().rectifies() ? normalization_flags.fuse_norm_relu.value : 0);
    current = made();
    primitives.put(1, current);
    memory.desc vector = current.forwardKind.weights_desc();

    memory input = filledPlane(problem.x());
    memory scale = filledVector(vector, problem.gamma());
    y = filledPlane(problem.x()); // touched, so that no page is new when time is taken
    gx = filledPlane(problem.x());
    mean = filledVector(current.forwardKind.mean_desc(), problem.mean());
    variance = filledVector(current.forwardKind.variance_desc(), problem.variance());
    gGamma = filledVector(vector, problem.gamma());
    gBeta = filledVector(vector, problem.beta());
    memory mask = new memory(current.forwardKind.workspace_desc(), cpu);
    there.put(dnnl.DNNL_ARG_SRC, input);
    there.put(dnnl.DNNL_ARG_DST, y);
    there.put(dnnl.DNNL_ARG_MEAN, mean);
    there.put(dnnl.DNNL_ARG_VARIANCE, variance);
    there.put(dnnl.DNNL_ARG_SCALE, scale);
    there.put(dnnl.DNNL_ARG_SHIFT, filledVector(vector, problem.beta()));
    there.put(dnnl.DNNL_ARG_WORKSPACE, mask);
    back.put(dnnl.DNNL_ARG_SRC, input);
    back.put(dnnl.DNNL_ARG_DIFF_DST, filledPlane(problem.g()));
    back.put(dnnl.DNNL_ARG_DIFF_SRC, gx);
    back.put(dnnl.DNNL_ARG_MEAN, mean);
    back.put(dnnl.DNNL_ARG_VARIANCE, variance);
    back.put(dnnl.DNNL_ARG_SCALE, scale);
    back.put(dnnl.DNNL_ARG_DIFF_SCALE, gGamma);
    back.put(dnnl.DNNL_ARG_DIFF_SHIFT, gBeta);
    back.put(dnnl.DNNL_ARG_WORKSPACE, mask);
  }

  /** Training, forward and backward, in float32. */
  static OneDnnBatchNorm training(
      Planes shape, Layout layout, float[] x, float[] g, float[] gamma, float[] beta, float eps) {
    float[] zeros = new float[gamma.length];
    return new OneDnnBatchNorm(
        new Problem(
            shape,
            layout,
            Operation.BACKWARD,
            DType.FLOAT32,
            x,
            g,
            new float[0],
            gamma,
            beta,
            zeros,
            zeros),
        eps);
  }

  private static memory.format_tag tag(int rank, Layout layout) {
    boolean last = layout == Layout.CHANNELS_LAST;
    return switch (rank) {
      case 2 -> memory.format_tag.nc;
      case 3 -> last ? memory.format_tag.nwc : memory.format_tag.ncw;
      case 4 -> last ? memory.format_tag.nhwc : memory.format_tag.nchw;
      case 5 -> last ? memory.format_tag.ndhwc : memory.format_tag.ncdhw;
      default -> throw new IllegalArgumentException("oneDNN: no format of ours has rank " + rank);
    };
  }

  private Primitives made() {
    boolean training = problem.operation().isTraining();
    int kind = (training ? prop_kind.forward_training : prop_kind.forward_inference).value;
    var forwardKind =
        new batch_normalization_forward.primitive_desc(cpu, kind, plane, plane, eps, flags);
    var forward = new batch_normalization_forward(forwardKind);
    if (!training) {
      return new Primitives(forwardKind, null, forward, null);
    }
    var backwardKind =
        new batch_normalization_backward.primitive_desc(
            cpu, prop_kind.backward.value, plane, plane, plane, eps, flags, forwardKind);
    return new Primitives(
        forwardKind, backwardKind, forward, new batch_normalization_backward(backwardKind));
  }

  private memory filledVector(memory.desc kind, float[] values) {
    memory filled = new memory(kind, cpu);
    new FloatPointer(filled.get_data_handle()).put(values);
    return filled;
  }

  private memory filledPlane(float[] values) {
    memory filled = new memory(plane, cpu);
    Pointer data = filled.get_data_handle();
    if (problem.storage() == DType.BFLOAT16) {
      short[] halves = new short[values.length];
      for (int i = 0; i < halves.length; i++) {
        halves[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
      }
      new ShortPointer(data).put(halves);
    } else {
      new FloatPointer(data).put(values);
    }
    return filled;
  }

  boolean isMadeFor(int threads) {
    return primitives.containsKey(threads);
  }

  /** Goes on with primitives for the number of threads that there are now. */
  void use(int threads) {
    current = primitives.computeIfAbsent(threads, _ -> made());
  }

  /** Computes the output, in training mean and variance too. */
  void forward() {
    current.forward.execute(queue, there);
    queue._wait();
  }

  /** Computes the gradients; after {@link #forward}. */
  void backward() {
    Objects.requireNonNull(current.backward).execute(queue, back);
    queue._wait();
  }

  /** What the kernel of the output calls itself. */
  String forwardKernel() {
    return current.forwardKind.impl_info_str().getString();
  }

  /** What the kernel of the gradients calls itself. */
  String backwardKernel() {
    return Objects.requireNonNull(current.backwardKind).impl_info_str().getString();
  }

  /** The output, in the layout. */
  float[] output() {
    return plane(y);
  }

  /** Mean of each channel. */
  float[] mean() {
    return vector(mean);
  }

  /** <em>Biased</em> variance of each channel. */
  float[] variance() {
    return vector(variance);
  }

  /** Gradient of the input, in the layout. */
  float[] inputGradient() {
    return plane(gx);
  }

  /** Gradient of gamma. */
  float[] gammaGradient() {
    return vector(gGamma);
  }

  /** Gradient of beta. */
  float[] betaGradient() {
    return vector(gBeta);
  }

  private float[] plane(memory from) {
    float[] values = new float[problem.x().length];
    if (problem.storage() == DType.BFLOAT16) {
      short[] halves = new short[values.length];
      new ShortPointer(from.get_data_handle()).get(halves);
      for (int i = 0; i < halves.length; i++) {
        values[i] = Float.intBitsToFloat(halves[i] << 16);
      }
    } else {
      new FloatPointer(from.get_data_handle()).get(values);
    }
    return values;
  }

  private float[] vector(memory from) {
    float[] values = new float[problem.gamma().length];
    new FloatPointer(from.get_data_handle()).get(values);
    return values;
  }
}
