package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.tensor.Tensor;

/** Runs the command {@code apply} on files that a test writes. */
final class ApplyRun {
  private ApplyRun() {}

  static Path write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    SafetensorsWriter.write(file, tensors, metadata);
    return file;
  }

  static Map<String, Tensor> read(Path file) throws IOException {
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      return source.readAll();
    }
  }

  static CommandResult apply(Object... args) {
    List<String> words = new ArrayList<>(List.of("apply"));
    for (Object arg : args) {
      words.add(arg.toString());
    }
    return CommandResult.of(words.toArray(String[]::new));
  }

  static void assertPasses(CommandResult result) {
    assertEquals(0, result.exit(), result.toString());
    assertTrue(result.out().endsWith("1 passed, 0 failed" + System.lineSeparator()), result.out());
  }

  /** Reads {@code 2x3}. */
  static long[] sizes(String shape) {
    return List.of(shape.split("x")).stream().mapToLong(Long::parseLong).toArray();
  }
}
