package org.batchnorm4j.data;

import java.util.Arrays;
import org.batchnorm4j.tensor.RandomStream;

/**
 * Writes pictures as the numbers a network sees: changed at random, then normalised.
 *
 * <p>Immutable and safe for use by several threads.
 */
final class PictureConverter {
  private final Dataset data;
  private final Augmentation augmentation;
  private final long seed;

  /** What each byte becomes, for each channel. */
  private final float[][] tables;

  PictureConverter(Dataset data, Augmentation augmentation, long seed) {
    this.data = data;
    this.augmentation = augmentation;
    this.seed = seed;
    this.tables = new float[data.shape().channels()][];
    Arrays.setAll(tables, data.normalisation()::table);
  }

  /** Writes picture {@code index} as epoch {@code epoch} has it, {@code (C, H, W)}. */
  void write(int index, long epoch, float[] target, int offset) {
    int down = 0;
    int right = 0;
    boolean mirrored = false;
    if (!augmentation.isNone()) {
      RandomStream random = RandomStream.named("data.augmentation", seed, epoch, index);
      int padding = augmentation.cropPadding();
      down = random.nextInt(2 * padding + 1) - padding;
      right = random.nextInt(2 * padding + 1) - padding;
      mirrored = augmentation.flip() && random.nextInt(2) == 1;
    }
    ImageShape shape = data.shape();
    int from = data.pixelOffset(index);
    for (int c = 0; c < shape.channels(); c++) {
      float[] table = tables[c];
      if (down == 0 && right == 0 && !mirrored) {
        plain(from, table, target, offset, shape.plane());
      } else {
        window(from, table, target, offset, down, right, mirrored);
      }
      from += shape.plane();
      offset += shape.plane();
    }
  }

  private void plain(int from, float[] table, float[] target, int offset, int length) {
    byte[] pixels = data.pixels();
    for (int i = 0; i < length; i++) {
      target[offset + i] = table[pixels[from + i] & 0xFF];
    }
  }

  /**
   * One channel, cut out {@code down} and {@code right} of its place; what lies outside is black.
   */
  private void window(
      int from, float[] table, float[] target, int offset, int down, int right, boolean mirrored) {
    byte[] pixels = data.pixels();
    int height = data.shape().height();
    int width = data.shape().width();
    int at = offset;
    for (int y = 0; y < height; y++) {
      int row = y + down;
      for (int x = 0; x < width; x++) {
        int column = (mirrored ? width - 1 - x : x) + right;
        boolean inside = row >= 0 && row < height && column >= 0 && column < width;
        target[at++] = table[inside ? pixels[from + row * width + column] & 0xFF : 0];
      }
    }
  }
}
