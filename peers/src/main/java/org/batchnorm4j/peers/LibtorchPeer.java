package org.batchnorm4j.peers;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Direction;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.Layout;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * libtorch on the CPU. Forward is {@code native_batch_norm_out}. The out form of its backward is a
 * wrapper that computes new tensors and copies them, so {@code native_batch_norm_backward} itself
 * runs, which is faster as long as its allocator gives out memory that is already warm; {@code
 * batchnorm4j-bench} sets the allocator so. Used by one thread.
 */
public final class LibtorchPeer implements Peer {

  /** For the service loader. */
  public LibtorchPeer() {}

  @Override
  public String name() {
    return "libtorch";
  }

  @Override
  public Optional<String> missing() {
    return NativeLibrary.missing(torch.class);
  }

  @Override
  public List<String> facts() {
    return List.of(
        "version 2.10.0, JavaCPP presets 1.5.13",
        "CPU capability " + torch.get_cpu_capability().getString(),
        torch
            .get_parallel_info()
            .getString()
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("OpenMP") || line.startsWith("ATen parallel backend"))
            .collect(Collectors.joining(", ")));
  }

  @Override
  public Contender prepare(Problem problem, int threads) {
    try (PointerScope scope = new PointerScope()) {
      Step step =
          problem.direction() == Direction.FORWARD
              ? new Forward(problem, threads, scope)
              : new Backward(problem, threads, scope);
      scope.extend();
      return step;
    }
  }

  private abstract static class Step implements Contender {
    final Problem problem;
    final Tensor x;
    final Tensor out;
    final TensorOptional gamma;
    final TensorOptional mean;
    final TensorOptional variance;
    final Tensor savedMean;
    final Tensor savedInverse;
    private final TensorOptional beta;
    private final int threads;
    private final PointerScope scope;

    Step(Problem problem, int threads, PointerScope scope) {
      this.problem = problem;
      this.threads = threads;
      this.scope = scope;
      x = plane(problem.x());
      out = plane(problem.x());
      gamma = new TensorOptional(vector(problem.gamma()));
      beta = new TensorOptional(vector(problem.beta()));
      float[] zeros = new float[problem.gamma().length];
      mean = new TensorOptional(vector(zeros));
      variance = new TensorOptional(vector(zeros));
      savedMean = vector(zeros);
      savedInverse = vector(zeros);
    }

    /** With momentum 1 the running statistics are those of the batch. */
    final void forward() {
      try (PointerScope _ = new PointerScope()) {
        torch.native_batch_norm_out(
            out, savedMean, savedInverse, x, gamma, beta, mean, variance, true, 1, Problem.EPS);
      }
    }

    final Tensor plane(float[] values) {
      MemoryFormat format =
          problem.layout() == Layout.CHANNELS_LAST
              ? MemoryFormat.ChannelsLast
              : MemoryFormat.Contiguous;
      return filled(values, format, problem.shape().axes());
    }

    private static Tensor vector(float[] values) {
      return filled(values, MemoryFormat.Contiguous, values.length);
    }

    private static Tensor filled(float[] values, MemoryFormat format, long... shape) {
      Tensor tensor =
          torch.empty(shape, new TensorOptions(ScalarType.Float), new MemoryFormatOptional(format));
      new FloatPointer(tensor.data_ptr_float()).put(values);
      return tensor;
    }

    static float[] values(Tensor tensor) {
      float[] values = new float[Math.toIntExact(tensor.numel())];
      new FloatPointer(tensor.data_ptr_float()).get(values);
      return values;
    }

    @Override
    public final void enter() {
      torch.set_num_threads(threads);
    }

    @Override
    public final void close() {
      scope.deallocate();
    }
  }

  private static final class Forward extends Step {
    Forward(Problem problem, int threads, PointerScope scope) {
      super(problem, threads, scope);
    }

    @Override
    public String implementation() {
      return "native_batch_norm_out";
    }

    @Override
    public void run() {
      forward();
    }

    @Override
    public Outputs outputs() {
      try (PointerScope _ = new PointerScope()) {
        return new Outputs(values(out), values(mean.get()), values(variance.get()));
      }
    }
  }

  private static final class Backward extends Step {
    private final Tensor g;
    private final BoolPointer all = all();

    Backward(Problem problem, int threads, PointerScope scope) {
      super(problem, threads, scope);
      g = plane(problem.g());
      forward();
    }

    /** Gradients of input, gamma and beta are wanted. */
    private static BoolPointer all() {
      BoolPointer wanted = new BoolPointer(3);
      for (int i = 0; i < 3; i++) {
        wanted.put(i, true);
      }
      return wanted;
    }

    @Override
    public String implementation() {
      return "native_batch_norm_backward";
    }

    private T_TensorTensorTensor_T gradients() {
      return torch.native_batch_norm_backward(
          g,
          x,
          gamma,
          mean,
          variance,
          new TensorOptional(savedMean),
          new TensorOptional(savedInverse),
          true,
          Problem.EPS,
          all);
    }

    @Override
    public void run() {
      try (PointerScope _ = new PointerScope()) {
        gradients();
      }
    }

    @Override
    public Outputs outputs() {
      try (PointerScope _ = new PointerScope()) {
        T_TensorTensorTensor_T gradients = gradients();
        return new Outputs(
            values(gradients.get0()), values(gradients.get1()), values(gradients.get2()));
      }
    }
  }
}
