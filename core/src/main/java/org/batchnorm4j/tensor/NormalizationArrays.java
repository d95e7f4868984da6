package org.batchnorm4j.tensor;

/**
 * The kernels of one normalisation bound to its arrays, so that blocking and threading are written
 * once for all types. Positions count from the first element of the tensors. {@code at} is where
 * per-channel results go or where the channel's constants lie.
 */
sealed interface NormalizationArrays extends AutoCloseable
    permits FloatNormalizationArrays, DoubleNormalizationArrays, HalfNormalizationArrays {

  /** Ends one task's use of the arrays and hands back its scratch memory, if it has any. */
  @Override
  default void close() {}

  void planeMoments(int from, int planes, int stride, int length, double[] moments, int at);

  void rowMoments(int from, int rows, int stride, int channels, double[] mean, double[] m2, int at);

  void standardisePlanes(int from, int planes, int stride, int length, int channel, boolean relu);

  void standardiseRows(int from, int rows, int stride, int channels, int channel, boolean relu);

  /** {@code max(line + g, 0)}, where g is what is added. */
  void standardisePlanesAddRelu(int from, int planes, int stride, int length, int channel);

  /** {@code max(line + g, 0)}, where g is what is added. */
  void standardiseRowsAddRelu(int from, int rows, int stride, int channels, int channel);

  void planeSums(
      int from,
      int planes,
      int stride,
      int length,
      int channel,
      boolean relu,
      double[] sums,
      int at);

  /** Sums of what the gate lets pass into g. */
  default void planeGatedSums(
      ReluGate gate,
      int from,
      int planes,
      int stride,
      int length,
      int channel,
      double[] sums,
      int at) {
    gate.pass(from, planes, stride, length);
    planeSums(from, planes, stride, length, channel, false, sums, at);
  }

  void rowSums(
      int from,
      int rows,
      int stride,
      int channels,
      int channel,
      boolean relu,
      double[] sumG,
      double[] sumGx);

  void planeGradient(int from, int planes, int stride, int length, int channel, boolean relu);

  void rowGradient(int from, int rows, int stride, int channels, int channel, boolean relu);

  /** Difference between the mean as the kernels see it and the exact one. */
  double residue(int channel);
}
