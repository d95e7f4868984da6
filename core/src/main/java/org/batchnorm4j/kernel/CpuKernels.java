package org.batchnorm4j.kernel;

import java.util.Optional;

/**
 * The inner loops of normalisation over {@code float[]}, for embedders and for the tensor backend.
 *
 * <p>Two families cover every layout. <em>Runs</em> follow one another, {@code x[from + r * length]
 * ..}, and each belongs to the next channel: one sample of NCHW, or a part of it. <em>Rows</em>:
 * the channels are contiguous ((N, C), channels last); row {@code r} is {@code x[from + r * stride]
 * .. x[from + r * stride + channels - 1]}. What rows call a channel is any column with constants
 * and sums of its own: short NCHW planes go through rows too, a column per position, and their
 * columns are added up by the caller.
 *
 * <p>Sums are accumulated in float64 and added to what is there, so a caller goes through memory in
 * its order, sample by sample. Those of runs have {@link VirtualLanes#COUNT} lanes per channel,
 * which the caller folds at the end, those of rows one number. So every implementation returns the
 * same bits, whatever its vector width. Callers merge blocks in index order.
 *
 * <p>Expressions of the form {@code u * v + w} are fused: one rounding each ({@code Math.fma}). The
 * exact order of every sum is defined by {@link ScalarKernels}. Arguments are trusted: a range
 * outside an array throws {@code IndexOutOfBoundsException}, perhaps after part of the output was
 * written.
 *
 * <p>Notation: {@code g} is the gradient of the output, {@code mean} the float32 mean of a channel,
 * {@code centred = x - mean} in float32. Implementations are stateless and safe for use by many
 * threads on disjoint outputs.
 */
public interface CpuKernels {

  /** The name shown to users: {@code "scalar"}, {@code "simd-512"}. */
  String name();

  /** The transforms of convolutions of 3x3, from the same family of kernels. */
  default WinogradKernels winograd() {
    return new ScalarWinogradKernels();
  }

  /**
   * Kernels that load and store bfloat16 themselves; none where widening a piece before the kernels
   * above is as fast.
   */
  default Optional<Bfloat16Kernels> bfloat16() {
    return Optional.empty();
  }

  /**
   * Adds {@code d} to the lanes of {@code sums} and {@code d * d} to those of {@code squares},
   * where {@code d = x - pivot[at + r]} in float64 for run {@code r}, whose lanes start at {@code
   * to + r * COUNT}. With a pivot that is one of the channel's values and folded lanes, {@code mean
   * = pivot + sum / n} and {@code M2 = squares - sum * sum / n}: a constant channel gives its mean
   * exactly and M2 exactly 0. The relative error of M2 grows with n; merge blocks of some hundred
   * thousand. NaN and infinities propagate.
   */
  void runMomentSums(
      float[] x,
      int from,
      int runs,
      int length,
      float[] pivot,
      int at,
      double[] sums,
      double[] squares,
      int to);

  /**
   * Writes {@code y = (x - mean[k]) * scale[k] + shift[k]}, then {@code max(y, 0)} if {@code relu}
   * (NaN stays NaN, -0.0 becomes 0.0), where run {@code r} has the constants {@code k = at + r}.
   * {@code x} and {@code y} may be the same array at the same offset.
   */
  void standardiseRuns(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu);

  /**
   * Writes {@code max((x - mean[k]) * scale[k] + shift[k] + r, 0)}, where the line is rounded
   * before {@code r} is added to it: the end of a residual block. NaN stays NaN, -0.0 becomes 0.0.
   * {@code y} may be {@code x} or {@code r} at the same offset.
   */
  void standardiseRunsAddRelu(
      float[] x,
      int xFrom,
      float[] r,
      int rFrom,
      float[] y,
      int yFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at);

  /**
   * Writes {@code g} where {@code y}, the output of a ReLU, is positive, and 0 elsewhere, to {@code
   * out}, over {@code runs} runs, which may as well be rows. {@code out} may be {@code g} at the
   * same offset.
   */
  void gateRuns(
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int runs,
      int stride,
      int length);

  /**
   * Adds {@code g} to the lanes of {@code sumG} and {@code g * (x - mean[at + r])} to those of
   * {@code sumGx}, where the lanes of run {@code r} start at {@code to + r * COUNT}.
   */
  void runGradientSums(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int to);

  /**
   * {@link #gateRuns} over runs that follow one another, with {@link #runGradientSums} of what
   * passes, in one go through memory. {@code out} may be {@code g} at the same offset.
   */
  default void gatedRunGradientSums(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      float[] g,
      int gFrom,
      float[] out,
      int outFrom,
      int runs,
      int length,
      float[] mean,
      int at,
      double[] sumG,
      double[] sumGx,
      int to) {
    gateRuns(y, yFrom, g, gFrom, out, outFrom, runs, length, length);
    runGradientSums(x, xFrom, out, outFrom, runs, length, mean, at, sumG, sumGx, to);
  }

