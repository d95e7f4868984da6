package org.batchnorm4j.data;

import java.util.Arrays;
import org.batchnorm4j.tensor.RandomStream;

/**
 * Draws one handwriting-like digit into 28x28 bytes.
 *
 * <p>A style's control points are shaken a little, joined by smooth curves, bent by a smooth field
 * of displacements, slanted, turned and stretched, then fitted into a box of 20x20 pixels whose
 * ink's centre of mass lies near the middle of the picture, as in MNIST (LeCun, Cortes, Burges).
 * The pen has a thickness, a pressure that changes along the stroke, an edge, and paper that is not
 * quite clean.
 *
 * <p>Only {@code + - * /}, square roots and {@code StrictMath} take part, so the bytes are the same
 * on every machine. Not safe for use by several threads at once.
 */
final class DigitArtist {
  static final int SIDE = 28;
  private static final double BOX = 20;

  /** Pieces into which each curve between two control points is cut. */
  private static final int STEPS = 7;

  /** Standard deviation of a control point's place on each axis, in units of the digit's height. */
  private static final double SHAKE = 0.024;

  /** Standard deviation of the displacement field's grid vectors on each axis, likewise. */
  private static final double BEND = 0.085;

  /**
   * Standard deviation of the distance between middle of ink and middle of picture on each axis, in
   * pixels.
   */
  private static final double OFF_CENTRE = 0.7;

  private static final double CLUTTERED = 0.12;

  private final InkCanvas canvas = new InkCanvas(SIDE);
  private final BentPaper paper = new BentPaper();

  /**
   * Points of the pen's way: x, y and pressure; a negative pressure lifts the pen before the point.
   */
  private double[] way = new double[3 * 512];

  private int size;

  /** Draws {@code digit} as the numbers of {@code random} will have it. */
  void draw(int digit, RandomStream random, byte[] target, int offset) {
    size = 0;
    Habit habit = Habit.draw(random);
    paper.crumple(BEND, random);
    for (DigitStyle.Stroke stroke : DigitStyles.draw(digit, random).strokes()) {
      trace(stroke, habit, random);
    }
    place(habit, random);
    canvas.clear();
    if (random.nextDouble() < CLUTTERED) {
      clutter(random);
    }
    ink(habit);
    canvas.blur(habit.blur());
    canvas.strengthen(habit.gain());
    canvas.grain(habit.grain(), random);
    canvas.copyTo(target, offset);
  }

  /**
   * Appends a stroke to the way: shaken, smoothed, bent, slanted and turned, but not yet in pixels.
   */
  private void trace(DigitStyle.Stroke stroke, Habit habit, RandomStream random) {
    int points = stroke.size();
    double[] shaken = new double[2 * points];
    for (int i = 0; i < shaken.length; i++) {
      shaken[i] = stroke.points()[i] - 0.5 + SHAKE * random.nextGaussian();
    }
    double trend = 0.25 * random.nextGaussian();
    double swell = 0.15 * random.nextGaussian();
    int steps = (points - 1) * STEPS;
    for (int step = 0; step <= steps; step++) {
      int piece = Math.min(step / STEPS, points - 2);
      double t = (step - piece * STEPS) / (double) STEPS;
      boolean sharpStart = piece == 0 || stroke.corners()[piece];
      boolean sharpEnd = piece == points - 2 || stroke.corners()[piece + 1];
      double x = curve(shaken, piece, 0, t, sharpStart, sharpEnd);
      double y = curve(shaken, piece, 1, t, sharpStart, sharpEnd);
      double bentX = x + paper.shiftX(x, y);
      double bentY = y + paper.shiftY(x, y);
      double along = step / (double) steps;
      double pressure = 1 + trend * (along - 0.5) + swell * (4 * along * (1 - along) - 0.5);
      append(
          habit.xx() * bentX + habit.xy() * bentY,
          habit.yx() * bentX + habit.yy() * bentY,
          step == 0 ? -pressure : pressure);
    }
  }

  private void append(double x, double y, double pressure) {
    if (3 * size + 3 > way.length) {
      way = Arrays.copyOf(way, 2 * way.length);
    }
    way[3 * size] = x;
    way[3 * size + 1] = y;
    way[3 * size + 2] = pressure;
    size++;
  }

  /**
   * A cubic Hermite curve between two points; the slope at a point is half the way from its
   * predecessor to its successor (Catmull and Rom), at an end or a corner the way to the neighbour.
   */
  private static double curve(
      double[] points, int piece, int axis, double t, boolean sharpStart, boolean sharpEnd) {
    double from = points[2 * piece + axis];
    double to = points[2 * piece + 2 + axis];
    double slopeFrom = sharpStart ? to - from : (to - points[2 * piece - 2 + axis]) / 2;
    double slopeTo = sharpEnd ? to - from : (points[2 * piece + 4 + axis] - from) / 2;
    double u = 1 - t;
    return u * u * ((1 + 2 * t) * from + t * slopeFrom) + t * t * ((1 + 2 * u) * to - u * slopeTo);
  }

  /**
   * Scales the way into the box and moves the middle of its ink to the middle of the picture, then
   * a little off.
   */
  private void place(Habit habit, RandomStream random) {
    double left = Double.MAX_VALUE;
    double right = -Double.MAX_VALUE;
    double top = Double.MAX_VALUE;
    double bottom = -Double.MAX_VALUE;
    for (int i = 0; i < size; i++) {
      left = Math.min(left, way[3 * i]);
      right = Math.max(right, way[3 * i]);
      top = Math.min(top, way[3 * i + 1]);
      bottom = Math.max(bottom, way[3 * i + 1]);
    }
    double scale = (BOX * habit.size() - 2 * habit.radius()) / Math.max(right - left, bottom - top);
    double mass = 0;
    double massX = 0;
    double massY = 0;
    for (int i = 1; i < size; i++) {
      if (way[3 * i + 2] > 0) {
        double dx = way[3 * i] - way[3 * i - 3];
        double dy = way[3 * i + 1] - way[3 * i - 2];
        double weight = Math.sqrt(dx * dx + dy * dy) * way[3 * i + 2];
        mass += weight;
        massX += weight * (way[3 * i] + way[3 * i - 3]) / 2;
        massY += weight * (way[3 * i + 1] + way[3 * i - 2]) / 2;
      }
    }
    double shiftX = SIDE / 2.0 - scale * massX / mass + OFF_CENTRE * random.nextGaussian();
    double shiftY = SIDE / 2.0 - scale * massY / mass + OFF_CENTRE * random.nextGaussian();
    for (int i = 0; i < size; i++) {
      way[3 * i] = scale * way[3 * i] + shiftX;
      way[3 * i + 1] = scale * way[3 * i + 1] + shiftY;
    }
  }

  private void ink(Habit habit) {
    for (int i = 1; i < size; i++) {
      double pressure = way[3 * i + 2];
      if (pressure > 0) {
        double radius = Math.max(0.45, habit.radius() * pressure);
        canvas.segment(way[3 * i - 3], way[3 * i - 2], way[3 * i], way[3 * i + 1], radius, 1);
      }
    }
  }

  /** A faint short line somewhere, such as a neighbour's stroke or a fold leaves behind. */
  private void clutter(RandomStream random) {
    double x = Habit.between(random, 3, 25);
    double y = Habit.between(random, 3, 25);
    canvas.segment(
        x,
        y,
        x + 4 * random.nextGaussian(),
        y + 4 * random.nextGaussian(),
        Habit.between(random, 0.3, 0.8),
        Habit.between(random, 0.15, 0.6));
  }
}
