package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;

/**
 * The gate for float32, which also takes the sums of what passes, in one go through memory.
 *
 * @param kernels what computes
 * @param y output of the ReLU
 * @param yFrom where its first element is
 * @param g gradient of that output
 * @param gFrom where its first element is
 * @param out what passes
 * @param outFrom where its first element is
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of arguments, never compared
record FloatReluGate(
    CpuKernels kernels, float[] y, int yFrom, float[] g, int gFrom, float[] out, int outFrom)
    implements ReluGate {

  @Override
  public void pass(int from, int runs, int stride, int length) {
    kernels.gateRuns(y, yFrom + from, g, gFrom + from, out, outFrom + from, runs, stride, length);
  }

  /**
   * Gates runs that follow one another and adds the gradient sums of what passes.
   *
   * @param x input of the normalisation
   * @param xFrom where its first element is
   * @param b the runs
   * @param mean means of the channels
   * @param to where the lanes of the first run are
   */
  void passWithSums(
      float[] x, int xFrom, StripBlock b, float[] mean, double[] sumG, double[] sumGx, int to) {
    int from = b.from();
    kernels.gatedRunGradientSums(
        x,
        xFrom + from,
        y,
        yFrom + from,
        g,
        gFrom + from,
        out,
        outFrom + from,
        b.channels(),
        b.length(),
        mean,
        b.channel(),
        sumG,
        sumGx,
        to);
  }
}
