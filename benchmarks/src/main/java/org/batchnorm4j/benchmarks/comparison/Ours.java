package org.batchnorm4j.benchmarks.comparison;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.autograd.Epilogue;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.BatchNormFunctionalOptions;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;

/**
 * Our batch norm as a training step or inference calls it, fused with what follows, with an arena
 * whose memory is used again in each run. Used by one thread.
 */
public final class Ours implements Peer {
  /** Ours in float32 where the problem is stored in bfloat16. */
  static final String WIDE = "SIMD f32";

  private final KernelPreference kernels;
  private final boolean wide;
  private final Map<Integer, Backend> backends = new HashMap<>();

  /**
   * @param kernels which kernels, which must be there
   */
  public Ours(KernelPreference kernels) {
    this(kernels, false);
  }

  private Ours(KernelPreference kernels, boolean wide) {
    this.kernels = kernels;
    this.wide = wide;
  }

  /** SIMD kernels in float32, for problems that are stored in bfloat16. */
  public static Ours widened() {
    return new Ours(KernelPreference.SIMD, true);
  }

  @Override
  public String name() {
    if (wide) {
      return WIDE;
    }
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
  public boolean solves(Problem problem) {
    return !wide || problem.storage() != DType.FLOAT32;
  }

  @Override
  public Contender prepare(Problem problem) {
    Problem mine = wide ? problem.inFloat32() : problem;
    return problem.operation().isBackward() ? new Backward(mine) : new Forward(mine);
  }

  private Backend backend(int threads) {
    return backends.computeIfAbsent(threads, n -> CpuBackend.of(kernels, n, line -> {}));
  }

  private abstract class Step implements Contender {
    final Problem problem;
    final BufferPool pool = new BufferPool();
    final Tensor x;
    final Tensor gamma;
    final Tensor beta;
    final Tensor mean;
    final Tensor variance;
    final BatchNormFunctionalOptions options;
    Backend backend = backend(1);

    Step(Problem problem) {
      this.problem = problem;
      int channels = problem.shape().channels();
      x = tensor(problem.x());
      gamma = Tensor.of(problem.gamma(), channels);
      beta = Tensor.of(problem.beta(), channels);
      mean = Tensor.of(problem.mean(), channels);
      variance = Tensor.of(problem.variance(), channels);
      // with momentum 1 the running statistics are those of the batch
      options =
          BatchNormFunctionalOptions.defaults()
              .withTraining(problem.operation().isTraining())
              .withMomentum(1)
              .withEps(Problem.EPS)
              .withWeight(gamma)
              .withBias(beta)
              .withEpilogue(epilogue());
    }

    private Epilogue epilogue() {
      if (problem.operation().addsResidual()) {
        return Epilogue.addRelu(tensor(problem.r()));
      }
      return problem.operation().rectifies() ? Epilogue.relu() : Epilogue.none();
    }

    final Tensor tensor(float[] values) {
      Layout layout =
          problem.shape().spatial().isEmpty() ? Layout.CHANNELS_FIRST : problem.layout();
      return Tensor.unsafeWrap(values, layout, problem.shape().axes()).to(problem.storage());
    }

    static float[] inMemoryOrder(Tensor tensor) {
      return tensor.dtype() == DType.FLOAT32
          ? tensor.unsafeFloatArray().clone()
          : tensor.to(DType.FLOAT32).unsafeFloatArray();
    }

    final Pass pass() {
      return (problem.operation().isTraining() ? Pass.training() : Pass.inference())
          .withBackend(backend);
    }

    final Tensor normalise(Pass pass) {
      if (pass.isRecording()) {
        pass.watch(x);
        pass.watch(gamma);
        pass.watch(beta);
        if (options.epilogue() instanceof Epilogue.AddRelu(Tensor residual)) {
          pass.watch(residual);
        }
      }
      return Functional.batchNorm(x, mean, variance, options, pass);
    }

    @Override
    public final void enter(int threads) {
      backend = backend(threads);
    }

    @Override
    public final String implementation() {
      return backend.describe();
    }
  }

  private final class Forward extends Step {
    Forward(Problem problem) {
      super(problem);
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
        float[] y = inMemoryOrder(normalise(pass().withMemory(arena)));
        return problem.operation().isTraining()
            ? new Outputs(y, mean.toFloats(), variance.toFloats())
            : new Outputs(y);
      }
    }
  }

  private final class Backward extends Step {
    private final Pass recorded;
    private final Tensor y;
    private final Tensor g;

    Backward(Problem problem) {
      super(problem);
      g = tensor(problem.g());
      recorded = pass();
      y = normalise(recorded);
    }

    /** A new tensor over g's memory each time, because sums of the same one are remembered. */
    private Gradients gradients(Arena arena) {
      Tensor fresh = g.range(0, problem.shape().batch());
      return recorded.withBackend(backend).withMemory(arena).backward(y, fresh, false);
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
            inMemoryOrder(gradients.of(x)),
            gradients.of(gamma).toFloats(),
            gradients.of(beta).toFloats(),
            options.epilogue() instanceof Epilogue.AddRelu(Tensor residual)
                ? inMemoryOrder(gradients.of(residual))
                : new float[0]);
      }
    }
  }
}
