package org.batchnorm4j.tensor;

/**
 * A pivot per channel of a block, which moments are taken about: the channel's first value, or 0 if
 * that is not finite. In scratch memory that {@link #close} hands back.
 */
final class Pivots implements AutoCloseable {
  private final StripBlock block;
  private final Scratch<float[]> scratch;
  private final float[] values;

  Pivots(SumSource source, StripBlock block, Scratch<float[]> scratch) {
    this.block = block;
    this.scratch = scratch;
    values = scratch.borrow(block.channels());
    for (int c = 0; c < block.channels(); c++) {
      float first = source.value(block.from() + c * block.length());
      values[c] = Float.isFinite(first) ? first : 0f;
    }
  }

  /** The pivots from 0 on. */
  float[] values() {
    return values;
  }

  /**
   * Turns the sums of {@code x - pivot} and of its squares, at the index of the channel, into mean
   * and M2.
   */
  void toMoments(double[] sums, double[] squares) {
    double n = block.count();
    for (int c = 0; c < block.channels(); c++) {
      int k = block.channel() + c;
      double sum = sums[k];
      squares[k] = Math.max(0.0, squares[k] - sum * (sum / n));
      sums[k] = values[c] + sum / n;
    }
  }

  @Override
  public void close() {
    scratch.giveBack(block.channels(), values);
  }
}
