package org.batchnorm4j.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is known per channel, spread over the columns of a {@link StripBlock}, in scratch memory
 * that {@link #close} hands back. Where columns are channels, nothing is copied.
 */
final class Columns implements AutoCloseable {
  private final StripBlock block;
  private final Scratch<float[]> scratch;
  private final List<float[]> borrowed = new ArrayList<>(6);

  Columns(StripBlock block, Scratch<float[]> scratch) {
    this.block = block;
    this.scratch = scratch;
  }

  /** Where the values of the block's first column lie. */
  int at() {
    return block.isPlain() ? block.channel() : 0;
  }

  /** A value per column from {@link #at} on. */
  float[] of(float[] perChannel) {
    return block.isPlain() ? perChannel : spread(perChannel, block.channel());
  }

  /** A value per column from 0 on, taken from one per channel of the block. */
  float[] spread(float[] perChannel, int first) {
    float[] values = scratch.borrow(block.width());
    borrowed.add(values);
    int length = block.length();
    int channels = block.channels();
    if (length == 1) {
      System.arraycopy(perChannel, first, values, 0, channels);
    } else {
      for (int c = 0; c < channels; c++) {
        Arrays.fill(values, c * length, (c + 1) * length, perChannel[first + c]);
      }
    }
    for (int done = channels * length; done < block.width(); done *= 2) {
      System.arraycopy(values, 0, values, done, Math.min(done, block.width() - done));
    }
    return values;
  }

  @Override
  public void close() {
    for (float[] values : borrowed) {
      scratch.giveBack(block.width(), values);
    }
  }
}
