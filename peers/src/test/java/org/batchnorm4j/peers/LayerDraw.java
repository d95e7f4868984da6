package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.batchnorm4j.peers.BatchNormCase.Kernels;
import org.batchnorm4j.peers.BatchNormCase.Threads;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.batchnorm4j.peers.LayerCase.Setting;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;

/** What a case is drawn with: the same for ever for the same seed. Not safe for several threads. */
final class LayerDraw {
  private final SplittableRandom random;
  private final RandomStream stream;
  private final Setting setting;

  LayerDraw(long seed) {
    random = new SplittableRandom(seed);
    stream = RandomStream.of(seed);
    setting =
        new Setting(
            any(DType.FLOAT32, DType.FLOAT64),
            any(Layout.values()),
            any(Kernels.values()),
            any(Threads.values()));
  }

  Setting setting() {
    return setting;
  }

  DType type() {
    return setting.type();
  }

  /** For first values of layers. */
  RandomStream stream() {
    return stream;
  }

  @SafeVarargs
  final <T> T any(T... values) {
    return values[random.nextInt(values.length)];
  }

  boolean oneIn(int count) {
    return random.nextInt(count) == 0;
  }

  /** From {@code from} to {@code to}, both included. */
  int size(int from, int to) {
    return random.nextInt(from, to + 1);
  }

  /** One size for each of several axes. */
  int[] sizes(int axes, int from, int to) {
    int[] sizes = new int[axes];
    Arrays.setAll(sizes, axis -> size(from, to));
    return sizes;
  }

  /** A batch is seldom empty. */
  int batch() {
    return oneIn(16) ? 0 : size(1, 4);
  }

  /** Standard normal. */
  Numbers normal(long... shape) {
    return numbers(() -> random.nextGaussian(), shape);
  }

  /** Multiples of 1/2, so that many are equal. */
  Numbers coarse(long... shape) {
    return numbers(() -> Math.rint(2 * random.nextGaussian()) / 2, shape);
  }

  /** Uniform on ±bound. */
  Numbers uniform(double bound, long... shape) {
    return numbers(() -> random.nextDouble(-bound, bound), shape);
  }

  /** Normal with rare zeros, on many scales. */
  Numbers scaled(double scale, long... shape) {
    return numbers(() -> oneIn(20) ? 0 : scale * random.nextGaussian(), shape);
  }

  /** Whole numbers below a bound. */
  Numbers whole(int bound, long... shape) {
    Numbers drawn = numbers(() -> random.nextInt(bound), shape);
    return new Numbers(drawn.values(), drawn.shape(), true);
  }

  private Numbers numbers(DoubleSupplier next, long... shape) {
    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(values, i -> next.getAsDouble());
    return new Numbers(BatchNormData.rounded(values, type()), shape, false);
  }

  /** A shape of a batch, channels and further axes. */
  static long[] shape(int batch, int channels, int... further) {
    long[] shape = new long[2 + further.length];
    shape[0] = batch;
    shape[1] = channels;
    for (int axis = 0; axis < further.length; axis++) {
      shape[2 + axis] = further[axis];
    }
    return shape;
  }
}
