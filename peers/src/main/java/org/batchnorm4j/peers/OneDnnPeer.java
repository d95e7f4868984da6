package org.batchnorm4j.peers;

import java.util.List;
import java.util.Optional;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Direction;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;

/**
 * oneDNN's own primitives, plain nchw and nhwc. Its threads are those of the OpenMP library that it
 * shares with libtorch, which sets their number. Used by one thread.
 */
public final class OneDnnPeer implements Peer {

  /** For the service loader. */
  public OneDnnPeer() {}

  @Override
  public String name() {
    return "oneDNN";
  }

  @Override
  public Optional<String> missing() {
    return NativeLibrary.missing(torch.class).or(() -> NativeLibrary.missing(dnnl.class));
  }

  @Override
  public List<String> facts() {
    dnnl_version_t version = dnnl.dnnl_version();
    return List.of(
        "version " + version.major() + "." + version.minor() + "." + version.patch(),
        "JavaCPP presets 1.5.13",
        "instruction set " + dnnl.get_effective_cpu_isa());
  }

  @Override
  public Contender prepare(Problem problem, int threads) {
    torch.set_num_threads(threads); // a primitive is made for the threads that there are
    try (PointerScope scope = new PointerScope()) {
      OneDnnBatchNorm norm =
          new OneDnnBatchNorm(
              problem.shape().axes(),
              problem.layout(),
              problem.x(),
              problem.g(),
              problem.gamma(),
              problem.beta(),
              (float) Problem.EPS);
      scope.extend();
      norm.forward();
      return new Step(problem, norm, threads, scope);
    }
  }

  private record Step(Problem problem, OneDnnBatchNorm norm, int threads, PointerScope scope)
      implements Contender {

    private boolean isForward() {
      return problem.direction() == Direction.FORWARD;
    }

    @Override
    public String implementation() {
      return isForward() ? norm.forwardKernel() : norm.backwardKernel();
    }

    @Override
    public void enter() {
      torch.set_num_threads(threads);
    }

    @Override
    public void run() {
      if (isForward()) {
        norm.forward();
      } else {
        norm.backward();
      }
    }

    @Override
    public Outputs outputs() {
      if (!isForward()) {
        return new Outputs(norm.inputGradient(), norm.gammaGradient(), norm.betaGradient());
      }
      float[] variance = norm.variance();
      double count = problem.shape().perChannel();
      for (int c = 0; c < variance.length; c++) {
        variance[c] = (float) (variance[c] * count / (count - 1));
      }
      return new Outputs(norm.output(), norm.mean(), variance);
    }

    @Override
    public void close() {
      scope.deallocate();
    }
  }
}
