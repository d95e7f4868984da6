package org.batchnorm4j.benchmarks.comparison;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;

/**
 * What every contender computes: batch norm on these numbers, in the order in which they lie in
 * memory. The arrays are not to be written to. Values are of order one: each channel has a mean of
 * at most twice its deviation.
 *
 * <p>Safe for use by many threads as long as none writes to the arrays.
 *
 * @param shape (N, C, ...)
 * @param layout order in memory of x, g and r; channels first for (N, C)
 * @param operation what is measured
 * @param storage type of the tensors x, g, r and of what is made of them; the arrays' values are
 *     exact in it
 * @param x input
 * @param g gradient of the output
 * @param r what is added before the ReLU; empty where nothing is
 * @param gamma factors (C)
 * @param beta constants (C)
 * @param mean given mean of inference (C)
 * @param variance given variance of inference (C)
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record Problem(
    Planes shape,
    Layout layout,
    Operation operation,
    DType storage,
    float[] x,
    float[] g,
    float[] r,
    float[] gamma,
    float[] beta,
    float[] mean,
    float[] variance) {
  /** Added to the variance. */
  public static final double EPS = 1e-5;

  private static final float[] NONE = {};

  /** A problem in float32 with seeded numbers. */
  public static Problem of(Planes shape, Layout layout, Operation operation) {
    float[] x = new float[shape.size()];
    float[] g = new float[shape.size()];
    SplittableRandom random = new SplittableRandom(shape.size());
    int run = layout == Layout.CHANNELS_LAST ? 1 : shape.plane();
    for (int i = 0; i < x.length; i++) {
      int channel = i / run % shape.channels();
      long bits = random.nextLong();
      x[i] = (1 + channel % 3) * (bell(bits) + channel % 5 - 2);
      g[i] = bell(Long.rotateLeft(bits * 0x9E3779B97F4A7C15L, 29)) + 0.25f;
    }
    float[] gamma = new float[shape.channels()];
    float[] beta = new float[shape.channels()];
    float[] mean = new float[shape.channels()];
    float[] variance = new float[shape.channels()];
    for (int c = 0; c < gamma.length; c++) {
      gamma[c] = 0.5f + c % 7 / 4f;
      beta[c] = c % 11 / 5f - 1;
      mean[c] = (1 + c % 3) * (c % 5 - 1.75f);
      variance[c] = (1 + c % 3) * (1.25f + c % 3);
    }
    return new Problem(
            shape, layout, operation, DType.FLOAT32, x, g, NONE, gamma, beta, mean, variance)
        .with(operation);
  }

  /** The same numbers in another operation. */
  public Problem with(Operation other) {
    float[] residual = NONE;
    if (other.addsResidual()) {
      residual = r.length > 0 ? r : new float[x.length];
      for (int i = 0; r.length == 0 && i < x.length; i++) {
        residual[i] = g[x.length - 1 - i] - 0.5f;
      }
    }
    return new Problem(shape, layout, other, storage, x, g, residual, gamma, beta, mean, variance);
  }

  /** The same numbers stored in bfloat16, which rounds them. */
  public Problem inBfloat16() {
    return new Problem(
        shape,
        layout,
        operation,
        DType.BFLOAT16,
        rounded(x),
        rounded(g),
        rounded(r),
        gamma,
        beta,
        mean,
        variance);
  }

  /** The same numbers, which the wider type holds too, in float32. */
  public Problem inFloat32() {
    return new Problem(
        shape, layout, operation, DType.FLOAT32, x, g, r, gamma, beta, mean, variance);
  }

  private static float[] rounded(float[] values) {
    float[] out = Arrays.copyOf(values, values.length);
    for (int i = 0; i < out.length; i++) {
      int bits = Float.floatToRawIntBits(out[i]);
      out[i] = Float.intBitsToFloat((bits + 0x7FFF + (bits >>> 16 & 1)) & 0xFFFF0000);
    }
    return out;
  }

  /** About normal with deviation 1: four uniform numbers of 16 bits, added. */
  private static float bell(long bits) {
    long sum =
        (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48 & 0xFFFF);
    return (sum - 2 * 65535f) / 65535f * 1.7320508f;
  }

  /** Bytes of one tensor. */
  public long bytes() {
    return (long) storage.bytes() * shape.size();
  }

  /** Shape, layout, operation and, if narrow, the type. */
  @Override
  public String toString() {
    String type = storage == DType.FLOAT32 ? "" : " " + storage;
    return shape + " " + layoutName() + " " + operation.label() + type;
  }

  /** NCHW or NHWC, for any number of axes behind the channels; NC without. */
  public String layoutName() {
    if (shape.spatial().isEmpty()) {
      return "NC";
    }
    return layout == Layout.CHANNELS_LAST ? "NHWC" : "NCHW";
  }
}
