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

  /**
   * The same weight for every batch: PyTorch's {@code momentum=0.1}. Any finite number is allowed,
   * as in PyTorch.
   *
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  static AveragingRule exponential(double weightOfNewBatch) {
    return new Exponential(weightOfNewBatch);
  }

  /**
   * The same rule stated by what is kept, as ONNX ({@code momentum=0.9}) and Keras ({@code 0.99})
   * state it: the new batch weighs {@code 1 - weightOfOldValue}.
   *
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  static AveragingRule decay(double weightOfOldValue) {
    return new Exponential(1 - weightOfOldValue);
  }

  /** The plain mean of all batches: weight {@code 1 / n}, PyTorch's {@code momentum=None}. */
  static AveragingRule cumulative() {
    return new Cumulative();
  }

  /**
   * PuzzleLib's rule, weight {@code max(initFactor / n, minFactor)} of the n-th batch: with 1 and
   * 0.1 the plain mean of the first ten batches, exponential from then on.
   *
   * <p>PuzzleLib's own page writes {@code running = a * running + (1 - a) * batch} with {@code a =
   * max(initFactor / n, minFactor)}, the wrong way round: with {@code a = 1} at the first batch the
   * first values 0 and 1 would stay for ever. Its code hands the factor to cuDNN as the weight of
   * the <em>new</em> batch, and its tests expect the running mean to be that of the batch after the
   * first one. This is what is computed here.
   *
   * @throws IllegalArgumentException if one of them is NaN or infinite
   */
  static AveragingRule decaying(double initFactor, double minFactor) {
    return new Decaying(initFactor, minFactor);
  }

  /**
   * A constant weight; any finite number is allowed, as in PyTorch.
   *
   * @param weight weight of the new batch
   */
  record Exponential(double weight) implements AveragingRule {
    /** Checks the weight. */
    public Exponential {
      requireFinite("momentum", weight);
    }

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
    /** Checks the factors. */
    public Decaying {
      requireFinite("initFactor", initFactor);
      requireFinite("minFactor", minFactor);
    }

    @Override
    public double newWeight(long batches) {
      return Math.max(initFactor / batches, minFactor);
    }
  }

  private static void requireFinite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "batch_norm " + name + " must be a finite number, but got " + value);
    }
  }
}
