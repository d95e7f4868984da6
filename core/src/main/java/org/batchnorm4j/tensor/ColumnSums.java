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

  /**
   * Writes the totals of the block's channels from {@code at} on. Columns of one channel are added
   * up in two chains, the even and the odd ones of each run. The sums per column are lost.
   */
  void totals(double[] firsts, double[] seconds, int at) {
    addUp(first, firsts, at);
    addUp(second, seconds, at);
  }

  private void addUp(double[] columns, double[] totals, int at) {
    int channels = block.channels();
    int length = block.length();
    int once = channels * length;
    for (int from = once; from < block.width(); from += once) {
      for (int i = 0; i < once; i++) {
        columns[i] += columns[from + i];
      }
    }
    if (length == 1) {
      System.arraycopy(columns, 0, totals, at, channels);
      return;
    }
    for (int c = 0; c < channels; c++) {
      totals[at + c] = total(columns, c * length, (c + 1) * length);
    }
  }

  private static double total(double[] columns, int from, int to) {
    double even = 0;
    double odd = 0;
    int i = from;
    for (; i + 2 <= to; i += 2) {
      even += columns[i];
      odd += columns[i + 1];
    }
    return i < to ? even + columns[i] + odd : even + odd;
  }

  @Override
  public void close() {
    scratch.giveBack(block.width(), first);
    scratch.giveBack(block.width(), second);
  }
}
