package org.batchnorm4j.tensor;

/**
 * Exact sums of integers and truth values. Every sum is kept in 128 bits, so the order does not
 * matter and only a total that leaves int64 is refused.
 */
final class IntegerSums {
  private final long[] low;
  private final long[] high; // the upper 64 bits

  private IntegerSums(int outputs) {
    low = new long[outputs];
    high = new long[outputs];
  }

  /**
   * The sums in storage order of the kept axes.
   *
   * @throws IllegalArgumentException if one of them is beyond int64
   */
  static long[] of(Tensor x, ReducedAxes axes) {
    int length = axes.innermost();
    int outer = axes.outerCount(false);
    boolean runs = axes.innermostIsReduced();
    IntegerSums sums = new IntegerSums(runs ? outer : outer * length);
    if (x.size() == 0) {
      return sums.low;
    }
    Storage storage = x.storage();
    for (int o = 0; o < outer; o++) {
      for (int s = 0; s < axes.outerCount(true); s++) {
        int from = x.offset() + axes.outerPosition(false, o) + axes.outerPosition(true, s);
        for (int i = 0; i < length; i++) {
          sums.add(runs ? o : o * length + i, Conversion.integer(storage, from + i));
        }
      }
    }
    sums.checkFits(x);
    return sums.low;
  }

  private void add(int at, long value) {
    long sum = low[at] + value;
    int carry = Long.compareUnsigned(sum, value) < 0 ? 1 : 0;
    high[at] += (value >> 63) + carry; // the sign fills the upper half
    low[at] = sum;
  }

  private void checkFits(Tensor x) {
    for (int i = 0; i < low.length; i++) {
      if (high[i] != low[i] >> 63) {
        throw new IllegalArgumentException(
            "sum of "
                + x.dtype()
                + " values of shape "
                + x.shape()
                + ": total "
                + i
                + " does not fit int64; sum in floating point after to(DType.FLOAT64)");
      }
    }
  }
}
