package org.batchnorm4j.examples;

import java.io.PrintStream;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Batch norm as a function: the caller keeps the statistics and says whether this is training. Used
 * from one thread.
 */
public final class FunctionalBatchNorm {
  private static final double MOMENTUM = 0.1;
  private static final double EPS = 1e-5;

  private FunctionalBatchNorm() {}

  /** Features (N, C), normalised with the statistics of the batch alone. */
  static Tensor features() {
    Tensor input = Tensor.randn(RandomStream.of(1), 32, 64); // batch 32, features 64
    Tensor weight = Tensor.ones(64);
    Tensor bias = Tensor.zeros(64);
    return Functional.batchNorm(
        input, null, null, weight, bias, true, MOMENTUM, EPS, Pass.inference());
  }

  /** Feature maps (N, C, H, W): over batch, height and width, each channel on its own. */
  static Tensor featureMaps() {
    Tensor x = Tensor.randn(RandomStream.of(2), 16, 64, 32, 32);
    return Functional.batchNorm(
        x, null, null, Tensor.ones(64), Tensor.zeros(64), true, MOMENTUM, EPS, Pass.inference());
  }

  /** Two convolutions with batch norm; the training flag decides which statistics are used. */
  static final class ResNetBlock {
    private final Conv2d conv1;
    private final Conv2d conv2;
    private final Tensor weight = Tensor.ones(16);
    private final Tensor bias = Tensor.zeros(16);
    private final Tensor runningMean = Tensor.zeros(16);
    private final Tensor runningVar = Tensor.ones(16);
    private final Tensor runningMean2 = Tensor.zeros(16);
    private final Tensor runningVar2 = Tensor.ones(16);

    ResNetBlock(RandomStream random) {
      Conv2dOptions window = Conv2dOptions.kernel(3).withPadding(1).withBias(false);
      conv1 = new Conv2d(16, 16, window, random);
      conv2 = new Conv2d(16, 16, window, random);
    }

    Tensor forward(Tensor input, boolean training) {
      Pass pass = Pass.inference();
      Tensor x = conv1.forward(input, pass);
      x =
          Functional.batchNorm(
              x, runningMean, runningVar, weight, bias, training, MOMENTUM, EPS, pass);
      x = Functional.relu(x, pass);
      x = conv2.forward(x, pass);
      return Functional.batchNorm(
          x, runningMean2, runningVar2, weight, bias, training, MOMENTUM, EPS, pass);
    }

    Tensor runningMean() {
      return runningMean;
    }
  }

  /** A small momentum moves the running statistics little; they are updated in place. */
  static Tensor slowAverage(Tensor x) {
    Tensor runningMean = Tensor.zeros(64);
    Tensor runningVar = Tensor.ones(64);
    Functional.batchNorm(x, runningMean, runningVar, null, null, true, 0.01, EPS, Pass.inference());
    return runningMean;
  }

  /** The same by hand: over batch and spatial axes, with the biased variance. */
  static Tensor byHand(Tensor x) {
    Tensor mean = x.mean(0, 2, 3).reshape(1, -1, 1, 1);
    Tensor deviation =
        x.var(false, 0, 2, 3)
            .add(EPS)
            .apply(org.batchnorm4j.tensor.UnaryOperation.SQRT)
            .reshape(1, -1, 1, 1);
    return x.sub(mean).div(deviation);
  }

  /** Runs all of them and prints the shapes. */
  public static void run(PrintStream out) {
    out.println(features().shape());
    out.println(featureMaps().shape());
    ResNetBlock block = new ResNetBlock(RandomStream.of(3));
    Tensor x = Tensor.randn(RandomStream.of(4), 8, 16, 8, 8);
    out.println(block.forward(x, true).shape());
    out.println(block.forward(x, false).shape());
  }

  /** Runs the example. */
  public static void main(String[] args) {
    run(System.out);
  }
}
