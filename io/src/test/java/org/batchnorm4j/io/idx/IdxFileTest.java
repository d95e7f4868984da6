package org.batchnorm4j.io.idx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.ReadLimitException;
import org.batchnorm4j.io.ReadLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxFileTest {
  private static final byte[] PIXELS = {0, 1, 2, 3, 4, 5, (byte) 200, 7, 8, 9, 10, (byte) 255};

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void imagesAndLabelsAreReadPlainAndPacked(boolean packed) throws IOException {
    IdxFile images = IdxFile.open(file(images(2, 2, 3, PIXELS), packed), IdxFile.Kind.IMAGES);
    assertEquals(2, images.count());
    assertEquals(2, images.height());
    assertEquals(3, images.width());
    assertArrayEquals(PIXELS, images.read());
    IdxFile labels =
        IdxFile.open(file(labels(3, new byte[] {7, 0, 9}), packed), IdxFile.Kind.LABELS);
    assertEquals(3, labels.count());
    assertArrayEquals(new byte[] {7, 0, 9}, labels.read());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void mixedUpFilesAreNamed(boolean packed) throws IOException {
    Path labels = file(labels(1, new byte[] {7}), packed);
    assertEquals(
        labels + ": magic number 2049 at byte 0 is that of a label file; expected 2051 (images)",
        message(labels, IdxFile.Kind.IMAGES));
    Path images = file(images(2, 2, 3, PIXELS), packed);
    assertEquals(
        images + ": magic number 2051 at byte 0 is that of an image file; expected 2049 (labels)",
        message(images, IdxFile.Kind.LABELS));
  }

  @Test
  void foreignMagicNumbersAreExplained() throws IOException {
    Path floats = file(ByteBuffer.allocate(12).putInt(0x0D03).array(), false);
    assertEquals(
        floats + ": magic number 3331 at byte 0 announces float32 values; expected 2051 (images)",
        message(floats, IdxFile.Kind.IMAGES));
    Path text = file("hello, world".getBytes(java.nio.charset.StandardCharsets.US_ASCII), false);
    assertEquals(
        text
            + ": magic number 1751477356 at byte 0 is not that of an IDX file; expected 2049"
            + " (labels)",
        message(text, IdxFile.Kind.LABELS));
  }

  @Test
  void sizesThatDoNotFitTheFileAreRefusedBeforeAllocation() throws IOException {
    Path large = file(images(2_000_000_000, 28, 28, PIXELS), false);
    assertEquals(
        large
            + ": the sizes 2000000000 x 28 x 28 at byte 4 ask for 1568000000000 bytes of data,"
            + " but 12 bytes follow the header",
        message(large, IdxFile.Kind.IMAGES));
    Path packed = file(images(2_000_000_000, 28, 28, PIXELS), true);
    assertTrue(
        message(packed, IdxFile.Kind.IMAGES).contains("ask for 1568000000000 bytes of data"));
    Path overflow =
        file(images(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, PIXELS), true);
    assertTrue(
        message(overflow, IdxFile.Kind.IMAGES).contains("ask for 9223372036854775807 bytes"));
    Path negative = file(images(2, -3, 28, PIXELS), false);
    assertEquals(
        negative + ": number of rows -3 at byte 8 is not a size",
        message(negative, IdxFile.Kind.IMAGES));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void trailingBytesAreRefused(boolean packed) throws IOException {
    Path path = file(images(2, 2, 3, Arrays.copyOf(PIXELS, 13)), packed);
    FormatException e =
        assertThrows(FormatException.class, () -> IdxFile.open(path, IdxFile.Kind.IMAGES).read());
    assertTrue(
        message(e)
            .endsWith(
                packed
                    ? "bytes follow the data that ends at byte 28"
                    : "ask for 12 bytes of data, but 13 bytes follow the header"),
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void truncationAtEveryByteIsAFormatException(boolean packed) throws IOException {
    byte[] whole = images(2, 2, 3, PIXELS);
    whole = packed ? pack(whole) : whole;
    for (int length = 0; length < whole.length; length++) {
      Path path = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, length));
      FormatException e =
          assertThrows(
              FormatException.class,
              () -> IdxFile.open(path, IdxFile.Kind.IMAGES).read(),
              "cut at " + length);
      assertTrue(message(e).startsWith(path + ": "), e.getMessage());
    }
  }

  @Test
  void damagedPackingIsAFormatException() throws IOException {
    byte[] packed = pack(images(2, 2, 3, PIXELS));
    for (int at = 0; at < packed.length; at++) {
      byte[] damaged = packed.clone();
      damaged[at] ^= 0x5a;
      Path path = Files.write(directory.resolve("damaged"), damaged);
      try {
        // time and name fields of the packing may hold anything
        assertArrayEquals(PIXELS, IdxFile.open(path, IdxFile.Kind.IMAGES).read());
      } catch (FormatException expected) {
        assertTrue(message(expected).startsWith(path + ": "), expected.getMessage());
      }
    }
  }

  @Test
  void damagedPackingNamesFieldAndUnpackedByte() throws IOException {
    // pixels that cannot be packed, so that a cut leaves about as many bytes as it keeps
    byte[] pixels = new byte[4000];
    new java.util.Random(1).nextBytes(pixels);
    byte[] packed = pack(images(1, 40, 100, pixels));
    Path pictures = Files.write(directory.resolve("cut.gz"), Arrays.copyOf(packed, 2000));
    IdxFile open = IdxFile.open(pictures, IdxFile.Kind.IMAGES);
    String cut = message(assertThrows(FormatException.class, open::read));
    assertTrue(
        cut.matches(
            java.util.regex.Pattern.quote(pictures.toString())
                + ": the gzip packing is damaged at unpacked byte 19\\d\\d, in the images: the file"
                + " ends too early"),
        cut);
    Path untrailed =
        Files.write(directory.resolve("tail.gz"), Arrays.copyOf(packed, packed.length - 3));
    IdxFile whole = IdxFile.open(untrailed, IdxFile.Kind.IMAGES);
    assertEquals(
        untrailed
            + ": the gzip packing is damaged at unpacked byte 4016, in the checksum and length"
            + " behind the images: the file ends too early",
        message(assertThrows(FormatException.class, whole::read)));
    Path wrongSum = directory.resolve("sum.gz");
    packed[packed.length - 8] ^= 1;
    Files.write(wrongSum, packed);
    IdxFile summed = IdxFile.open(wrongSum, IdxFile.Kind.IMAGES);
    String sum = message(assertThrows(FormatException.class, summed::read));
    assertTrue(sum.contains(" at unpacked byte 4016, in the checksum and length"), sum);
    Path stump = Files.write(directory.resolve("stump.gz"), Arrays.copyOf(packed, 10));
    assertEquals(
        stump
            + ": the gzip packing is damaged at unpacked byte 0, in the magic number: the file"
            + " ends too early",
        message(stump, IdxFile.Kind.IMAGES));
  }

  @Test
  void limitOnUnpackedBytesHolds() throws IOException {
    Path path = file(images(2, 2, 3, PIXELS), true);
    ReadLimitException e =
        assertThrows(
            ReadLimitException.class,
            () ->
                IdxFile.open(
                    path, IdxFile.Kind.IMAGES, ReadLimits.defaults().withUnpackedBytes(11)));
    assertEquals(
        path + ": 12 bytes of data exceed the read limit unpackedBytes = 11", e.getMessage());
  }

  private static String message(Path path, IdxFile.Kind kind) {
    return message(assertThrows(FormatException.class, () -> IdxFile.open(path, kind)));
  }

  private static String message(FormatException e) {
    return String.valueOf(e.getMessage());
  }

  private Path file(byte[] bytes, boolean packed) throws IOException {
    return Files.write(Files.createTempFile(directory, "idx", ""), packed ? pack(bytes) : bytes);
  }

  private static byte[] pack(byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }

  private static byte[] images(int count, int height, int width, byte[] pixels) {
    return ByteBuffer.allocate(16 + pixels.length)
        .putInt(2051)
        .putInt(count)
        .putInt(height)
        .putInt(width)
        .put(pixels)
        .array();
  }

  private static byte[] labels(int count, byte[] labels) {
    return ByteBuffer.allocate(8 + labels.length).putInt(2049).putInt(count).put(labels).array();
  }
}
