package org.batchnorm4j.io.idx;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.ReadLimitException;
import org.batchnorm4j.io.ReadLimits;

/**
 * A handle on an IDX file of unsigned bytes: images {@code (N, H, W)} or labels {@code (N)}.
 *
 * <p>Opening reads the header and compares the sizes it declares with the size of the file; the
 * data is read by {@link #read()}. A file that begins with the two magic bytes of gzip is unpacked
 * while it is read, whatever its name; byte offsets in messages then count unpacked bytes.
 *
 * <p>Layout: two zero bytes, one byte for the type (8: unsigned byte), one for the rank, one
 * big-endian int32 for each size, then the data in row-major order. Bytes after the data are
 * refused. Source: the page of the MNIST database (LeCun, Cortes, Burges).
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class IdxFile {

  /** What an IDX file may hold. */
  public enum Kind {
    /** Pictures {@code (N, H, W)}; magic number 2051. */
    IMAGES(2051, "images", "an image file"),
    /** Class numbers {@code (N)}; magic number 2049. */
    LABELS(2049, "labels", "a label file");

    private final int magic;
    private final String content;
    private final String file;

    Kind(int magic, String content, String file) {
      this.magic = magic;
      this.content = content;
      this.file = file;
    }

    int rank() {
      return magic & 0xFF;
    }
  }

  /** Deflate never packs more than about 1032 bytes into one. */
  private static final long LARGEST_RATIO = 1032;

  private static final String[] AXES = {"number of items", "number of rows", "number of columns"};

  private final Path path;
  private final Kind kind;
  private final boolean packed;
  private final int[] sizes;
  private final int dataBytes;

  private IdxFile(Path path, Kind kind, boolean packed, int[] sizes, int dataBytes) {
    this.path = path;
    this.kind = kind;
    this.packed = packed;
    this.sizes = sizes;
    this.dataBytes = dataBytes;
  }

  /** Opens a file with the default {@link ReadLimits}. */
  public static IdxFile open(Path path, Kind kind) throws IOException {
    return open(path, kind, ReadLimits.defaults());
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws FormatException if the file is cut short, its magic number is not the one of {@code
   *     kind}, a size is not positive (0 items are allowed), or the sizes do not fit the file
   * @throws ReadLimitException if the file unpacks to more than {@code limits} allows
   */
  public static IdxFile open(Path path, Kind kind, ReadLimits limits) throws IOException {
    long fileBytes = Files.size(path);
    boolean packed = packed(path);
    CountedStream in = stream(path, packed);
    try (in) {
      int magic = readInt(in, path, "magic number", 0);
      if (magic != kind.magic) {
        throw new FormatException(path, wrongMagic(magic, kind));
      }
      int[] sizes = new int[kind.rank()];
      long bytes = 1;
      for (int axis = 0; axis < sizes.length; axis++) {
        long at = 4 + 4L * axis;
        sizes[axis] = readInt(in, path, AXES[axis], at);
        if (sizes[axis] < (axis == 0 ? 0 : 1)) {
          throw new FormatException(
              path, AXES[axis] + " " + sizes[axis] + " at byte " + at + " is not a size");
        }
        // two sizes below 2^31 cannot overflow, the third is checked
        bytes =
            bytes > Long.MAX_VALUE / Math.max(1, sizes[axis])
                ? Long.MAX_VALUE
                : bytes * sizes[axis];
      }
      int dataBytes =
          checkedBytes(path, packed, fileBytes, 4 + 4L * sizes.length, sizes, bytes, limits);
      return new IdxFile(path, kind, packed, sizes, dataBytes);
    } catch (EOFException | ZipException e) {
      throw badPacking(path, kind, in.count(), Long.MAX_VALUE, e);
    }
  }

  private static int checkedBytes(
      Path path,
      boolean packed,
      long fileBytes,
      long header,
      int[] sizes,
      long bytes,
      ReadLimits limits)
      throws FormatException {
    if (packed ? bytes / LARGEST_RATIO > fileBytes : bytes != fileBytes - header) {
      String is =
          packed ? "a packed file of " + fileBytes + " bytes" : (fileBytes - header) + " bytes";
      throw new FormatException(
          path,
          "the sizes "
              + times(sizes)
              + " at byte 4 ask for "
              + bytes
              + " bytes of data, but "
              + is
              + " follow"
              + (packed ? "s" : "")
              + " the header");
    }
    if (bytes > limits.unpackedBytes()) {
      throw new ReadLimitException(
          path,
          bytes + " bytes of data exceed the read limit unpackedBytes = " + limits.unpackedBytes());
    }
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new ReadLimitException(path, bytes + " bytes of data do not fit into an array");
    }
    return (int) bytes;
  }

  /** Returns the path as it was given. */
  public Path path() {
    return path;
  }

  /** Returns what the file holds. */
  public Kind kind() {
    return kind;
  }

  /** Returns the number of images or labels. */
  public int count() {
    return sizes[0];
  }

  /** Returns the rows of each image; 1 for labels. */
  public int height() {
    return kind == Kind.IMAGES ? sizes[1] : 1;
  }

  /** Returns the columns of each image; 1 for labels. */
  public int width() {
    return kind == Kind.IMAGES ? sizes[2] : 1;
  }

  /**
   * Reads all data.
   *
   * @return {@code count * height * width} unsigned bytes
   * @throws FormatException if the file ends before the data does, goes on after it, or cannot be
   *     unpacked
   */
  public byte[] read() throws IOException {
    int header = 4 + 4 * sizes.length;
    CountedStream in = stream(path, packed);
    try (in) {
      if (in.readNBytes(header).length < header) {
        throw new FormatException(path, "the file ends inside its header");
      }
      byte[] data = in.readNBytes(dataBytes);
      if (data.length < dataBytes) {
        throw new FormatException(
            path,
            "the data ends at byte "
                + (header + (long) data.length)
                + ", expected "
                + dataBytes
                + " bytes from byte "
                + header);
      }
      if (in.read() >= 0) {
        throw new FormatException(
            path, "bytes follow the data that ends at byte " + (header + (long) dataBytes));
      }
      return data;
    } catch (EOFException | ZipException e) {
      throw badPacking(path, kind, in.count(), (long) header + dataBytes, e);
    }
  }

  private static boolean packed(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return in.read() == 0x1f && in.read() == 0x8b;
    }
  }

  private static CountedStream stream(Path path, boolean packed) throws IOException {
    InputStream raw = Files.newInputStream(path);
    if (!packed) {
      return new CountedStream(new BufferedInputStream(raw));
    }
    try {
      return new CountedStream(new GZIPInputStream(raw, 1 << 16));
    } catch (EOFException | ZipException e) {
      raw.close();
      throw new FormatException(
          path, "the gzip header at byte 0 of the file is damaged: " + reason(e), e);
    }
  }

  private static int readInt(InputStream in, Path path, String field, long at) throws IOException {
    byte[] bytes = in.readNBytes(4);
    if (bytes.length < 4) {
      throw new FormatException(
          path,
          "the file ends at byte "
              + (at + bytes.length)
              + " inside the "
              + field
              + " at byte "
              + at);
    }
    return ByteBuffer.wrap(bytes).getInt();
  }

  private static String wrongMagic(int magic, Kind expected) {
    String found = "magic number " + magic + " at byte 0 ";
    for (Kind other : Kind.values()) {
      if (magic == other.magic) {
        found += "is that of " + other.file + "; ";
      }
    }
    if (!found.endsWith("; ")) {
      found +=
          switch (magic >>> 8) {
            case 0x09 -> "announces signed bytes; ";
            case 0x0B -> "announces int16 values; ";
            case 0x0C -> "announces int32 values; ";
            case 0x0D -> "announces float32 values; ";
            case 0x0E -> "announces float64 values; ";
            case 0x08 -> "announces unsigned bytes of rank " + (magic & 0xFF) + "; ";
            default -> "is not that of an IDX file; ";
          };
    }
    return found + "expected " + expected.magic + " (" + expected.content + ")";
  }

  private static String times(int[] sizes) {
    StringBuilder text = new StringBuilder();
    for (int size : sizes) {
      text.append(text.isEmpty() ? "" : " x ").append(size);
    }
    return text.toString();
  }

  /** Says which field could not be unpacked whole, and at which unpacked byte that showed. */
  private static FormatException badPacking(
      Path path, Kind kind, long unpacked, long end, IOException cause) {
    String field;
    if (unpacked >= end) {
      field = "checksum and length behind the " + kind.content;
    } else if (unpacked >= 4 + 4L * kind.rank()) {
      field = kind.content;
    } else {
      int word = (int) (unpacked / 4);
      field = word == 0 ? "magic number" : AXES[word - 1];
    }
    return new FormatException(
        path,
        "the gzip packing is damaged at unpacked byte "
            + unpacked
            + ", in the "
            + field
            + ": "
            + reason(cause),
        cause);
  }

  private static String reason(IOException cause) {
    return cause instanceof EOFException
        ? "the file ends too early"
        : FormatException.quote(String.valueOf(cause.getMessage()));
  }
}
