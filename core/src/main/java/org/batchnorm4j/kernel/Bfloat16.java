package org.batchnorm4j.kernel;

/**
 * bfloat16 as bits: the upper half of a float32, so with its range and 8 bits of precision.
 *
 * <p>Functions without state: safe for use by many threads.
 */
public final class Bfloat16 {
  private Bfloat16() {}

  /** The value as float32, exactly. */
  public static float widened(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest bfloat16, ties to even; NaN stays NaN, too much becomes infinite. */
  public static short rounded(float value) {
    int bits = Float.floatToRawIntBits(value);
    int upper = bits >>> 16;
    int nearest = (bits + 0x7fff + (upper & 1)) >>> 16;
    int nan = (0x7f800000 - (bits & 0x7fffffff)) >> 31; // all ones for NaN, else 0
    // 0x40 keeps a NaN whose upper half alone would be an infinity
    return (short) ((nearest & ~nan) | ((upper | 0x40) & nan));
  }
}
