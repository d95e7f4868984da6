package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.DoubleKernels;

/**
 * Lets a gradient pass where the output of a ReLU is positive: {@code out = y > 0 ? g : 0}, over
 * runs or rows of three tensors of one shape, type and layout. Positions count from the first
 * element of the tensors.
 *
 * <p>Safe for use by many threads on disjoint runs.
 */
@FunctionalInterface
interface ReluGate {

  /** Gates {@code runs} runs of {@code length} values, {@code stride} apart. */
  void pass(int from, int runs, int stride, int length);

  /** The gate for floating-point tensors. */
  static ReluGate of(CpuKernels kernels, Tensor y, Tensor g, Tensor out) {
    int yFrom = y.offset();
    int gFrom = g.offset();
    int outFrom = out.offset();
    if (y.dtype() == DType.FLOAT32) {
      float[] values = g.unsafeFloatArray();
      float[] to = out.unsafeFloatArray();
      return new FloatReluGate(kernels, y.unsafeFloatArray(), yFrom, values, gFrom, to, outFrom);
    }
    if (y.dtype() == DType.FLOAT64) {
      double[] active = y.unsafeDoubleArray();
      double[] values = g.unsafeDoubleArray();
      double[] to = out.unsafeDoubleArray();
      return (from, runs, stride, length) ->
          DoubleKernels.gateRuns(
              active, yFrom + from, values, gFrom + from, to, outFrom + from, runs, stride, length);
    }
    short[] active = ((Storage.Shorts) y.storage()).array();
    short[] values = ((Storage.Shorts) g.storage()).array();
    short[] to = ((Storage.Shorts) out.storage()).array();
    int pastInfinity = y.dtype() == DType.FLOAT16 ? 0x7c01 : 0x7f81;
    return (from, runs, stride, length) -> {
      for (int r = 0; r < runs; r++) {
        int run = from + r * stride;
        gateHalves(
            active, yFrom + run, values, gFrom + run, to, outFrom + run, length, pastInfinity);
      }
    };
  }

  /**
   * Halves are positive where their bits are from 1 to those of infinity. A mask in place of a
   * branch, which would be guessed wrongly every other time.
   */
  private static void gateHalves(
      short[] y,
      int yFrom,
      short[] g,
      int gFrom,
      short[] out,
      int outFrom,
      int length,
      int pastInfinity) {
    for (int i = 0; i < length; i++) {
      int bits = y[yFrom + i];
      int mask = (-bits & (bits - pastInfinity)) >> 31;
      out[outFrom + i] = (short) (g[gFrom + i] & mask);
    }
  }
}
