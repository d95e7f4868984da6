package org.batchnorm4j.io.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.ReadLimitException;
import org.batchnorm4j.io.ReadLimits;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsDamageTest {
  @TempDir Path directory;
  Path path;

  @BeforeEach
  void name() {
    path = directory.resolve("bn.safetensors");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "8 | {\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | tensor \"w\":"
            + " data_offsets [4, 12) end after the data section of 8 bytes (header, at byte 61)",
        "8 | {\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | tensor \"w\":"
            + " data_offsets [8, 0) end before they begin (header, at byte 60)",
        "8 | {\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | tensor \"w\":"
            + " data_offsets [0, 8) hold 8 bytes, but its dtype and shape ask for 12 (header, at"
            + " byte 60)",
        "8 | {\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | tensor \"w\":"
            + " data_offsets [4, 8) leave a hole after the data before them, which end at 0",
        "8 | {\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | the data section"
            + " has 8 bytes, but its tensors end at 4",
        "8 | {\"w\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]},\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}"
            + " | tensor \"v\": data_offsets [4, 8) overlap the data before them, which end at 6",
        "4 | {\"w\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}} | tensor \"w\": dtype"
            + " \"F31\" is not known (header, at byte 22)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | tensor \"w\":"
            + " shape has the negative number -1 (header, at byte 37)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}} | tensor \"w\":"
            + " shape is a fraction, expected a whole number (header, at byte 37)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,2],\"data_offsets\":[0,4]}} |"
            + " tensor \"w\": the sizes of its shape multiply to more than 2^63 bits (header, at"
            + " byte 80)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}} | tensor \"w\":"
            + " data_offsets has more than 2 numbers (header, at byte 60)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}} | tensor \"w\":"
            + " data_offsets has 1 numbers, expected 2 (header, at byte 57)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"shape\":[1]}} | tensor \"w\": data_offsets is missing"
            + " (header, at byte 39)",
        "4 | {\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1]}} | tensor \"w\": dtype"
            + " occurs twice (header, at byte 28)",
        "4 | {\"w\":{\"type\":\"F32\"}} | tensor \"w\": field \"type\" is not one of dtype, shape,"
            + " data_offsets (header, at byte 14)",
        "4 | {\"w\":[]} | tensor \"w\" is an array, expected an object (header, at byte 13)",
        "0 | {\"__metadata__\":{\"a\":1}} | __metadata__ \"a\" is a whole number, expected a text"
            + " (header, at byte 29)",
        "0 | {\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}} | __metadata__ \"a\" occurs twice"
            + " (header, at byte 37)",
        "0 | {\"__metadata__\":{},\"__metadata__\":{}} | __metadata__ occurs twice (header, at byte"
            + " 27)",
        "0 | {} {} | something follows the header's object (header, at byte 11)",
        "0 | [] | the header at byte 8 does not begin with {",
      })
  void damagedHeadersAreExplained(int dataBytes, String json, String message) throws IOException {
    write(json, dataBytes);
    FormatException e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    assertEquals(path + ": " + message, e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"__metadata__\":{\"a\":\"x\\ude00\"}}",
        "{\"__metadata__\":{\"\\ud83d\":\"x\"}}",
        "{\"\\ud83dx\":{}}"
      })
  void halvesOfSurrogatePairsAreRefused(String json) throws IOException {
    write(json, 0);
    FormatException e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    // the parser itself refuses some of them in names
    assertTrue(message(e).matches(".*(no valid Unicode|roken surrogate pair).*"), message(e));
  }

  @Test
  void wholeSurrogatePairsAreRead() throws IOException {
    write("{\"__metadata__\":{\"a\":\"\\ud83d\\ude00\"}}", 0);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals("\uD83D\uDE00", file.metadata().get("a"));
    }
  }

  @Test
  void twoTensorsOfOneNameAreRefused() throws IOException {
    String entry = "\"w\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}";
    write("{" + entry + "," + entry + "}", 2);
    FormatException e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    assertTrue(message(e).startsWith(path + ": tensor \"w\" occurs twice"), message(e));
  }

  @Test
  void brokenJsonNamesTheByte() throws IOException {
    write("{\"w\": nothing}", 0);
    FormatException e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    assertTrue(
        message(e).startsWith(path + ": the header is not valid JSON at byte 1"), message(e));
    assertEquals(1, message(e).lines().count());
  }

  @Test
  void otherEncodingsThanUtf8AreRefused() throws IOException {
    byte[] json = "{}".getBytes(StandardCharsets.UTF_16LE); // a sound header, were it allowed
    byte[] file =
        ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putLong(4).put(json).array();
    Files.write(path, file);
    FormatException e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    assertEquals(path + ": the header has a zero byte at byte 9", e.getMessage());
  }

  @Test
  void typesThatCannotBeReadAreListedAndRefusedWhenRead() throws IOException {
    write("{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals("F8_E4M3", file.tensor("w").storedType());
      FormatException e = assertThrows(FormatException.class, () -> file.tensor("w").read());
      assertEquals(
          path
              + ": tensor \"w\": dtype F8_E4M3 cannot be read; expected F64, F32, F16, BF16, I64,"
              + " I32, U8 or BOOL",
          e.getMessage());
    }
  }

  @Test
  void truthValuesAreZeroOrOne() throws IOException {
    write("{\"w\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
    byte[] bytes = Files.readAllBytes(path);
    bytes[bytes.length - 1] = 2;
    Files.write(path, bytes);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      FormatException e = assertThrows(FormatException.class, () -> file.tensor("w").read());
      assertEquals(
          path
              + ": tensor \"w\": byte 2 at byte "
              + (bytes.length - 1)
              + " is neither 0 nor 1, as BOOL demands",
          e.getMessage());
    }
  }

  @Test
  void declaredHeaderLengthIsComparedWithTheFile() throws IOException {
    Files.write(path, header(Long.MAX_VALUE, "{}", 0));
    FormatException e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    assertEquals(
        path
            + ": the header's length 9223372036854775807 at byte 0 exceeds the 2 bytes that follow",
        e.getMessage());
    Files.write(path, header(-1, "{}", 0));
    e = assertThrows(FormatException.class, () -> SafetensorsFile.open(path));
    assertTrue(message(e).contains("length 18446744073709551615 at byte 0"), message(e));
  }

  @Test
  void limitsHold() throws IOException {
    ReadLimits limits = ReadLimits.defaults();
    write("{\"w\":{\"dtype\":\"U8\",\"shape\":[2,1],\"data_offsets\":[0,2]}}", 2);
    assertLimit(
        "the header's length 55 at byte 0 exceeds the read limit headerBytes = 54",
        limits.withHeaderBytes(54));
    assertLimit("more tensors than the read limit tensors = 0", limits.withTensors(0));
    FormatException e =
        assertThrows(FormatException.class, () -> SafetensorsFile.open(path, limits.withRank(1)));
    assertTrue(message(e).contains("shape has more than 1 numbers"), message(e));
    try (SafetensorsFile file = SafetensorsFile.open(path, limits.withTensorBytes(1))) {
      ReadLimitException tooLarge =
          assertThrows(ReadLimitException.class, () -> file.tensor("w").read());
      assertEquals(
          path + ": tensor \"w\": 2 bytes exceed the read limit tensorBytes = 1",
          tooLarge.getMessage());
    }
  }

  @Test
  void tensorOfTooManyElementsIsALimit() throws IOException {
    // a sparse file: 2^31 bytes long, but empty on disk
    String json =
        "{\"w\":{\"dtype\":\"U8\",\"shape\":[2147483648],\"data_offsets\":[0,2147483648]}}";
    byte[] header = header(json.length(), json, 0);
    Files.write(path, header);
    try (var file = new java.io.RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(header.length + 2147483648L);
    }
    assertThrows(ReadLimitException.class, () -> SafetensorsFile.open(path));
  }

  @Test
  void truncationAtEveryByteIsAFormatException() throws IOException {
    byte[] whole = sample();
    for (int length = 0; length < whole.length; length++) {
      Files.write(path, Arrays.copyOf(whole, length));
      assertThrows(FormatException.class, () -> SafetensorsFile.open(path), "cut at " + length);
    }
    Files.write(path, Arrays.copyOf(whole, whole.length + 1));
    assertThrows(FormatException.class, () -> SafetensorsFile.open(path), "one byte more");
  }

  @Test
  void flippedHeaderBitsGiveFormatExceptionsOrASoundFile() throws IOException {
    byte[] whole = sample();
    int end = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (int bit = 0; bit < 8 * end; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      readOrRefuse(damaged);
    }
  }

  @Test
  void randomHeaderBytesGiveFormatExceptionsOrASoundFile() throws IOException {
    byte[] whole = sample();
    int end = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String alphabet = "{}[]\",:0123456789.-+eEtrufalsn \\/\u0000\u00ff\u00c3";
    Random random = new Random(42);
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = whole.clone();
      for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
        int at = 8 + random.nextInt(end - 8);
        damaged[at] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
      }
      readOrRefuse(damaged);
    }
  }

  private void readOrRefuse(byte[] bytes) throws IOException {
    long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length > 0 && length <= bytes.length - 8) {
      byte[] json = Arrays.copyOfRange(bytes, 8, 8 + (int) length);
      try { // in memory first: most headers are refused, and files take time
        HeaderReader.read(path, json, bytes.length - 8 - length, ReadLimits.defaults());
      } catch (FormatException expected) {
        assertTrue(message(expected).startsWith(path + ": "), message(expected));
        assertEquals(1, message(expected).lines().count(), message(expected));
        return;
      }
    }
    Files.write(path, bytes);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      file.readAll();
    } catch (FormatException expected) {
      assertTrue(message(expected).startsWith(path + ": "), message(expected));
      assertEquals(1, message(expected).lines().count(), message(expected));
    }
  }

  private byte[] sample() throws IOException {
    SafetensorsWriter.write(
        path,
        Map.of(
            "bn.weight",
            Tensor.of(new float[] {1, 2}, 2),
            "bn.num_batches_tracked",
            Tensor.scalar(5L),
            "mask",
            Tensor.fromBytes(new byte[] {1, 0, 1}, DType.BOOL, 3)),
        Map.of("format", "pt"));
    return Files.readAllBytes(path);
  }

  private void assertLimit(String message, ReadLimits limits) {
    ReadLimitException e =
        assertThrows(ReadLimitException.class, () -> SafetensorsFile.open(path, limits));
    assertEquals(path + ": " + message, e.getMessage());
  }

  private static String message(Exception e) {
    return String.valueOf(e.getMessage());
  }

  private void write(String json, int dataBytes) throws IOException {
    Files.write(path, header(json.getBytes(StandardCharsets.UTF_8).length, json, dataBytes));
  }

  private static byte[] header(long length, String json, int dataBytes) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(text)
        .array();
  }
}
