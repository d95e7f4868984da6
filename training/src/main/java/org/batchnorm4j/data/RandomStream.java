package org.batchnorm4j.data;

/**
 * A stream of random numbers that is the same for the same keys on every machine and every JDK.
 *
 * <p>The generator is SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014): a
 * counter in steps of the golden ratio, each value mixed by two multiplications. It is written out here because the
 * algorithm behind {@code java.util.SplittableRandom#nextGaussian} may change with the JDK.
 *
 * <p>Not safe for use by several threads at once; make one stream for each piece of work instead.
 */
final class RandomStream {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /** 1 / sqrt(3). */
  private static final double BELL_SCALE = 0.5773502691896258;

  private long state;

  private RandomStream(long state) {
    this.state = state;
  }

  /** Returns the stream that belongs to {@code keys}; another key in any place gives an unrelated stream. */
  static RandomStream of(long... keys) {
    long state = GOLDEN;
    for (long key : keys) {
      state = mix(state ^ mix(key + GOLDEN)) + GOLDEN;
    }
    return new RandomStream(state);
  }

  /** Returns 64 random bits. */
  long next() {
    state += GOLDEN;
    return mix(state);
  }

  /** Returns a number in [0, 1), a multiple of 2^-53. */
  double uniform() {
    return (next() >>> 11) * 0x1p-53;
  }

  /** Returns a number between {@code low} and {@code high}. */
  double uniform(double low, double high) {
    return low + (high - low) * uniform();
  }

  /** Returns an integer in [0, {@code bound}); its bias is below {@code bound} / 2^64. */
  int below(int bound) {
    return (int) Math.unsignedMultiplyHigh(next(), bound);
  }

  /** Returns true with the given probability. */
  boolean chance(double probability) {
    return uniform() < probability;
  }

  /**
   * Returns a number from a bell curve with mean 0 and standard deviation 1 that never leaves (-5.2, 5.2): the sum of nine
   * uniforms in [-1, 1), whose variance is 9 / 3, divided by the square root of 3. No logarithm is needed, so the bits are
   * the same everywhere.
   */
  double bell() {
    double sum = 0;
    for (int i = 0; i < 9; i++) {
      sum += uniform();
    }
    return (2 * sum - 9) * BELL_SCALE;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
