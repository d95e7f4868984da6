package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command {@code apply} on the cases that PyTorch computed in float64. */
class ConformanceTest {
  @TempDir Path folder;

  private static List<Path> cases() throws IOException {
    try (Stream<Path> files = Files.list(SharedFiles.path("conformance/pytorch"))) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest(name = "{0}, {1} threads, {2} kernels")
  @CsvSource({
    "channels_first, 1, auto",
    "channels_first, 2, auto",
    "channels_first, 3, scalar",
    "channels_last, 1, scalar",
    "channels_last, 2, auto",
    "channels_last, 3, auto"
  })
  void everyCaseIsWithinItsBound(String layout, String threads, String kernels) throws IOException {
    List<Path> cases = cases();
    assertTrue(cases.size() >= 60, "only " + cases.size() + " cases");
    CommandResult result =
        CommandResult.of(
            "apply",
            "--case",
            "--verify",
            cases.getFirst().getParent().toString(),
            "--layout",
            layout,
            "--threads",
            threads,
            "--kernels",
            kernels);
    List<String> lines = result.out().lines().toList();
    assertEquals(cases.size() + " passed, 0 failed", lines.getLast(), result.out());
    assertEquals(0, result.exit());
    System.out.println("PyTorch cases, " + layout + ": " + lines.get(lines.size() - 2));
  }

  @ParameterizedTest
  @CsvSource({"channels_first", "channels_last"})
  void threadsAndKernelsChangeNoBit(String layout) throws IOException {
    Path one = folder.resolve("one");
    Path other = folder.resolve("other");
    String cases = cases().getFirst().getParent().toString();
    String[] first = {"apply", "--case", cases, one.toString(), "--layout", layout, "--threads"};
    String[] second = {"apply", "--case", cases, other.toString(), "--layout", layout, "--threads"};
    assertEquals(0, CommandResult.of(with(first, "1", "--kernels", "scalar")).exit());
    assertEquals(0, CommandResult.of(with(second, "3", "--kernels", "auto")).exit());
    for (Path file : cases()) {
      assertEquals(
          -1, Files.mismatch(one.resolve(file.getFileName()), other.resolve(file.getFileName())));
    }
  }

  private static String[] with(String[] words, String... more) {
    return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
  }

  @Test
  void casesOfEveryNormAreThere() throws IOException {
    List<String> names = cases().stream().map(file -> file.getFileName().toString()).toList();
    for (String norm :
        List.of("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")) {
      assertTrue(names.stream().anyMatch(name -> name.contains(norm)), norm);
    }
  }
}
