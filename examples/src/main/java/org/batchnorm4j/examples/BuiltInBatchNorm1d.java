package org.batchnorm4j.examples;

import java.io.PrintStream;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.optim.SGD;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Batch norm right behind a linear layer, before the ReLU, and a training loop around it. Used from
 * one thread.
 */
public final class BuiltInBatchNorm1d {
  private BuiltInBatchNorm1d() {}

  /** 100 features to 10 classes. The linear layer has no bias: the batch norm would cancel it. */
  public static Sequential model(RandomStream random) {
    return new Sequential(
        new Linear(100, 50, false, random),
        new BatchNorm1d(50),
        new ReLU(),
        new Linear(50, 10, true, random));
  }

  /** Trains on 64 random samples until it knows them; prints the loss before and after. */
  public static void run(PrintStream out) {
    RandomStream random = RandomStream.of(1);
    Sequential model = model(random);
    Tensor x = Tensor.randn(random, 64, 100);
    long[] classes = new long[64];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = random.nextInt(10);
    }
    Tensor labels = Tensor.of(classes, 64);
    SGD optimizer = new SGD(model.parameters(), 0.1, 0.9, 0, false);
    for (int step = 0; step <= 50; step++) {
      Pass pass = Pass.training();
      Tensor loss = Functional.crossEntropy(model.forward(x, pass), labels, pass);
      Gradients gradients = pass.backward(loss);
      optimizer.step(gradients);
      if (step % 50 == 0) {
        out.printf("step %d: loss %.4f%n", step, loss.item());
      }
    }
  }

  /** Runs the example. */
  public static void main(String[] args) {
    run(System.out);
  }
}
