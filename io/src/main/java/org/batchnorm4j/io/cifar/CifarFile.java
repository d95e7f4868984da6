package org.batchnorm4j.io.cifar;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.batchnorm4j.io.FormatException;

/**
 * A handle on one binary file of CIFAR-10, such as {@code data_batch_1.bin}.
 *
 * <p>Each record is one byte for the label (0 to 9) and 3072 for the picture: 32x32 red, then
 * green, then blue, each row by row, so a picture is {@code (3, 32, 32)}. Opening looks only at the
 * length of the file. Source: the page of the CIFAR-10 data set (Krizhevsky, Nair, Hinton).
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class CifarFile {
  /** Bytes of one picture. */
  public static final int IMAGE_BYTES = 3 * 32 * 32;

  private static final int RECORD_BYTES = 1 + IMAGE_BYTES;
  private static final int CLASSES = 10;

  private final Path path;
  private final int count;

  private CifarFile(Path path, int count) {
    this.path = path;
    this.count = count;
  }

  /**
   * Opens a file.
   *
   * @throws FormatException if its length is not a multiple of 3073, or 0
   */
  public static CifarFile open(Path path) throws IOException {
    long bytes = Files.size(path);
    long count = bytes / RECORD_BYTES;
    if (bytes == 0) {
      throw new FormatException(path, "the file is empty, expected records of 3073 bytes");
    }
    if (count * RECORD_BYTES != bytes) {
      throw new FormatException(
          path,
          "record "
              + count
              + " at byte "
              + count * RECORD_BYTES
              + " is cut short: the file ends at byte "
              + bytes
              + ", but each record has 3073 bytes");
    }
    if (count * IMAGE_BYTES > Integer.MAX_VALUE - 8) {
      throw new FormatException(path, count + " records do not fit into an array");
    }
    return new CifarFile(path, (int) count);
  }

  /** Returns the path as it was given. */
  public Path path() {
    return path;
  }

  /** Returns the number of records. */
  public int count() {
    return count;
  }

  /**
   * Reads all records into {@code images} and {@code labels}, beginning at record {@code first} of
   * these.
   *
   * @throws FormatException if a label is above 9, or the file has become shorter
   * @throws IndexOutOfBoundsException if the arrays have no room for {@link #count()} records from
   *     {@code first}
   */
  public void read(byte[] images, byte[] labels, int first) throws IOException {
    Objects.checkFromIndexSize(first, count, labels.length);
    Objects.checkFromIndexSize(
        (long) first * IMAGE_BYTES, (long) count * IMAGE_BYTES, images.length);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
      for (int record = 0; record < count; record++) {
        long at = (long) record * RECORD_BYTES;
        int label = in.read();
        int read = in.readNBytes(images, (first + record) * IMAGE_BYTES, IMAGE_BYTES);
        if (label < 0 || read < IMAGE_BYTES) {
          throw new FormatException(path, "record " + record + " at byte " + at + " is cut short");
        }
        if (label >= CLASSES) {
          throw new FormatException(
              path,
              "label " + label + " of record " + record + " at byte " + at + " is not in 0 to 9");
        }
        labels[first + record] = (byte) label;
      }
    }
  }
}