  /**
   * Like {@link #runGradientSums}, with {@code g} taken as 0 where the pre-activation {@code (x -
   * mean[k]) * scale[k] + shift[k]}, {@code k = at + r}, is not positive: the backward pass of
   * batch norm followed by ReLU, with the sign recomputed instead of stored.
   */
  void runGradientSumsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      double[] sumG,
      double[] sumGx,
      int to);

  /**
   * Writes {@code dx = g * a[k] + (x - mean[k]) * b[k] + c[k]}, where run {@code r} has the
   * constants {@code k = at + r}; {@code dx} may be {@code g} at the same offset.
   */
  void runInputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] a,
      float[] b,
      float[] c,
      int at);

  /**
   * Like {@link #runInputGradient}, with {@code g} taken as 0 where {@code (x - mean[k]) * scale[k]
   * + shift[k]} is not positive.
   */
  void runInputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int runs,
      int length,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] c,
      int at);

  /**
   * Adds, for each of {@code channels} adjacent channels, {@code sum(d)} over {@code rows} rows to
   * {@code sums[at + c]} and {@code sum(d * d)} to {@code squares[at + c]}, where {@code d = x -
   * pivot[at + c]} in float64. With a pivot that is one of the channel's values, {@code mean =
   * pivot + sums / n} and {@code M2 = squares - sums * sums / n} are as exact as {@link
   * #runMomentSums}. NaN and infinities propagate.
   */
  void rowMomentSums(
      float[] x,
      int from,
      int rows,
      int stride,
      int channels,
      float[] pivot,
      double[] sums,
      double[] squares,
      int at);

  /**
   * Writes {@code y = (x - mean[c]) * scale[c] + shift[c]}, then {@code max(y, 0)} if {@code relu},
   * where the per-channel arrays are read from {@code at + c}.
   */
  void standardiseRows(
      float[] x,
      int xFrom,
      float[] y,
      int yFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at,
      boolean relu);

  /**
   * Writes {@code max((x - mean[c]) * scale[c] + shift[c] + r, 0)}, like {@link
   * #standardiseRunsAddRelu}.
   */
  void standardiseRowsAddRelu(
      float[] x,
      int xFrom,
      float[] r,
      int rFrom,
      float[] y,
      int yFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      int at);

  /**
   * Adds {@code sum(g)} to {@code sumG[at + c]} and {@code sum(g * (x - mean[c]))} to {@code
   * sumGx[at + c]}, in float64.
   */
  void rowGradientSums(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      double[] sumG,
      double[] sumGx,
      int at);

  /**
   * Like {@link #rowGradientSums}, with {@code g} taken as 0 where {@code (x - mean[c]) * scale[c]
   * + shift[c]} is not positive.
   */
  void rowGradientSumsRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      double[] sumG,
      double[] sumGx,
      int at);

  /**
   * Writes {@code dx = g * a[c] + (x - mean[c]) * b[c] + d[c]}; {@code dx} may be {@code g} at the
   * same offset.
   */
  void rowInputGradient(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] a,
      float[] b,
      float[] d,
      int at);

  /**
   * Like {@link #rowInputGradient}, with {@code g} taken as 0 where {@code (x - mean[c]) * scale[c]
   * + shift[c]} is not positive.
   */
  void rowInputGradientRelu(
      float[] x,
      int xFrom,
      float[] g,
      int gFrom,
      float[] dx,
      int dxFrom,
      int rows,
      int stride,
      int channels,
      float[] mean,
      float[] scale,
      float[] shift,
      float[] a,
      float[] b,
      float[] d,
      int at);

  /**
   * Widens {@code runs} runs of float16 bits, {@code stride} apart, to float32 values that follow
   * one another from {@code y[yFrom]}. Exact; NaN stays NaN.
   */
  void widenFloat16(short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom);

  /**
   * The way back from {@link #widenFloat16}: values that follow one another from {@code x[xFrom]}
   * become runs of float16 bits, {@code stride} apart. Rounds to the nearest, ties to even; from
   * 65520 on the result is infinite. NaN stays NaN.
   */
  void narrowFloat16(float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length);

  /** Like {@link #widenFloat16}, for bfloat16. */
  void widenBfloat16(short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom);

  /** Like {@link #narrowFloat16}, for bfloat16, which has the range of float32. */
  void narrowBfloat16(float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length);
}
