package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.batchnorm4j.io.Disk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {

  @Test
  void everyNormIsComputedAndPasses(@TempDir Path folder) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream both = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    Rehearsal.run(
        new Surroundings(both, both, false, Disk.system(), ProcessSignals::listen), folder);
    String text = bytes.toString(StandardCharsets.UTF_8);
    assertFalse(text.contains("this should not happen"), text);
    assertTrue(text.contains("there is no option"), text);
    // five norms of two types and two shapes; instance norm refuses the one without positions
    assertEquals(18, text.lines().filter(line -> line.startsWith("passed ")).count(), text);
    // they differ by a share of their bounds, as what is right mostly does, and that is said
    assertEquals(
        18, text.lines().filter(line -> line.endsWith(" (output of in.safetensors)")).count());
    assertEquals(36, text.lines().filter(line -> line.contains(": wrote ")).count(), text);
  }
}
