package org.batchnorm4j.data;

import org.batchnorm4j.tensor.RandomStream;

/**
 * How one writer holds the pen: what stays the same along all strokes of a digit.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param xx share of x in the new x: stretch, slant and turn in one matrix
 * @param xy share of y in the new x
 * @param yx share of x in the new y
 * @param yy share of y in the new y
 * @param size height or width, whichever is larger, in units of the 20-pixel box
 * @param radius half the pen's thickness in pixels
 * @param blur how much of its ink a pixel gives to each neighbour
 * @param gain by how much the ink is strengthened after the blur
 * @param grain standard deviation of the noise on inked pixels
 */
record Habit(
    double xx,
    double xy,
    double yx,
    double yy,
    double size,
    double radius,
    double blur,
    double gain,
    double grain) {

  /**
   * Draws a habit; the spreads were chosen beside MNIST so that ink and outlines have about its
   * statistics.
   */
  static Habit draw(RandomStream random) {
    double stretch = StrictMath.exp(0.20 * random.nextGaussian());
    double slant = 0.10 + 0.24 * random.nextGaussian(); // people lean to the right more often
    double angle = 0.12 * random.nextGaussian(); // radians
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    // first stretch x, then slant (what is higher moves right), then turn
    return new Habit(
        cos * stretch,
        -cos * slant - sin,
        sin * stretch,
        cos - sin * slant,
        between(random, 0.86, 1.04),
        StrictMath.exp(0.16 + 0.32 * random.nextGaussian()),
        between(random, 0, 0.06),
        between(random, 1.05, 1.35),
        between(random, 0, 0.06));
  }

  /** Returns a number spread evenly between {@code low} and {@code high}. */
  static double between(RandomStream random, double low, double high) {
    return low + (high - low) * random.nextDouble();
  }
}
