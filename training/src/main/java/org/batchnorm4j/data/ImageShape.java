package org.batchnorm4j.data;

/**
 * The shape of one picture, channels first: {@code (C, H, W)}.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param channels 1 for grey, 3 for red, green, blue
 * @param height rows
 * @param width columns
 */
public record ImageShape(int channels, int height, int width) {

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if a size is not positive or a picture has more than 2^31 - 1
   *     values
   */
  public ImageShape {
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "image shape (" + channels + ", " + height + ", " + width + ") has a size below 1");
    }
    // widths below 2^31 keep the product of two within a long; the quotient checks the third
    if ((long) height * width > Integer.MAX_VALUE / channels) {
      throw new IllegalArgumentException(
          "image shape ("
              + channels
              + ", "
              + height
              + ", "
              + width
              + ") has more than 2^31 - 1 values");
    }
  }

  /** Returns the number of values, {@code C * H * W}. */
  public int values() {
    return channels * height * width;
  }

  /** Returns the number of values of one channel, {@code H * W}. */
  public int plane() {
    return height * width;
  }

  /** Returns the shape as {@code (C, H, W)}. */
  @Override
  public String toString() {
    return "(" + channels + ", " + height + ", " + width + ")";
  }
}
