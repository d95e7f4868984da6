package org.batchnorm4j.tensor;

import java.util.Arrays;
import org.batchnorm4j.kernel.VirtualLanes;

/**
 * The lanes of two sums per channel of a {@link StripBlock}, and their totals, in scratch memory
 * that {@link #close} hands back.
 */
final class LaneSums implements AutoCloseable {
  private final StripBlock block;
  private final Scratch<double[]> scratch;
  private final int size;
  private final double[] first;
  private final double[] second;

  LaneSums(StripBlock block, Scratch<double[]> scratch) {
    this.block = block;
    this.scratch = scratch;
    size = Math.multiplyExact(block.channels(), VirtualLanes.COUNT);
    first = scratch.borrow(size);
    second = scratch.borrow(size);
    Arrays.fill(first, 0, size, 0.0);
    Arrays.fill(second, 0, size, 0.0);
  }

  /** The lanes of the first sum; filled by kernels. */
  double[] first() {
    return first;
  }

  /** The lanes of the second sum; filled by kernels. */
  double[] second() {
    return second;
  }

  /** Writes the totals at the index of the channel. The lanes are lost. */
  void totals(double[] firsts, double[] seconds) {
    for (int c = 0; c < block.channels(); c++) {
      int lanes = c * VirtualLanes.COUNT;
      firsts[block.channel() + c] = VirtualLanes.fold(first, lanes);
      seconds[block.channel() + c] = VirtualLanes.fold(second, lanes);
    }
  }

  @Override
  public void close() {
    scratch.giveBack(size, first);
    scratch.giveBack(size, second);
  }
}
