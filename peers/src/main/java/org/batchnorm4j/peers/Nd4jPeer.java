package org.batchnorm4j.peers;

import java.util.List;
import java.util.Optional;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Operation;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * ND4J's operations into arrays that were there before: forward in training is {@code moments} and
 * {@code batchnorm}, as it has no single operation for both, backward {@code batchnorm_bp}. Used by
 * one thread.
 */
public final class Nd4jPeer implements Peer {

  /** For the service loader. */
  public Nd4jPeer() {}

  @Override
  public String name() {
    return "ND4J";
  }

  @Override
  public Optional<String> missing() {
    try {
      Nd4j.getBackend();
      return Optional.empty();
    } catch (LinkageError | RuntimeException e) {
      return Optional.of("no native library: " + e);
    }
  }

  @Override
  public List<String> facts() {
    return List.of("version 1.0.0-M2.1, CPU backend without oneDNN");
  }

  @Override
  public boolean solves(Problem problem) {
    Operation operation = problem.operation();
    return problem.storage() == DType.FLOAT32
        && (operation == Operation.FORWARD
            || operation == Operation.BACKWARD
            || operation == Operation.INFERENCE);
  }

  @Override
  public Contender prepare(Problem problem) {
    return new Step(problem);
  }

  private static final class Step implements Contender {
    private final Problem problem;
    private final INDArray x;
    private final INDArray out;
    private final INDArray mean;
    private final INDArray variance;
    private final INDArray gGamma;
    private final INDArray gBeta;
    private final CustomOp moments;
    private final CustomOp normalise;
    private final CustomOp gradients;

    Step(Problem problem) {
      this.problem = problem;
      long[] axes = inMemoryOrder(problem);
      int last = axes.length - 1;
      int channelAxis = axes[1] == problem.shape().channels() && !isLast(problem) ? 1 : last;
      x = Nd4j.createFromArray(problem.x()).reshape('c', axes);
      out = Nd4j.createFromArray(problem.x()).reshape('c', axes);
      INDArray gamma = Nd4j.createFromArray(problem.gamma());
      INDArray beta = Nd4j.createFromArray(problem.beta());
      mean = Nd4j.createFromArray(problem.mean());
      variance = Nd4j.createFromArray(problem.variance());
      gGamma = Nd4j.create(DataType.FLOAT, gamma.length());
      gBeta = Nd4j.create(DataType.FLOAT, gamma.length());
      int[] others =
          java.util.stream.IntStream.range(0, axes.length).filter(a -> a != channelAxis).toArray();
      moments =
          DynamicCustomOp.builder("moments")
              .addInputs(x)
              .addOutputs(mean, variance)
              .addIntegerArguments(others)
              .build();
      normalise =
          DynamicCustomOp.builder("batchnorm")
              .addInputs(x, mean, variance, gamma, beta)
              .addOutputs(out)
              .addIntegerArguments(1, 1, channelAxis)
              .addFloatingPointArguments(Problem.EPS)
              .build();
      gradients =
          DynamicCustomOp.builder("batchnorm_bp")
              .addInputs(
                  x,
                  mean,
                  variance,
                  gamma,
                  beta,
                  Nd4j.createFromArray(problem.g()).reshape('c', axes))
              .addOutputs(
                  out,
                  Nd4j.create(DataType.FLOAT, gamma.length()),
                  Nd4j.create(DataType.FLOAT, gamma.length()),
                  gGamma,
                  gBeta)
              .addIntegerArguments(1, 1, channelAxis)
              .addFloatingPointArguments(Problem.EPS)
              .build();
      if (problem.operation().isBackward()) {
        Nd4j.exec(moments);
      }
    }

    private static boolean isLast(Problem problem) {
      return problem.layout() == Layout.CHANNELS_LAST && problem.shape().spatial().size() > 0;
    }

    private static long[] inMemoryOrder(Problem problem) {
      long[] axes = problem.shape().axes();
      if (isLast(problem)) {
        long channels = axes[1];
        System.arraycopy(axes, 2, axes, 1, axes.length - 2);
        axes[axes.length - 1] = channels;
      }
      return axes;
    }

    @Override
    public String implementation() {
      return switch (problem.operation()) {
        case FORWARD -> "moments, batchnorm";
        case BACKWARD -> "batchnorm_bp";
        default -> "batchnorm";
      };
    }

    @Override
    public void enter(int threads) {
      Nd4j.getEnvironment().setMaxThreads(threads);
      NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(threads);
    }

    @Override
    public void run() {
      if (problem.operation().isBackward()) {
        Nd4j.exec(gradients);
        return;
      }
      if (problem.operation().isTraining()) {
        Nd4j.exec(moments);
      }
      Nd4j.exec(normalise);
    }

    @Override
    public Outputs outputs() {
      float[] tensor = out.data().asFloat();
      if (problem.operation().isBackward()) {
        return new Outputs(tensor, gGamma.toFloatVector(), gBeta.toFloatVector());
      }
      if (!problem.operation().isTraining()) {
        return new Outputs(tensor);
      }
      float[] unbiased = variance.toFloatVector();
      double count = problem.shape().perChannel();
      for (int c = 0; c < unbiased.length; c++) {
        unbiased[c] = (float) (unbiased[c] * count / (count - 1));
      }
      return new Outputs(tensor, mean.toFloatVector(), unbiased);
    }

    @Override
    public void close() {
      for (CustomOp op : List.of(moments, normalise, gradients)) {
        op.inputArguments().forEach(INDArray::close);
        op.outputArguments().forEach(INDArray::close);
      }
    }
  }
}
