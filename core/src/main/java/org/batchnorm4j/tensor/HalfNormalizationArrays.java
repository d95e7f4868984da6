package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;

/**
 * float16 or bfloat16 arrays: a block is widened to float32 in a tile that stays in the first
 * caches, goes through {@link FloatNormalizationArrays} and is narrowed once, to the nearest value
 * and ties to even. So a half tensor gives the bits of the same values in float32, rounded.
 *
 * <p>The tile is scratch memory, borrowed until {@link #close}; each task has one of its own.
 */
final class HalfNormalizationArrays implements NormalizationArrays {
  private final CpuKernels kernels;
  private final FloatChannels line;
  private final boolean ieee;
  private final Storage.Shorts x;
  private final int xFrom;
  private final Storage.Shorts g;
  private final int gFrom;
  private final Storage.Shorts out;
  private final int outFrom;
  private final Scratch<float[]> scratch;
  private final float[] tile;
  private final int gTile;
  private final FloatNormalizationArrays overX;
  private final FloatNormalizationArrays overG;

  /**
   * Binds the arrays of three tensors of one half type.
   *
   * @param block the most values of a block
   */
  HalfNormalizationArrays(
      CpuKernels kernels,
      Tensor x,
      Tensor g,
      Tensor out,
      FloatChannels line,
      Scratch<float[]> scratch,
      int block) {
    this.kernels = kernels;
    this.line = line;
    ieee = x.dtype() == DType.FLOAT16;
    this.x = (Storage.Shorts) x.storage();
    xFrom = x.offset();
    this.g = (Storage.Shorts) g.storage();
    gFrom = g.offset();
    this.out = (Storage.Shorts) out.storage();
    outFrom = out.offset();
    this.scratch = scratch;
    gTile = block;
    tile = scratch.borrow(2 * block);
    overX = new FloatNormalizationArrays(kernels, line, tile, 0, tile, gTile, tile, 0);
    overG = new FloatNormalizationArrays(kernels, line, tile, 0, tile, gTile, tile, gTile);
  }

  @Override
  public void close() {
    scratch.giveBack(2 * gTile, tile);
  }

  private void widenX(int from, int runs, int stride, int length) {
    widen(x.array(), xFrom + from, 0, runs, stride, length);
  }

  private void widenG(int from, int runs, int stride, int length) {
    widen(g.array(), gFrom + from, gTile, runs, stride, length);
  }

  private void widen(short[] values, int from, int to, int runs, int stride, int length) {
    if (ieee) {
      kernels.widenFloat16(values, from, runs, stride, length, tile, to);
    } else {
      kernels.widenBfloat16(values, from, runs, stride, length, tile, to);
    }
  }

  private void narrow(int tileFrom, int from, int runs, int stride, int length) {
    if (ieee) {
      kernels.narrowFloat16(tile, tileFrom, out.array(), outFrom + from, runs, stride, length);
    } else {
      kernels.narrowBfloat16(tile, tileFrom, out.array(), outFrom + from, runs, stride, length);
    }
  }

  @Override
  public double residue(int channel) {
    return line.residue(channel);
  }

  @Override
  public void planeMoments(int from, int planes, int stride, int length, double[] moments, int at) {
    widenX(from, planes, stride, length);
    overX.planeMoments(0, planes, length, length, moments, at);
  }

  @Override
  public void rowMoments(
      int from, int rows, int stride, int channels, double[] mean, double[] m2, int at) {
    widenX(from, rows, stride, channels);
    overX.rowMoments(0, rows, channels, channels, mean, m2, at);
  }

  @Override
  public void standardisePlanes(
      int from, int planes, int stride, int length, int channel, boolean relu) {
    widenX(from, planes, stride, length);
    overX.standardisePlanes(0, planes, length, length, channel, relu);
    narrow(0, from, planes, stride, length);
  }

  @Override
  public void standardiseRows(
      int from, int rows, int stride, int channels, int channel, boolean relu) {
    widenX(from, rows, stride, channels);
    overX.standardiseRows(0, rows, channels, channels, channel, relu);
    narrow(0, from, rows, stride, channels);
  }

  @Override
  public void standardisePlanesAddRelu(int from, int planes, int stride, int length, int channel) {
    widenX(from, planes, stride, length);
    widenG(from, planes, stride, length);
    overG.standardisePlanesAddRelu(0, planes, length, length, channel);
    narrow(gTile, from, planes, stride, length);
  }

  @Override
  public void standardiseRowsAddRelu(int from, int rows, int stride, int channels, int channel) {
    widenX(from, rows, stride, channels);
    widenG(from, rows, stride, channels);
    overG.standardiseRowsAddRelu(0, rows, channels, channels, channel);
    narrow(gTile, from, rows, stride, channels);
  }

  @Override
  public void planeSums(
      int from,
      int planes,
      int stride,
      int length,
      int channel,
      boolean relu,
      double[] sums,
      int at) {
    widenX(from, planes, stride, length);
    widenG(from, planes, stride, length);
    overG.planeSums(0, planes, length, length, channel, relu, sums, at);
  }

  @Override
  public void rowSums(
      int from,
      int rows,
      int stride,
      int channels,
      int channel,
      boolean relu,
      double[] sumG,
      double[] sumGx) {
    widenX(from, rows, stride, channels);
    widenG(from, rows, stride, channels);
    overG.rowSums(0, rows, channels, channels, channel, relu, sumG, sumGx);
  }

  @Override
  public void planeGradient(
      int from, int planes, int stride, int length, int channel, boolean relu) {
    widenX(from, planes, stride, length);
    widenG(from, planes, stride, length);
    overG.planeGradient(0, planes, length, length, channel, relu);
    narrow(gTile, from, planes, stride, length);
  }

  @Override
  public void rowGradient(int from, int rows, int stride, int channels, int channel, boolean relu) {
    widenX(from, rows, stride, channels);
    widenG(from, rows, stride, channels);
    overG.rowGradient(0, rows, channels, channels, channel, relu);
    narrow(gTile, from, rows, stride, channels);
  }
}
