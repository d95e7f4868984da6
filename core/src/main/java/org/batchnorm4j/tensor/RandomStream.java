package org.batchnorm4j.tensor;

/**
 * A stream of random numbers with a fixed algorithm (SplitMix64: Steele, Lea, Flood 2014), so that
 * a seed means the same numbers on every machine and in every release. A stream is made from a seed
 * and any number of coordinates (epoch, step, layer path), which makes it independent of threads
 * and easy to resume: there is no state to save. Not safe for use by many threads; make one per
 * task.
 */
public final class RandomStream {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  private RandomStream(long state) {
    this.state = state;
  }

  /** The stream of a seed and its coordinates; different coordinates give unrelated streams. */
  public static RandomStream of(long seed, long... coordinates) {
    long state = mix(seed + GAMMA);
    for (long coordinate : coordinates) {
      // mixed once more than the coordinate, or seed and coordinate could trade places
      state = mix(mix(state + GAMMA) ^ mix(coordinate + GAMMA));
    }
    return new RandomStream(state);
  }

  /** A stream for a name, such as the path of a layer, under a seed and coordinates. */
  public static RandomStream named(String name, long seed, long... coordinates) {
    long hash = 0xcbf29ce484222325L; // FNV-1a, 64 bits
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
    }
    return new RandomStream(mix(of(seed, coordinates).state ^ mix(hash)));
  }

  /** The next 64 random bits. */
  public long nextLong() {
    state += GAMMA;
    return mix(state);
  }

  /** Uniform on [0, 1), a multiple of 2^-53. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /**
   * Uniform on 0 .. bound - 1.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public int nextInt(int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound must be positive, but is " + bound);
    }
    return (int) Math.unsignedMultiplyHigh(nextLong(), bound); // bias below 2^-32
  }

  /** Standard normal, by Box and Muller (1958) with {@link StrictMath}. */
  public double nextGaussian() {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - nextDouble()));
    return radius * StrictMath.cos(2 * Math.PI * nextDouble());
  }

  private static long mix(long z) {
    long x = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }
}
