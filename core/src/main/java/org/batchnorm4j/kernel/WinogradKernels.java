package org.batchnorm4j.kernel;

/**
 * The transforms of Winograd's F(2x2, 3x3), a convolution of tiles of 4x4 inputs to tiles of 2x2
 * outputs with 16 multiplications in place of 36 (Lavin and Gray 2015, section 4.1):
 *
 * <pre>
 * y = A' [(G w G') * (B' d B)] A
 *
 * B' = 1  0 -1  0   G = 1    0    0     A' = 1  1  1  0
 *      0  1  1  0       1/2  1/2  1/2        0  1 -1 -1
 *      0 -1  1  0       1/2 -1/2  1/2
 *      0  1  0 -1       0    0    1
 * </pre>
 *
 * The gradient of the weight is the transpose of the same form: {@code dw = G' [(A g A') * (B' d
 * B)] G}.
 *
 * <p>Every kernel works on runs of {@code length} tiles that lie side by side, value {@code k} of a
 * tile {@code k * stride} behind the first, in row-major order of the tile. Each value is a sum of
 * a fixed order, rounded after each addition, so every implementation returns the same bits. Inputs
 * and outputs must not overlap. Implementations are stateless and safe for use by many threads on
 * disjoint outputs.
 */
public interface WinogradKernels {
  /** Values of a transformed tile. */
  int ELEMENTS = 16;

  /**
   * Writes {@code B' d B}. The columns of a row lie apart by parity, since tiles take every other
   * one: column {@code 2 j} of row {@code r} is a run at {@code r * rowStride + j * apart}, column
   * {@code 2 j + 1} one at {@code r * rowStride + odd + j * apart}. Tile {@code i} starts {@code i}
   * behind {@code from} in rows 0 to 3.
   */
  void input(
      float[] x,
      int from,
      int rowStride,
      int odd,
      int apart,
      int length,
      float[] v,
      int vFrom,
      int vStride);

  /** Writes {@code A' m A + bias}, four runs of {@code yStride}. */
  void output(
      float[] m, int from, int stride, int length, float bias, float[] y, int yFrom, int yStride);

  /** Writes {@code A g A'} of tiles in four runs of {@code stride}. */
  void outputGradient(
      float[] g, int from, int stride, int length, float[] n, int nFrom, int nStride);

  /** Writes {@code G w G'} of kernels in nine runs of {@code stride}. */
  void kernel(float[] w, int from, int stride, int length, float[] u, int uFrom, int uStride);

  /** Writes {@code G' s G}, nine runs of {@code dwStride}. */
  void kernelGradient(
      float[] s, int from, int stride, int length, float[] dw, int dwFrom, int dwStride);
}
