package org.batchnorm4j.fuzzing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.batchnorm4j.io.ReadLimits;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** Headers and values of safetensors files. */
final class SafetensorsFuzzTest {
  private static final ReadLimits LIMITS =
      ReadLimits.defaults().withHeaderBytes(1 << 16).withTensors(100).withTensorBytes(1 << 16);

  private static final ReaderTrial TRIAL = new ReaderTrial();

  @AfterAll
  static void close() throws IOException {
    TRIAL.close();
  }

  /** A file of every type, one of odd names and texts, one without tensors, and headers by hand. */
  static Stream<byte[]> seeds() throws IOException {
    Map<String, Tensor> everyType = new LinkedHashMap<>();
    for (DType type : DType.values()) {
      everyType.put(type.name(), Tensor.ones(2, 3).to(type));
    }
    return Stream.of(
        written(everyType, Map.of("format", "pt")),
        written(
            Map.of("", Tensor.scalar(0L), "\u00e4 \"\\ \ud83d\ude00", Tensor.zeros(0, 4)),
            Map.of("", "\n", "a.b", "")),
        written(Map.of(), Map.of()),
        byHand("{\"a\":{\"dtype\":\"F4\",\"shape\":[2,1],\"data_offsets\":[0,1]}}", 1),
        byHand("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}  ", 1),
        byHand(
            "{\"b\":{\"shape\":[2],\"dtype\":\"BF16\",\"data_offsets\":[8,12]},"
                + "\"a\":{\"dtype\":\"I64\",\"shape\":[1,1],\"data_offsets\":[0,8]},"
                + "\"__metadata__\":{\"\\u00e9\":\"\\ud83d\\ude00\"}}",
            12));
  }

  private static byte[] written(Map<String, Tensor> tensors, Map<String, String> texts)
      throws IOException {
    Path file = Files.createTempFile("seed", ".safetensors");
    try {
      SafetensorsWriter.write(file, tensors, texts);
      return Files.readAllBytes(file);
    } finally {
      Files.delete(file);
    }
  }

  private static byte[] byHand(String header, int dataBytes) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    byte[] file = new byte[8 + json.length + dataBytes];
    file[0] = (byte) json.length;
    file[1] = (byte) (json.length >> 8);
    System.arraycopy(json, 0, file, 8, json.length);
    return file;
  }

  @MethodSource("seeds")
  @FuzzTest
  void fileIsReadAndWrittenBackOrRefused(byte[] bytes) throws IOException {
    TRIAL.read(
        bytes,
        100L * LIMITS.tensorBytes(),
        path -> {
          try (SafetensorsFile file = SafetensorsFile.open(path, LIMITS)) {
            Map<String, Tensor> tensors = file.readAll();
            Path copy = TRIAL.beside("copy");
            SafetensorsWriter.write(copy, HastyDisk.INSTANCE, tensors, file.metadata());
            try (SafetensorsFile again = SafetensorsFile.open(copy)) {
              assertEquals(file.metadata(), again.metadata());
              assertEquals(file.names(), Map.copyOf(again.readAll()).keySet());
              for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                Tensor read = again.tensor(entry.getKey()).read();
                assertEquals(entry.getValue().shape(), read.shape());
                assertEquals(entry.getValue().dtype(), read.dtype());
                assertArrayEquals(entry.getValue().toBytes(), read.toBytes());
              }
            }
          }
        });
  }
}
