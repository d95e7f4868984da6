package org.batchnorm4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.batchnorm4j.tensor.RandomStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns a {@link Dataset} into batches of normalised tensors, epoch after epoch.
 *
 * <p>Images come as float32 {@code (N, C, H, W)}, each value {@code (byte / 255 - mean) /
 * deviation} of its channel; labels as int64 {@code (N)}. What batch {@code b} of epoch {@code e}
 * holds depends on the data, the options and these two numbers alone: the order comes from (seed,
 * epoch), a picture's changes from (seed, epoch, its place in the data set). So threads make no
 * difference, and a run can be taken up at any batch.
 *
 * <p>A ring of {@code prefetch + 2} buffers (one without prefetch) is made once and used for all
 * epochs. Not safe for use by several threads at once; one epoch can be open at a time.
 */
public final class DataLoader {
  private final Dataset data;
  private final LoaderOptions options;
  private final int batches;
  private final PictureConverter converter;
  private final List<BatchBuffer> buffers = new ArrayList<>();
  private boolean open;

  /** Makes a loader; memory for batches is taken when the first epoch is opened. */
  public DataLoader(Dataset data, LoaderOptions options) {
    this.data = data;
    this.options = options;
    int whole = data.size() / options.batchSize();
    int rest = data.size() % options.batchSize();
    boolean restCounts =
        switch (options.lastBatch()) {
          case KEEP -> rest > 0;
          // with a batch size of 1 there is no rest: who asks for single pictures gets them
          case DROP_IF_SINGLE -> rest > 1;
          case DROP -> false;
        };
    this.batches = restCounts ? whole + 1 : whole;
    this.converter = new PictureConverter(data, options.augmentation(), options.seed());
  }

  /** Returns the data set. */
  public Dataset dataset() {
    return data;
  }

  /** Returns the options. */
  public LoaderOptions options() {
    return options;
  }

  /** Returns the number of batches in each epoch. */
  public int batches() {
    return batches;
  }

  /** Returns the number of pictures in each epoch, without those that {@link LastBatch} drops. */
  public int picturesPerEpoch() {
    return (int) Math.min(data.size(), (long) batches * options.batchSize());
  }

  /** Opens an epoch at its first batch; see {@link #epoch(long, int)}. */
  public Batches epoch(long epoch) {
    return epoch(epoch, 0);
  }

  /**
   * Opens an epoch at batch {@code first}, as after a restart; the batches are those of a whole
   * epoch from there on.
   *
   * @throws IndexOutOfBoundsException if {@code first} is not in [0, {@link #batches()}]
   * @throws IllegalStateException if the epoch opened before is not closed
   */
  public Batches epoch(long epoch, int first) {
    Objects.checkFromToIndex(first, batches, batches);
    if (open) {
      throw new IllegalStateException("close the epoch opened before; a loader has one at a time");
    }
    open = true;
    while (buffers.size() < (options.prefetch() == 0 ? 1 : options.prefetch() + 2)) {
      buffers.add(new BatchBuffer(Math.min(options.batchSize(), data.size()), data.shape()));
    }
    Maker maker = new Maker(epoch, options.shuffle() ? order(epoch) : null);
    return options.prefetch() == 0
        ? new DirectBatches(maker, buffers.getFirst(), first)
        : new PrefetchedBatches(maker, buffers, first);
  }

  /**
   * Returns a random permutation by (seed, epoch): Fisher and Yates, in the form of Durstenfeld.
   */
  private int[] order(long epoch) {
    RandomStream random = RandomStream.named("data.order", options.seed(), epoch);
    int[] order = new int[data.size()];
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** The batches of one epoch. */
  private final class Maker implements BatchMaker {
    private final long epoch;
    private final int @Nullable [] order;

    Maker(long epoch, int @Nullable [] order) {
      this.epoch = epoch;
      this.order = order;
    }

    @Override
    public int batches() {
      return batches;
    }

    @Override
    public Batch make(int index, BatchBuffer buffer) {
      int from = index * options.batchSize();
      int size = Math.min(options.batchSize(), data.size() - from);
      for (int i = 0; i < size; i++) {
        int picture = order == null ? from + i : order[from + i];
        converter.write(picture, epoch, buffer.imageValues(), i * data.shape().values());
        buffer.labelValues()[i] = data.label(picture);
      }
      return buffer.batch(index, size);
    }

    @Override
    public void closed() {
      open = false;
    }
  }
}
