package org.batchnorm4j.data;

import java.util.Objects;

/**
 * Pictures of one shape, a byte per value, each with the number of its class.
 *
 * <p>Pictures are stored {@code (N, C, H, W)}; a {@link DataLoader} turns them into batches of
 * tensors. Immutable and safe for use by several threads, provided nobody changes the arrays handed
 * to {@link #of}.
 */
public final class Dataset {
  private final String name;
  private final ImageShape shape;
  private final int classes;
  private final Normalisation normalisation;
  private final byte[] pixels;
  private final byte[] labels;
  private final int first;
  private final int size;

  private Dataset(
      String name,
      ImageShape shape,
      int classes,
      Normalisation normalisation,
      byte[] pixels,
      byte[] labels,
      int first,
      int size) {
    this.name = name;
    this.shape = shape;
    this.classes = classes;
    this.normalisation = normalisation;
    this.pixels = pixels;
    this.labels = labels;
    this.first = first;
    this.size = size;
  }

  /**
   * Returns a data set over the given arrays, which are kept, not copied.
   *
   * @param name what messages and summaries call it
   * @param shape the shape {@code (C, H, W)} of each picture
   * @param classes number of classes, at most 256
   * @param normalisation constants for the channels of {@code shape}
   * @param pixels all pictures one after another, {@code labels.length * C * H * W} unsigned bytes
   * @param labels the class of each picture, an unsigned byte
   * @throws IllegalArgumentException if sizes do not agree or a label is not below {@code classes}
   */
  public static Dataset of(
      String name,
      ImageShape shape,
      int classes,
      Normalisation normalisation,
      byte[] pixels,
      byte[] labels) {
    if (pixels.length != (long) labels.length * shape.values()) {
      throw new IllegalArgumentException(
          "data set "
              + name
              + " has "
              + pixels.length
              + " pixel values, expected "
              + labels.length
              + " pictures of "
              + shape.values());
    }
    if (normalisation.channels() != shape.channels()) {
      throw new IllegalArgumentException(
          "data set "
              + name
              + " of shape "
              + shape
              + " got a normalisation for "
              + normalisation.channels()
              + " channels");
    }
    if (classes < 1 || classes > 256) {
      throw new IllegalArgumentException(
          "data set " + name + " has " + classes + " classes, expected 1 to 256");
    }
    for (int i = 0; i < labels.length; i++) {
      if ((labels[i] & 0xFF) >= classes) {
        throw new IllegalArgumentException(
            "label "
                + (labels[i] & 0xFF)
                + " of picture "
                + i
                + " in data set "
                + name
                + " is not below the number of classes, "
                + classes);
      }
    }
    return new Dataset(name, shape, classes, normalisation, pixels, labels, 0, labels.length);
  }

  /** Returns the name that messages and summaries use. */
  public String name() {
    return name;
  }

  /** Returns the number of pictures. */
  public int size() {
    return size;
  }

  /** Returns the number of classes; labels are below it. */
  public int classes() {
    return classes;
  }

  /** Returns the shape of each picture. */
  public ImageShape shape() {
    return shape;
  }

  /** Returns the constants that turn bytes into the numbers a network sees. */
  public Normalisation normalisation() {
    return normalisation;
  }

  /**
   * Returns the class of a picture.
   *
   * @throws IndexOutOfBoundsException if {@code index} is not in [0, {@link #size()})
   */
  public int label(int index) {
    return labels[first + Objects.checkIndex(index, size)] & 0xFF;
  }

  /**
   * Copies the values of a picture, {@code (C, H, W)} in row-major order, to {@code target} from
   * {@code offset} on.
   *
   * @throws IndexOutOfBoundsException if {@code index} is not in [0, {@link #size()}) or {@code
   *     target} is too short
   */
  public void copyPixels(int index, byte[] target, int offset) {
    System.arraycopy(pixels, pixelOffset(index), target, offset, shape.values());
  }

  /**
   * Returns the pictures from {@code from} to before {@code to} as a data set that shares the
   * arrays.
   *
   * @throws IndexOutOfBoundsException if the range does not lie within this data set
   */
  public Dataset range(int from, int to) {
    Objects.checkFromToIndex(from, to, size);
    return new Dataset(
        name, shape, classes, normalisation, pixels, labels, first + from, to - from);
  }

  /**
   * Returns all pixels, this data set's own beginning at {@link #pixelOffset}; callers must not
   * write.
   */
  byte[] pixels() {
    return pixels;
  }

  /** Returns where a picture begins in {@link #pixels()}. */
  int pixelOffset(int index) {
    return (first + Objects.checkIndex(index, size)) * shape.values();
  }

  /** Returns the name and size for messages. */
  @Override
  public String toString() {
    return name + ": " + size + " pictures " + shape + ", " + classes + " classes";
  }
}
