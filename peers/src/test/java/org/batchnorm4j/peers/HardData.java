package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;

/**
 * Float32 data that are hard to normalise, (N, C, H, W) in row-major order, and a gradient of the
 * output.
 */
record HardData(
    String name, long[] shape, double eps, float[] x, float[] g, float[] gamma, float[] beta) {
  /** The channel that differs from the others, where one does. */
  static final int ODD_CHANNEL = 3;

  /** All of them. */
  static List<HardData> all() {
    SplittableRandom random = new SplittableRandom(1502_03167);
    long[] usual = {8, 16, 14, 14};
    return List.of(
        of("standard normal", usual, random, i -> random.nextGaussian()),
        of("1000 ± 0.01", usual, random, i -> 1000 + 0.01 * random.nextGaussian()),
        of("1 ± 2e-7, some ulps", usual, random, i -> 1 + 2e-7 * random.nextGaussian()),
        of("1e30 ± 1e29", usual, random, i -> 1e30 + 1e29 * random.nextGaussian()),
        of("subnormal, 1e-40", usual, random, i -> 1e-40 * random.nextGaussian()).withoutBeta(),
        of("constant channels", usual, random, i -> 3.7 + channel(usual, i)),
        of("2^-20 to 2^20, both signs", usual, random, i -> mixed(random)),
        of("NaN in one channel", usual, random, i -> random.nextGaussian()).withNaN(),
        of(
            "5 ± 1, 2^18 per channel",
            new long[] {64, 16, 64, 64},
            random,
            i -> 5 + random.nextGaussian()));
  }

  private static HardData of(
      String name, long[] shape, SplittableRandom random, IntToDoubleFunction value) {
    int size = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    float[] x = new float[size];
    float[] g = new float[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) value.applyAsDouble(i);
      g[i] = (float) random.nextGaussian();
    }
    float[] gamma = new float[(int) shape[1]];
    float[] beta = new float[gamma.length];
    for (int c = 0; c < gamma.length; c++) {
      gamma[c] = (float) random.nextDouble(0.5, 2);
      beta[c] = (float) random.nextGaussian();
    }
    return new HardData(name, shape, 1e-5, x, g, gamma, beta);
  }

  private static double mixed(SplittableRandom random) {
    double size = Math.scalb(random.nextDouble(1, 2), random.nextInt(-20, 20));
    return random.nextBoolean() ? size : -size;
  }

  /** A beta would hide outputs of 1e-38. */
  private HardData withoutBeta() {
    return new HardData(name, shape, eps, x, g, gamma, new float[beta.length]);
  }

  private HardData withNaN() {
    float[] changed = x.clone();
    for (int i = 0; i < changed.length; i++) {
      if (channelOf(i) == ODD_CHANNEL) {
        changed[i] = Float.NaN;
        break;
      }
    }
    return new HardData(name, shape, eps, changed, g, gamma, beta);
  }

  HardData withoutNaN() {
    float[] clean = x.clone();
    for (int i = 0; i < clean.length; i++) {
      clean[i] = Float.isNaN(clean[i]) ? 0 : clean[i];
    }
    return new HardData(name, shape, eps, clean, g, gamma, beta);
  }

  int channels() {
    return (int) shape[1];
  }

  int channelOf(int i) {
    return channel(shape, i);
  }

  private static int channel(long[] shape, int i) {
    return (int) (i / (shape[2] * shape[3]) % shape[1]);
  }

  static double[] widened(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }
}
