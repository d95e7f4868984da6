package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * Two sums per column of a {@link StripBlock}, and their totals per channel, in scratch memory that
 * {@link #close} hands back.
 */
final class ColumnSums implements AutoCloseable {
  private final StripBlock block;
  private final Scratch<double[]> scratch;
  private final double[] first;
  private final double[] second;

  ColumnSums(StripBlock block, Scratch<double[]> scratch) {
    this.block = block;
    this.scratch = scratch;
    first = scratch.borrow(block.width());
    second = scratch.borrow(block.width());
    Arrays.fill(first, 0, block.width(), 0.0);
    Arrays.fill(second, 0, block.width(), 0.0);
  }

  /** The first sum of each column; filled by kernels. */
  double[] first() {
    return first;
  }

  /** The second sum of each column; filled by kernels. */
  double[] second() {
    return second;
  }

  /** The sum over the even and the odd columns of each run of the block's channel {@code c}. */
  double firstOf(int c) {
    return total(first, c);
  }

  /** See {@link #firstOf}. */
  double secondOf(int c) {
    return total(second, c);
  }

  private double total(double[] columns, int c) {
    int length = block.length();
    double even = 0;
    double odd = 0;
    for (int repeat = 0; repeat < block.repeats(); repeat++) {
      int from = (repeat * block.channels() + c) * length;
      int i = 0;
      for (; i + 2 <= length; i += 2) {
        even += columns[from + i];
        odd += columns[from + i + 1];
      }
      for (; i < length; i++) {
        even += columns[from + i];
      }
    }
    return even + odd;
  }

  @Override
  public void close() {
    scratch.giveBack(block.width(), first);
    scratch.giveBack(block.width(), second);
  }
}
