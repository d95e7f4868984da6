package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/** Losses. Functions without state: safe for use by many threads. */
public final class Objectives {
  private Objectives() {}

  /**
   * Mean over the batch of {@code -log softmax(logits)[label]}.
   *
   * @param logits (N, K)
   * @param labels (N), int64, int32 or uint8
   */
  public static Tensor crossEntropy(Tensor logits, Tensor labels, Pass pass) {
    return pass.record(
        "cross_entropy",
        pass.backend().crossEntropy(logits, labels),
        new Edge(
            logits,
            (g, p) ->
                p.isRecording()
                    ? differentiableGradient(logits, labels, g, p)
                    : p.backend().crossEntropyGradient(logits, labels, g)));
  }

  /** (softmax - onehot) g / N from operations that can be differentiated again. */
  private static Tensor differentiableGradient(Tensor logits, Tensor labels, Tensor g, Pass pass) {
    Tensor first = pass.backend().argmax(logits, 1);
    int rows = logits.axis(0);
    double[] largest = new double[rows];
    Tensor onehot = pass.filled(0, logits.dtype(), logits.shape());
    double[] hot = onehot.toDoubles();
    long[] classes = labels.toLongs();
    long[] best = first.toLongs();
    for (int n = 0; n < rows; n++) {
      largest[n] = logits.at(n, best[n]);
      hot[n * logits.axis(1) + (int) classes[n]] = 1;
    }
    onehot.copyFrom(Tensor.of(hot, logits.shape().toArray()));
    Tensor shift = Tensor.of(largest, rows, 1).to(logits.dtype());
    Tensor powers = pass.exp(pass.sub(logits, shift));
    Tensor softmax = pass.div(powers, Reductions.sum(powers, new int[] {1}, true, pass));
    Tensor weight = pass.mul(pass.reshape(g, Shape.of().toArray()), 1.0 / rows);
    return pass.mul(pass.sub(softmax, onehot), weight);
  }

  /** Mean of {@code (a - b)^2} over all elements. */
  public static Tensor meanSquaredError(Tensor a, Tensor b, Pass pass) {
    return pass.mean(pass.square(pass.sub(a, b)));
  }
}
