package org.batchnorm4j.io.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.batchnorm4j.io.SharedFiles;
import org.batchnorm4j.io.TensorHandle;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsRoundTripTest {
  @TempDir Path directory;
  Path path;

  @BeforeEach
  void name() {
    path = directory.resolve("model.safetensors");
  }

  @Test
  void everyTypeAndOddValuesComeBackToTheBit() throws IOException {
    float nan = Float.intBitsToFloat(0x7fc12345);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("b", Tensor.fromBytes(new byte[] {0, 1, 1}, DType.BOOL, 3));
    tensors.put("u8", Tensor.of(new byte[] {0, (byte) 200, (byte) 255}, 3, 1));
    tensors.put("f16", Tensor.fromBytes(new byte[] {0, 0x3c, 1, (byte) 0xfc}, DType.FLOAT16, 2));
    tensors.put("bf16", Tensor.fromBytes(new byte[] {(byte) 0x80, 0x3f}, DType.BFLOAT16, 1));
    tensors.put("i32", Tensor.of(new int[] {Integer.MIN_VALUE, 7}, 1, 2));
    tensors.put("f32", Tensor.of(new float[] {nan, -0f, Float.MIN_VALUE, 1000.01f}, 2, 2));
    tensors.put("i64", Tensor.scalar(Long.MIN_VALUE + 1));
    tensors.put("f64", Tensor.of(new double[] {Math.PI, Double.NEGATIVE_INFINITY}, 2));
    tensors.put("empty", Tensor.zeros(3, 0, 5));
    SafetensorsWriter.write(path, tensors, Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(tensors.keySet(), file.readAll().keySet());
      for (TensorHandle handle : file.tensors()) {
        Tensor expected = Objects.requireNonNull(tensors.get(handle.name()));
        assertEquals(expected.dtype(), handle.dtype(), handle.name());
        assertEquals(expected.shape(), handle.shape(), handle.name());
        Tensor read = handle.read();
        assertEquals(expected.dtype(), read.dtype(), handle.name());
        assertEquals(expected.shape(), read.shape(), handle.name());
        assertArrayEquals(expected.toBytes(), read.toBytes(), handle.name());
      }
    }
  }

  @Test
  void tensorsLongerThanOneChunkComeBack() throws IOException {
    // 1 MiB is written and read at once: 262144 float32 or 131072 float64 and int64
    Tensor floats = Tensor.arange(600_001);
    Tensor doubles = floats.to(DType.FLOAT64).range(100_000, 500_000);
    Tensor longs = floats.to(DType.INT64);
    SafetensorsWriter.write(path, Map.of("f", floats, "d", doubles, "l", longs), Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertArrayEquals(floats.toFloats(), file.tensor("f").read().toFloats());
      assertArrayEquals(doubles.toDoubles(), file.tensor("d").read().toDoubles());
      assertArrayEquals(longs.toLongs(), file.tensor("l").read().toLongs());
    }
  }

  @Test
  void bytesAreThoseOfTheFormat() throws IOException {
    SafetensorsWriter.write(
        path,
        Map.of("weight", Tensor.of(new float[] {1, 2}, 2), "seen", Tensor.scalar(3L)),
        Map.of("format", "pt"));
    String json =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"seen\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}";
    byte[] padded =
        Arrays.copyOf(json.getBytes(StandardCharsets.UTF_8), (json.length() + 7) / 8 * 8);
    Arrays.fill(padded, json.length(), padded.length, (byte) ' ');
    ByteBuffer expected =
        ByteBuffer.allocate(8 + padded.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    expected.putLong(padded.length).put(padded).putLong(3).putFloat(1).putFloat(2);
    assertArrayEquals(expected.array(), Files.readAllBytes(path));
  }

  @Test
  void equalContentGivesEqualBytesInAnyOrder() throws IOException {
    Map<String, Tensor> one = new LinkedHashMap<>();
    one.put("a", Tensor.ones(3));
    one.put("z", Tensor.zeros(DType.FLOAT64, 2));
    one.put("m", Tensor.of(new byte[] {1, 2, 3}, 3));
    Map<String, Tensor> other = new LinkedHashMap<>();
    List.of("m", "z", "a").forEach(name -> other.put(name, one.get(name)));
    Map<String, String> texts = new LinkedHashMap<>(Map.of("x", "1"));
    texts.put("a", "2");
    SafetensorsWriter.write(path, one, texts);
    byte[] first = Files.readAllBytes(path);
    SafetensorsWriter.write(path, other, new TreeMap<>(texts));
    assertArrayEquals(first, Files.readAllBytes(path));
  }

  @Test
  void channelsLastIsStoredChannelsFirst() throws IOException {
    Tensor first = Tensor.arange(24).reshape(2, 3, 2, 2);
    SafetensorsWriter.write(path, Map.of("x", first.to(Layout.CHANNELS_LAST)), Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Tensor read = file.tensor("x").read();
      assertEquals(Layout.CHANNELS_FIRST, read.layout());
      assertArrayEquals(first.toFloats(), read.unsafeFloatArray());
    }
  }

  @Test
  void metadataKeepsAnyText() throws IOException {
    Map<String, String> texts = Map.of("quote\"", "line\nbreak \\ \u00e9 \ud83d\ude00", "", "");
    SafetensorsWriter.write(path, Map.of(), texts);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(texts, file.metadata());
      assertTrue(file.names().isEmpty());
    }
  }

  @Test
  void impossibleNamesAreRefusedAndTheOldFileStays() throws IOException {
    Files.writeString(path, "old");
    Tensor x = Tensor.ones(1);
    assertThrows(
        IllegalArgumentException.class,
        () -> SafetensorsWriter.write(path, Map.of("__metadata__", x), Map.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> SafetensorsWriter.write(path, Map.of("half \ud83d", x), Map.of()));
    assertEquals("old", Files.readString(path));
  }

  @Test
  void openFileKeepsItsContentWhenItIsReplaced() throws IOException {
    SafetensorsWriter.write(path, Map.of("x", Tensor.full(1, DType.FLOAT32, 4)), Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      SafetensorsWriter.write(path, Map.of("longer name", Tensor.ones(9)), Map.of());
      assertArrayEquals(new float[] {1, 1, 1, 1}, file.tensor("x").read().toFloats());
    }
  }

  @Test
  void missingTensorIsNamed() throws IOException {
    SafetensorsWriter.write(path, Map.of("x", Tensor.ones(1)), Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Exception e = assertThrows(NoSuchElementException.class, () -> file.tensor("y"));
      assertEquals(path + ": there is no tensor \"y\"", e.getMessage());
    }
  }

  @Test
  void filesOfPyTorchAreReadAndRewritten() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(SharedFiles.path("conformance/pytorch"))) {
      files = all.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
    }
    assertFalse(files.isEmpty());
    for (Path file : files) {
      byte[] raw = Files.readAllBytes(file);
      int at = 8 + (int) ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).getLong();
      try (SafetensorsFile open = SafetensorsFile.open(file)) {
        assertEquals("2.13.0+cpu", open.metadata().get("torch"));
        String[] words = file.getFileName().toString().split("-", -1);
        assertEquals(words[1], open.metadata().get("op"));
        long[] sizes = Arrays.stream(words[2].split("x", -1)).mapToLong(Long::parseLong).toArray();
        assertEquals(Shape.of(sizes), open.tensor("input").shape(), file.toString());
        Map<String, Tensor> tensors = open.readAll();
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
          byte[] bytes = tensor.getValue().toBytes();
          assertArrayEquals(Arrays.copyOfRange(raw, at, at + bytes.length), bytes, file.toString());
          at += bytes.length;
        }
        assertEquals(raw.length, at, file.toString());
        SafetensorsWriter.write(path, tensors, open.metadata());
        try (SafetensorsFile again = SafetensorsFile.open(path)) {
          assertEquals(open.metadata(), again.metadata());
          for (TensorHandle handle : again.tensors()) {
            Tensor original = Objects.requireNonNull(tensors.get(handle.name()));
            assertArrayEquals(original.toBytes(), handle.read().toBytes(), handle.name());
          }
        }
      }
    }
  }
}
