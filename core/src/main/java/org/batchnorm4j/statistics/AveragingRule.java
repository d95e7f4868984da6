package org.batchnorm4j.statistics;

/**
 * How a running average moves: the weight {@code f} of the new batch in {@code running = (1 - f) *
 * running + f * batch}. Momentum always means the weight of the <em>new</em> batch here, as in
 * PyTorch; ONNX states {@code 1 - f}. Immutable and safe for use by many threads.
 */
public sealed interface AveragingRule {

  /**
   * Weight of the new batch.
   *
   * @param batches number of accepted training batches, this one included; at least 1
   */
  double newWeight(long batches);

  /** The same weight for every batch: PyTorch's {@code momentum=0.1}. */
  static AveragingRule exponential(double weight) {
    return new Exponential(weight);
  }

  /** The plain mean of all batches: weight {@code 1 / n}, PyTorch's {@code momentum=None}. */
  static AveragingRule cumulative() {
    return new Cumulative();
  }

  /**
   * {@code max(initFactor / n, minFactor)}: with 1 and 0.1 the plain mean of the first ten batches,
   * exponential from then on.
   */
  static AveragingRule decaying(double initFactor, double minFactor) {
    return new Decaying(initFactor, minFactor);
  }

  /**
   * A constant weight; any number is allowed, as in PyTorch.
   *
   * @param weight weight of the new batch
   */
  record Exponential(double weight) implements AveragingRule {
    @Override
    public double newWeight(long batches) {
      return weight;
    }
  }

  /** Weight 1/n. */
  record Cumulative() implements AveragingRule {
    @Override
    public double newWeight(long batches) {
      return 1.0 / batches;
    }
  }

  /**
   * Weight max(initFactor / n, minFactor).
   *
   * @param initFactor weight of the first batch
   * @param minFactor weight that is never fallen below
   */
  record Decaying(double initFactor, double minFactor) implements AveragingRule {
    @Override
    public double newWeight(long batches) {
      return Math.max(initFactor / batches, minFactor);
    }
  }
}
