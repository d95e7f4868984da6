package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorKernels.rectified;
import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.FLOAT_COUNT;
import static org.batchnorm4j.simd.VectorWidth.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Elementwise kernels over rows of at least one vector, whose channels each have constants of their
 * own: the output and the input gradient. The last vector of a row is computed first and stored at
 * the end, as {@link VectorKernels} says.
 */
final class RowLines {
  private RowLines() {}

  /**
   * How many contiguous rows are taken as one row of as many times the channels, with the channel's
   * numbers repeated, so that vectors end where the long row ends; 1 if that saves less than a
   * sixth of the vectors, or if there are so few rows that repeating costs more than it saves.
   */
  static int rowsInGroup(int rows, int stride, int channels) {
    int vectors = (channels + FLOAT_COUNT - 1) / FLOAT_COUNT;
    if (channels == 0 || stride != channels || 5 * vectors * FLOAT_COUNT < 6 * channels) {
      return 1;
    }
    int evenly = FLOAT_COUNT / Math.min(FLOAT_COUNT, Integer.lowestOneBit(channels));
    int group = channels < FLOAT_COUNT ? FLOAT_COUNT : evenly;
    return rows >= 4 * group ? group : 1;
  }

  static float[] repeated(float[] perChannel, int at, int channels, int times) {
    float[] repeated = new float[channels * times];
    for (int from = 0; from < repeated.length; from += channels) {
      System.arraycopy(perChannel, at, repeated, from, channels);
    }
    return repeated;
  }

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
      int at,
      boolean relu) {
    int end = channels - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * stride;
      FloatVector last = standardised(x, from, mean, scale, shift, at, end);
      if (relu) {
        for (int c = 0; c < end; c += FLOAT_COUNT) {
          rectified(standardised(x, from, mean, scale, shift, at, c)).intoArray(y, to + c);
        }
        rectified(last).intoArray(y, to + end);
      } else {
        for (int c = 0; c < end; c += FLOAT_COUNT) {
          standardised(x, from, mean, scale, shift, at, c).intoArray(y, to + c);
        }
        last.intoArray(y, to + end);
      }
    }
  }

  private static FloatVector standardised(
      float[] x, int row, float[] mean, float[] scale, float[] shift, int at, int c) {
    return VectorKernels.standardised(
        load(x, row + c), load(mean, at + c), load(scale, at + c), load(shift, at + c));
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
    int end = channels - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      FloatVector last =
          rowGradient(load(g, gRow + end), load(x, xRow + end), mean, a, b, d, at + end);
      for (int c = 0; c < end; c += FLOAT_COUNT) {
        rowGradient(load(g, gRow + c), load(x, xRow + c), mean, a, b, d, at + c)
            .intoArray(dx, dxRow + c);
      }
      last.intoArray(dx, dxRow + end);
    }
  }

  private static FloatVector rowGradient(
      FloatVector g, FloatVector x, float[] mean, float[] a, float[] b, float[] d, int k) {
    return VectorKernels.inputGradient(g, x.sub(load(mean, k)), load(a, k), load(b, k), load(d, k));
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
    int end = channels - FLOAT_COUNT;
    for (int r = 0; r < rows; r++) {
      int xRow = xFrom + r * stride;
      int gRow = gFrom + r * stride;
      int dxRow = dxFrom + r * stride;
      FloatVector lastCentred = load(x, xRow + end).sub(load(mean, at + end));
      FloatVector lastGradient =
          zero.blend(
              load(g, gRow + end),
              lastCentred
                  .fma(load(scale, at + end), load(shift, at + end))
                  .compare(VectorOperators.GT, 0f));
      FloatVector last =
          lastGradient.fma(
              load(a, at + end), lastCentred.fma(load(b, at + end), load(d, at + end)));
      for (int c = 0; c < end; c += FLOAT_COUNT) {
        int k = at + c;
        FloatVector centred = load(x, xRow + c).sub(load(mean, k));
        FloatVector gradient =
            zero.blend(
                load(g, gRow + c),
                centred.fma(load(scale, k), load(shift, k)).compare(VectorOperators.GT, 0f));
        gradient.fma(load(a, k), centred.fma(load(b, k), load(d, k))).intoArray(dx, dxRow + c);
      }
      last.intoArray(dx, dxRow + end);
    }
  }
}
