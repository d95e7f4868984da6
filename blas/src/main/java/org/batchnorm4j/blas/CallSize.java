package org.batchnorm4j.blas;

/**
 * The largest piece of a product that one native call computes: at most 2^26 multiplications, which
 * take 1 to 5 milliseconds. The inner dimension is cut first, at multiples of 384: there OpenBLAS
 * interrupts its own sums, so the cut costs next to nothing.
 *
 * @param m rows of a piece
 * @param n columns of a piece
 * @param k length of the sums of a piece
 */
record CallSize(int m, int n, int k) {
  private static final long PRODUCTS = 1 << 26;
  private static final int DEPTH = 384;
  private static final int ROUND = 64;

  static CallSize of(int m, int n, int k) {
    long depth = Math.min(k, DEPTH);
    int high = m;
    int wide = n;
    while (high * depth * wide > PRODUCTS) {
      if (high > wide) {
        high = half(high);
      } else {
        wide = half(wide);
      }
    }
    long deep = PRODUCTS / ((long) high * wide);
    return new CallSize(high, wide, deep >= k ? k : Math.toIntExact(deep / DEPTH * DEPTH));
  }

  private static int half(int size) {
    return Math.ceilDiv(Math.ceilDiv(size, 2), ROUND) * ROUND;
  }
}
