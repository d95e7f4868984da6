package org.batchnorm4j.data;

import java.util.Arrays;
import org.batchnorm4j.tensor.RandomStream;

/**
 * A square grey picture on which a round pen draws line segments.
 *
 * <p>Ink is a number from 0 (none) to 1 (full) per pixel; pixel (row, column) has its centre at x =
 * column + 0.5 and y = row + 0.5. Where strokes cross, the darker one counts. Not safe for use by
 * several threads at once.
 */
final class InkCanvas {
  private final int side;
  private final double[] ink;
  private final double[] scratch;

  InkCanvas(int side) {
    this.side = side;
    this.ink = new double[side * side];
    this.scratch = new double[side * side];
  }

  /** Removes all ink. */
  void clear() {
    Arrays.fill(ink, 0);
  }

  /**
   * Draws from (x0, y0) to (x1, y1). A pixel at distance d from the segment gets {@code darkness}
   * times {@code radius - d + 0.5}, kept within 0 and 1: an edge that is one pixel wide.
   */
  void segment(double x0, double y0, double x1, double y1, double radius, double darkness) {
    double reach = radius + 0.5;
    int left = Math.max(0, (int) (Math.min(x0, x1) - reach));
    int right = Math.min(side - 1, (int) (Math.max(x0, x1) + reach));
    int top = Math.max(0, (int) (Math.min(y0, y1) - reach));
    int bottom = Math.min(side - 1, (int) (Math.max(y0, y1) + reach));
    double dx = x1 - x0;
    double dy = y1 - y0;
    double square = dx * dx + dy * dy;
    double inverse = square > 0 ? 1 / square : 0;
    for (int row = top; row <= bottom; row++) {
      double py = row + 0.5 - y0;
      for (int column = left; column <= right; column++) {
        double px = column + 0.5 - x0;
        double along = (px * dx + py * dy) * inverse;
        along = along < 0 ? 0 : along > 1 ? 1 : along;
        double ox = px - along * dx;
        double oy = py - along * dy;
        double distance = ox * ox + oy * oy;
        if (distance < reach * reach) {
          double cover = Math.min(1, reach - Math.sqrt(distance)) * darkness;
          int at = row * side + column;
          ink[at] = Math.max(ink[at], cover);
        }
      }
    }
  }

  /**
   * Replaces each pixel by a weighted mean of itself (1 - 2 * amount) and its neighbours, rows
   * first, then columns.
   */
  void blur(double amount) {
    blurLines(ink, scratch, 1, side, amount);
    blurLines(scratch, ink, side, 1, amount);
  }

  private void blurLines(double[] from, double[] to, int step, int line, double amount) {
    for (int l = 0; l < side; l++) {
      for (int i = 0; i < side; i++) {
        int at = l * line + i * step;
        double before = i > 0 ? from[at - step] : 0;
        double after = i < side - 1 ? from[at + step] : 0;
        to[at] = (1 - 2 * amount) * from[at] + amount * (before + after);
      }
    }
  }

  /** Multiplies the ink by {@code gain}, kept within 0 and 1. */
  void strengthen(double gain) {
    for (int i = 0; i < ink.length; i++) {
      ink[i] = Math.min(1, ink[i] * gain);
    }
  }

  /**
   * Adds to each pixel that has ink a random amount of the given standard deviation, kept within 0
   * and 1.
   */
  void grain(double deviation, RandomStream random) {
    for (int i = 0; i < ink.length; i++) {
      if (ink[i] > 0) {
        // a uniform in [-sqrt(3), sqrt(3)) has standard deviation 1
        double noisy =
            ink[i] + deviation * Habit.between(random, -1.7320508075688772, 1.7320508075688772);
        ink[i] = Math.max(0, Math.min(1, noisy));
      }
    }
  }

  /**
   * Writes the picture as bytes, row after row: 0 is paper, 255 is full ink, rounded to nearest.
   */
  void copyTo(byte[] target, int offset) {
    for (int i = 0; i < ink.length; i++) {
      target[offset + i] = (byte) (int) (ink[i] * 255 + 0.5);
    }
  }
}
