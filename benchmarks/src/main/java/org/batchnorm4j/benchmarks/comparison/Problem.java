package org.batchnorm4j.benchmarks.comparison;

import java.util.SplittableRandom;
import org.batchnorm4j.tensor.Layout;

/**
 * What every contender computes: batch norm in training on these numbers, in the order in which
 * they lie in memory. The arrays are not to be written to. Values are of order one: each channel
 * has a mean of at most twice its deviation.
 *
 * <p>Safe for use by many threads as long as none writes to the arrays.
 *
 * @param shape (N, C, H, W)
 * @param layout order in memory of x and g
 * @param direction what is measured
 * @param x input
 * @param g gradient of the output
 * @param gamma factors (C)
 * @param beta constants (C)
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record Problem(
    Planes shape,
    Layout layout,
    Direction direction,
    float[] x,
    float[] g,
    float[] gamma,
    float[] beta) {
  /** Added to the variance. */
  public static final double EPS = 1e-5;

  /** A problem with seeded numbers. */
  public static Problem of(Planes shape, Layout layout, Direction direction) {
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
    for (int c = 0; c < gamma.length; c++) {
      gamma[c] = 0.5f + c % 7 / 4f;
      beta[c] = c % 11 / 5f - 1;
    }
    return new Problem(shape, layout, direction, x, g, gamma, beta);
  }

  /** The same numbers in the other half of the step. */
  public Problem with(Direction other) {
    return new Problem(shape, layout, other, x, g, gamma, beta);
  }

  /** About normal with deviation 1: four uniform numbers of 16 bits, added. */
  private static float bell(long bits) {
    long sum =
        (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48 & 0xFFFF);
    return (sum - 2 * 65535f) / 65535f * 1.7320508f;
  }

  /** Shape, layout and direction. */
  @Override
  public String toString() {
    return shape + " " + layoutName() + " " + direction.lower();
  }

  /** NCHW or NHWC. */
  String layoutName() {
    return layout == Layout.CHANNELS_LAST ? "NHWC" : "NCHW";
  }
}
