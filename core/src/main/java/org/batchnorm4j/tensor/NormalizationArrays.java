package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * The kernels of one normalisation bound to its arrays, so that blocking and threading are written
 * once for all types. Positions count from the first element of the tensors. {@code at} is where
 * per-channel results go or where the channel's constants lie.
 */
sealed interface NormalizationArrays extends AutoCloseable
    permits FloatNormalizationArrays,
        DoubleNormalizationArrays,
        HalfNormalizationArrays,
        Bfloat16NormalizationArrays {

  /** Ends one task's use of the arrays and hands back its scratch memory, if it has any. */
  @Override
  default void close() {}

  /** Mean and M2 of the channels of a block of long runs, at the index of the channel. */
  void runMoments(StripBlock block, double[] mean, double[] m2);

  /** Mean and M2 of the block's channels, at the index of the channel. */
  void stripMoments(StripBlock block, double[] mean, double[] m2);

  /** Runs that follow one another, each of the next channel. */
  void standardiseRuns(int from, int runs, int length, int channel, boolean relu);

  void standardiseStrip(StripBlock block, boolean relu);

  /** {@code max(line + g, 0)}, where g is what is added. */
  void standardiseRunsAddRelu(int from, int runs, int length, int channel);

  /** {@code max(line + g, 0)}, where g is what is added. */
  void standardiseStripAddRelu(StripBlock block);

  /**
   * Gradient sums of the channels of a block of long runs, at the index of the channel; with a gate
   * those of what it lets pass into g.
   */
  void runSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx);

  /**
   * Gradient sums of the block's channels, at the index of the channel; with a gate those of what
   * it lets pass into g.
   */
  void stripSums(
      StripBlock block, boolean relu, @Nullable ReluGate gate, double[] sumG, double[] sumGx);

  /** Runs that follow one another, each of the next channel. */
  void runGradient(int from, int runs, int length, int channel, boolean relu);

  void stripGradient(StripBlock block, boolean relu);

  /** Difference between the mean as the kernels see it and the exact one. */
  double residue(int channel);
}
