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
   * up in two chains, the even and the odd ones of each run; the chains of both sums side by side,
   * since each addition waits for the one before it. The sums per column are lost.
   */
  void totals(double[] firsts, double[] seconds, int at) {
    int channels = block.channels();
    int length = block.length();
    addRepeats(channels * length);
    if (length == 1) {
      System.arraycopy(first, 0, firsts, at, channels);
      System.arraycopy(second, 0, seconds, at, channels);
      return;
    }
    for (int c = 0; c < channels; c++) {
      total(c * length, (c + 1) * length, firsts, seconds, at + c);
    }
  }

  /**
   * Adds up the columns that are the same in each repeat. Four at a time stay in registers: through
   * memory each addition waits for the one before it to be stored.
   */
  private void addRepeats(int once) {
    int width = block.width();
    if (width == once) {
      return;
    }
    int i = 0;
    for (; i + 4 <= once; i += 4) {
      addRepeats(first, i, once, width);
      addRepeats(second, i, once, width);
    }
    for (; i < once; i++) {
      for (int from = i + once; from < width; from += once) {
        first[i] += first[from];
        second[i] += second[from];
      }
    }
  }

  private static void addRepeats(double[] columns, int at, int once, int width) {
    double sum0 = columns[at];
    double sum1 = columns[at + 1];
    double sum2 = columns[at + 2];
    double sum3 = columns[at + 3];
    for (int from = at + once; from < width; from += once) {
      sum0 += columns[from];
      sum1 += columns[from + 1];
      sum2 += columns[from + 2];
      sum3 += columns[from + 3];
    }
    columns[at] = sum0;
    columns[at + 1] = sum1;
    columns[at + 2] = sum2;
    columns[at + 3] = sum3;
  }

  private void total(int from, int to, double[] firsts, double[] seconds, int at) {
    double even = 0;
    double odd = 0;
    double secondEven = 0;
    double secondOdd = 0;
    int i = from;
    for (; i + 2 <= to; i += 2) {
      even += first[i];
      odd += first[i + 1];
      secondEven += second[i];
      secondOdd += second[i + 1];
    }
    firsts[at] = i < to ? even + first[i] + odd : even + odd;
    seconds[at] = i < to ? secondEven + second[i] + secondOdd : secondEven + secondOdd;
  }

  @Override
  public void close() {
    scratch.giveBack(block.width(), first);
    scratch.giveBack(block.width(), second);
  }
}
