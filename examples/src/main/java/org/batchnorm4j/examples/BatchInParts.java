package org.batchnorm4j.examples;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.nn.parallel.Replicas;
import org.batchnorm4j.nn.parallel.Shard;
import org.batchnorm4j.nn.parallel.SyncBatchNorm;
import org.batchnorm4j.nn.parallel.VirtualBatch;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * The gradient of a batch of 64 four times: whole, on three replicas, in three micro-batches with
 * the statistics of all, and in micro-batches on their own, which is another gradient. Used from
 * one thread.
 */
public final class BatchInParts {
  private static final int PARTS = 3;

  private BatchInParts() {}

  /** Prints by how much the gradient of the first layer is off, in parts of its largest value. */
  public static void run(PrintStream out) {
    Tensor x = Tensor.randn(RandomStream.of(2), 64, 100);
    Tensor labels = Tensor.randn(RandomStream.of(3), 64, 10).argmax();
    Sequential model = BuiltInBatchNorm1d.model(RandomStream.of(1));
    Tensor weight = model.parameters().getFirst().value();

    Pass pass = Pass.training();
    Tensor loss = Functional.crossEntropy(model.forward(x, pass), labels, pass);
    Tensor whole = pass.backward(loss).of(weight);

    List<Gradients> shards =
        Replicas.of(PARTS)
            .run(
                ranks -> {
                  Pass own = Pass.training().withStatistics(SyncBatchNorm.over(ranks));
                  return own.backward(loss(model, x, labels, Shard.of(ranks, 64), own));
                });
    out.printf("replicas      %.0e%n", off(GradientTotal.of(shards).of(weight), whole));

    VirtualBatch.Result virtual =
        new VirtualBatch()
            .gradients(PARTS, (i, own) -> loss(model, x, labels, Shard.of(i, PARTS, 64), own));
    out.printf("virtual batch %.0e%n", off(virtual.gradients().of(weight), whole));

    List<Gradients> alone = new ArrayList<>();
    for (int i = 0; i < PARTS; i++) {
      Pass own = Pass.training();
      alone.add(own.backward(loss(model, x, labels, Shard.of(i, PARTS, 64), own)));
    }
    out.printf("on their own  %.0e%n", off(GradientTotal.of(alone).of(weight), whole));
  }

  private static Tensor loss(Sequential model, Tensor x, Tensor labels, Shard shard, Pass pass) {
    Tensor scores = model.forward(shard.of(x), pass);
    return shard.part(Functional.crossEntropy(scores, shard.of(labels), pass), pass);
  }

  private static double off(Tensor found, Tensor expected) {
    double largest = 0;
    double size = 0;
    double[] a = found.toDoubles();
    double[] b = expected.toDoubles();
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
      size = Math.max(size, Math.abs(b[i]));
    }
    return largest / size;
  }

  /** Runs the example. */
  public static void main(String[] args) {
    run(System.out);
  }
}
