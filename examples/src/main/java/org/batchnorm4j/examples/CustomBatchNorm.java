package org.batchnorm4j.examples;

import java.io.PrintStream;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Batch normalisation of (N, C) written by hand from tensor operations, to see what is inside.
 * Unlike {@code BatchNorm1d} it keeps the <em>biased</em> variance as running variance. Not safe
 * for use by many threads in training.
 */
public final class CustomBatchNorm implements Module {
  private final Members members = new Members("CustomBatchNorm");
  private final Parameter gamma;
  private final Parameter beta;
  private final Tensor runningMean;
  private final Tensor runningVar;
  private final double eps = 1e-5;
  private final double momentum = 0.1;

  /** A layer for the given number of features. */
  public CustomBatchNorm(int numFeatures) {
    gamma = members.parameter("weight", Tensor.ones(numFeatures));
    beta = members.parameter("bias", Tensor.zeros(numFeatures));
    runningMean = members.buffer("running_mean", Tensor.zeros(numFeatures));
    runningVar = members.buffer("running_var", Tensor.ones(numFeatures));
  }

  @Override
  public Tensor forward(Tensor x, Pass pass) {
    Tensor mean = runningMean;
    Tensor var = runningVar;
    if (pass.isTraining()) {
      mean = pass.mean(x, 0);
      var = pass.var(x, false, 0);
      // statistics are kept by operations of the tensors, which no tape records
      runningMean.copyFrom(mean.mul(momentum).add(runningMean.mul(1 - momentum)));
      runningVar.copyFrom(var.mul(momentum).add(runningVar.mul(1 - momentum)));
    }
    Tensor xHat = pass.div(pass.sub(x, mean), pass.sqrt(pass.add(var, eps)));
    return pass.add(pass.mul(gamma.in(pass), xHat), beta.in(pass));
  }

  @Override
  public Members members() {
    return members;
  }

  /** Normalises 32 samples of 64 features and prints the shape of the result. */
  public static void run(PrintStream out) {
    CustomBatchNorm layer = new CustomBatchNorm(64);
    Tensor input = Tensor.randn(RandomStream.of(1), 32, 64);
    Tensor output = layer.forward(input, Pass.training());
    out.println(output.shape());
  }

  /** Runs the example. */
  public static void main(String[] args) {
    run(System.out);
  }
}
