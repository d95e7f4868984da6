package org.batchnorm4j.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.batchnorm4j.benchmarks.comparison.Contender;
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

  /** Adding another tensor is in its interface, but in none of its kernels for processors. */
  @Override
  public boolean solves(Problem problem) {
    return !problem.operation().addsResidual();
  }

  @Override
  public Contender prepare(Problem problem) {
    torch.set_num_threads(1); // a primitive is made for the threads that there are
    try (PointerScope scope = new PointerScope()) {
      OneDnnBatchNorm norm = new OneDnnBatchNorm(problem, (float) Problem.EPS);
      scope.extend();
      norm.forward();
      return new Step(problem, norm, new ArrayList<>(List.of(scope)));
    }
  }

  private record Step(Problem problem, OneDnnBatchNorm norm, List<PointerScope> scopes)
      implements Contender {

    @Override
    public String implementation() {
      return problem.operation().isBackward() ? norm.backwardKernel() : norm.forwardKernel();
    }

    @Override
    public void enter(int threads) {
      torch.set_num_threads(threads);
      if (norm.isMadeFor(threads)) {
        norm.use(threads);
        return;
      }
      try (PointerScope more = new PointerScope()) {
        norm.use(threads);
        more.extend();
        scopes.add(more);
      }
    }

    @Override
    public void run() {
      if (problem.operation().isBackward()) {
        norm.backward();
      } else {
        norm.forward();
      }
    }

    @Override
    public Outputs outputs() {
      if (problem.operation().isBackward()) {
        return new Outputs(norm.inputGradient(), norm.gammaGradient(), norm.betaGradient());
      }
      if (!problem.operation().isTraining()) {
        return new Outputs(norm.output());
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
      scopes.forEach(PointerScope::deallocate);
    }
  }
}
