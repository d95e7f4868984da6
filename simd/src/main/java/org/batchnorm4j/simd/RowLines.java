package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementwise kernels over rows whose channels fill whole vectors and have constants of their own:
 * the output, with a ReLU or the end of a residual block, and the input gradient.
 */
final class RowLines {
  private RowLines() {}

  static void standardise(
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
      int at) {
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        VectorKernels.standardised(load(x, from + c), load(mean, k), load(scale, k), load(shift, k))
            .intoArray(y, to + c);
      }
    }
  }

  static void standardiseRelu(
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
      int at) {
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        rectified(
                VectorKernels.standardised(
                    load(x, from + c), load(mean, k), load(scale, k), load(shift, k)))
            .intoArray(y, to + c);
      }
    }
  }

  static void standardiseAddRelu(
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
      int at) {
    for (int row = 0; row < rows; row++) {
      int xRow = xFrom + row * stride;
      int rRow = rFrom + row * stride;
      int yRow = yFrom + row * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        rectified(
                VectorKernels.standardised(
                        load(x, xRow + c), load(mean, k), load(scale, k), load(shift, k))
                    .add(load(r, rRow + c)))
            .intoArray(y, yRow + c);
      }
    }
  }

  static void inputGradient(
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
      int at) {
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = load(x, xRow + c).sub(load(mean, k));
        load(g, gRow + c)
            .fma(load(a, k), centred.fma(load(b, k), load(d, k)))
            .intoArray(dx, dxRow + c);
      }
    }
  }

  static void inputGradientRelu(
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
      int at) {
    FloatVector zero = FloatVector.zero(FLOATS);
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      for (int c = 0; c < channels; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = load(x, xRow + c).sub(load(mean, k));
        FloatVector gradient =
            zero.blend(
                load(g, gRow + c),
                centred.fma(load(scale, k), load(shift, k)).compare(VectorOperators.GT, 0f));
        gradient.fma(load(a, k), centred.fma(load(b, k), load(d, k))).intoArray(dx, dxRow + c);
      }
    }
  }
}
