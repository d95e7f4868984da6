package org.batchnorm4j.peers;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * libtorch on the CPU. Forward is {@code native_batch_norm_out}, followed in place by {@code add_}
 * and {@code relu_} where the problem asks for them, which libtorch does not fuse. The out form of
 * the backward is a wrapper that computes new tensors and copies them, so {@code
 * native_batch_norm_backward} itself runs, behind {@code threshold_backward_out}; that is faster as
 * long as its allocator gives out memory that is already warm; {@code batchnorm4j-bench} sets the
 * allocator so. Used by one thread.
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
  public Contender prepare(Problem problem) {
    try (PointerScope scope = new PointerScope()) {
      Step step =
          problem.operation().isBackward()
              ? new Backward(problem, scope)
              : new Forward(problem, scope);
      scope.extend();
      return step;
    }
  }

  private abstract static class Step implements Contender {
    final Problem problem;
    final LibtorchTensors tensors;
    final Tensor x;
    final Tensor y;
    final TensorOptional gamma;
    final TensorOptional mean;
    final TensorOptional variance;
    final Tensor savedMean;
    final Tensor savedInverse;
    private final TensorOptional beta;
    private final Tensor residual;
    private final PointerScope scope;

    Step(Problem problem, PointerScope scope) {
      this.problem = problem;
      this.scope = scope;
      tensors = new LibtorchTensors(problem);
      x = tensors.plane(problem.x());
      y = tensors.plane(problem.x());
      residual = problem.operation().addsResidual() ? tensors.plane(problem.r()) : x;
      gamma = new TensorOptional(LibtorchTensors.vector(problem.gamma()));
      beta = new TensorOptional(LibtorchTensors.vector(problem.beta()));
      mean = new TensorOptional(LibtorchTensors.vector(problem.mean()));
      variance = new TensorOptional(LibtorchTensors.vector(problem.variance()));
      boolean training = problem.operation().isTraining();
      float[] saved = new float[training ? problem.gamma().length : 0];
      savedMean = LibtorchTensors.vector(saved);
      savedInverse = LibtorchTensors.vector(saved);
    }

    /** With momentum 1 the running statistics are those of the batch. */
    final void forward() {
      try (PointerScope _ = new PointerScope()) {
        boolean training = problem.operation().isTraining();
        torch.native_batch_norm_out(
            y, savedMean, savedInverse, x, gamma, beta, mean, variance, training, 1, Problem.EPS);
        if (problem.operation().addsResidual()) {
          y.add_(residual);
        }
        if (problem.operation().rectifies()) {
          y.relu_();
        }
      }
    }

    @Override
    public final void enter(int threads) {
      torch.set_num_threads(threads);
    }

    @Override
    public final void close() {
      scope.deallocate();
    }
  }

  private static final class Forward extends Step {
    Forward(Problem problem, PointerScope scope) {
      super(problem, scope);
    }

    @Override
    public String implementation() {
      return "native_batch_norm_out"
          + (problem.operation().addsResidual() ? ", add_" : "")
          + (problem.operation().rectifies() ? ", relu_" : "");
    }

    @Override
    public void run() {
      forward();
    }

    @Override
    public Outputs outputs() {
      try (PointerScope _ = new PointerScope()) {
        float[] output = LibtorchTensors.values(y);
        return problem.operation().isTraining()
            ? new Outputs(
                output, LibtorchTensors.values(mean.get()), LibtorchTensors.values(variance.get()))
            : new Outputs(output);
      }
    }
  }

  private static final class Backward extends Step {
    private final Tensor g;
    private final Tensor gated;
    private final Scalar zero = new Scalar(0f);
    private final BoolPointer all = all();

    Backward(Problem problem, PointerScope scope) {
      super(problem, scope);
      g = tensors.plane(problem.g());
      gated = problem.operation().rectifies() ? tensors.plane(problem.g()) : g;
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
      return (problem.operation().rectifies() ? "threshold_backward_out, " : "")
          + "native_batch_norm_backward";
    }

    private T_TensorTensorTensor_T gradients() {
      if (problem.operation().rectifies()) {
        torch.threshold_backward_out(gated, g, y, zero);
      }
      return torch.native_batch_norm_backward(
          gated,
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
            LibtorchTensors.values(gradients.get0()),
            LibtorchTensors.values(gradients.get1()),
            LibtorchTensors.values(gradients.get2()),
            problem.operation().addsResidual() ? LibtorchTensors.values(gated) : new float[0]);
      }
    }
  }
}
