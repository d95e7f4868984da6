package org.batchnorm4j.data;

/**
 * Random changes to the pictures of a training set, drawn anew for each picture in each epoch.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param cropPadding how many black pixels are thought around the picture before a window of its
 *     own size is cut out anywhere; 0 for no crop
 * @param flip whether every other picture, on average, is mirrored left to right
 */
public record Augmentation(int cropPadding, boolean flip) {
  private static final Augmentation NONE = new Augmentation(0, false);

  /**
   * Checks the padding.
   *
   * @throws IllegalArgumentException if {@code cropPadding} is negative or above 1024
   */
  public Augmentation {
    if (cropPadding < 0 || cropPadding > 1024) {
      throw new IllegalArgumentException(
          "crop padding is " + cropPadding + " pixels, expected 0 to 1024");
    }
  }

  /** Returns the augmentation that changes nothing. */
  public static Augmentation none() {
    return NONE;
  }

  /** Returns what is usual for CIFAR-10: a crop with 4 pixels of padding, and flips. */
  public static Augmentation cropAndFlip() {
    return new Augmentation(4, true);
  }

  /** Returns whether pictures pass unchanged. */
  public boolean isNone() {
    return cropPadding == 0 && !flip;
  }
}
