package org.batchnorm4j.data;

/**
 * A data set to train on and one to test with, of the same shape and classes.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param training what a network learns from
 * @param test what it has not seen
 */
public record DataSplit(Dataset training, Dataset test) {

  /**
   * Checks that both fit together.
   *
   * @throws IllegalArgumentException if shapes or numbers of classes differ
   */
  public DataSplit {
    if (!training.shape().equals(test.shape()) || training.classes() != test.classes()) {
      throw new IllegalArgumentException(
          "training set (" + training + ") and test set (" + test + ") do not fit together");
    }
  }

  /**
   * Splits one data set: the last {@code holdout} pictures are kept for testing.
   *
   * @throws IllegalArgumentException if {@code holdout} is below 1 or leaves nothing to train on
   */
  public static DataSplit holdingOut(Dataset all, int holdout) {
    if (holdout < 1 || holdout >= all.size()) {
      throw new IllegalArgumentException(
          "holdout "
              + holdout
              + " of "
              + all.size()
              + " pictures in "
              + all.name()
              + ": expected 1 to "
              + (all.size() - 1));
    }
    int kept = all.size() - holdout;
    return new DataSplit(all.range(0, kept), all.range(kept, all.size()));
  }
}
