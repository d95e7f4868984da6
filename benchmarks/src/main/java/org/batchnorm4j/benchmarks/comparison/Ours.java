package org.batchnorm4j.benchmarks.comparison;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.Tensor;

/**
 * Our batch norm as a training step calls it: on a pass that records, with an arena whose memory is
 * used again in each run. Used by one thread.
 */
public final class Ours implements Peer {
  private final KernelPreference kernels;
  private final Map<Integer, Backend> backends = new HashMap<>();

  /**
   * @param kernels which kernels, which must be there
   */
  public Ours(KernelPreference kernels) {
    this.kernels = kernels;
  }

  @Override
  public String name() {
    return kernels == KernelPreference.SCALAR ? "scalar" : "SIMD";
  }

  @Override
  public Optional<String> missing() {
    return Optional.empty();
  }

  @Override
  public List<String> facts() {
    return List.of("kernels " + KernelChoice.choose(kernels).kernels().name());
  }

  @Override
  public Contender prepare(Problem problem, int threads) {
    Backend backend = backends.computeIfAbsent(threads, n -> CpuBackend.of(kernels, n, line -> {}));
    return problem.direction() == Direction.FORWARD
        ? new Forward(problem, backend)
        : new Backward(problem, backend);
  }

  private abstract static class Step implements Contender {
    final Problem problem;
    final Backend backend;
    final BufferPool pool = new BufferPool();
    final Tensor x;
    final Tensor gamma;
    final Tensor beta;
    final Tensor mean;
    final Tensor variance;

    Step(Problem problem, Backend backend) {
      this.problem = problem;
      this.backend = backend;
      int channels = problem.shape().channels();
      x = wrap(problem.x());
      gamma = Tensor.of(problem.gamma(), channels);
      beta = Tensor.of(problem.beta(), channels);
      mean = Tensor.zeros(channels);
      variance = Tensor.ones(channels);
    }

    final Tensor wrap(float[] values) {
      return Tensor.unsafeWrap(values, problem.layout(), problem.shape().axes());
    }

    final Pass pass() {
      return Pass.training().withBackend(backend);
    }

    final Tensor normalise(Pass pass) {
      pass.watch(x);
      pass.watch(gamma);
      pass.watch(beta);
      // with momentum 1 the running statistics are those of the batch
      return Functional.batchNorm(x, mean, variance, true, 1, Problem.EPS, gamma, beta, pass);
    }

    @Override
    public final String implementation() {
      return backend.describe();
    }
  }

  private static final class Forward extends Step {
    Forward(Problem problem, Backend backend) {
      super(problem, backend);
    }

    @Override
    public void run() {
      try (Arena arena = pool.open()) {
        normalise(pass().withMemory(arena));
      }
    }

    @Override
    public Outputs outputs() {
      try (Arena arena = pool.open()) {
        Tensor y = normalise(pass().withMemory(arena));
        return new Outputs(y.unsafeFloatArray().clone(), mean.toFloats(), variance.toFloats());
      }
    }
  }

  private static final class Backward extends Step {
    private final Pass recorded;
    private final Tensor y;

    Backward(Problem problem, Backend backend) {
      super(problem, backend);
      recorded = pass();
      y = normalise(recorded);
    }

    /** A new tensor of g each time, because sums of the same one are remembered. */
    private Gradients gradients(Arena arena) {
      return recorded.withMemory(arena).backward(y, wrap(problem.g()), false);
    }

    @Override
    public void run() {
      try (Arena arena = pool.open()) {
        gradients(arena);
      }
    }

    @Override
    public Outputs outputs() {
      try (Arena arena = pool.open()) {
        Gradients gradients = gradients(arena);
        return new Outputs(
            gradients.of(x).unsafeFloatArray().clone(),
            gradients.of(gamma).toFloats(),
            gradients.of(beta).toFloats());
      }
    }
  }
}
