package org.batchnorm4j.data;

/**
 * How a {@link DataLoader} makes batches.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class LoaderOptions {
  private final int batchSize;
  private final boolean shuffle;
  private final long seed;
  private final LastBatch lastBatch;
  private final Augmentation augmentation;
  private final int prefetch;

  private LoaderOptions(
      int batchSize,
      boolean shuffle,
      long seed,
      LastBatch lastBatch,
      Augmentation augmentation,
      int prefetch) {
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.seed = seed;
    this.lastBatch = lastBatch;
    this.augmentation = augmentation;
    this.prefetch = prefetch;
  }

  /**
   * Returns options for training: shuffled by {@code seed}, a last batch of one picture left out,
   * no augmentation, two batches made ahead on another thread.
   *
   * @throws IllegalArgumentException if {@code batchSize} is below 1
   */
  public static LoaderOptions training(int batchSize, long seed) {
    return new LoaderOptions(
        checkedBatchSize(batchSize), true, seed, LastBatch.DROP_IF_SINGLE, Augmentation.none(), 2);
  }

  /**
   * Returns options for evaluation: every picture once and in order, two batches made ahead on
   * another thread.
   *
   * @throws IllegalArgumentException if {@code batchSize} is below 1
   */
  public static LoaderOptions evaluation(int batchSize) {
    return new LoaderOptions(
        checkedBatchSize(batchSize), false, 0, LastBatch.KEEP, Augmentation.none(), 2);
  }

  private static int checkedBatchSize(int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size is " + batchSize + ", expected 1 or more");
    }
    return batchSize;
  }

  /** Returns the number of pictures in each batch but perhaps the last. */
  public int batchSize() {
    return batchSize;
  }

  /** Returns whether each epoch has an order of its own. */
  public boolean shuffle() {
    return shuffle;
  }

  /** Returns the seed of order and augmentation. */
  public long seed() {
    return seed;
  }

  /** Returns what happens to a smaller last batch. */
  public LastBatch lastBatch() {
    return lastBatch;
  }

  /** Returns the random changes to pictures. */
  public Augmentation augmentation() {
    return augmentation;
  }

  /** Returns how many batches are made ahead on another thread; 0 for none. */
  public int prefetch() {
    return prefetch;
  }

  /** Returns these options with another {@link #lastBatch()}. */
  public LoaderOptions withLastBatch(LastBatch last) {
    return new LoaderOptions(batchSize, shuffle, seed, last, augmentation, prefetch);
  }

  /** Returns these options with another {@link #augmentation()}. */
  public LoaderOptions withAugmentation(Augmentation changes) {
    return new LoaderOptions(batchSize, shuffle, seed, lastBatch, changes, prefetch);
  }

  /**
   * Returns these options with another {@link #prefetch()}.
   *
   * @throws IllegalArgumentException if {@code batches} is negative or above 1000
   */
  public LoaderOptions withPrefetch(int batches) {
    if (batches < 0 || batches > 1000) {
      throw new IllegalArgumentException("prefetch is " + batches + " batches, expected 0 to 1000");
    }
    return new LoaderOptions(batchSize, shuffle, seed, lastBatch, augmentation, batches);
  }
}
