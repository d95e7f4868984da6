package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The tests of the commands compute with what users compute with. */
class NativeProductsTest {
  @TempDir Path directory;

  @Test
  @EnabledOnOs(OS.LINUX) // where batchnorm4j-blas brings natives, for x64 and arm64
  void productsAreThoseOfOpenBlasAndKernelsAreSimd() throws Exception {
    List<String> all =
        new ArrayList<>(List.of("train", "--data", SmallPictures.writeTo(directory)));
    all.addAll(List.of(SmallPictures.OPTIONS));
    all.addAll(List.of("--epochs", "1", "--out", directory.resolve("run").toString()));
    CommandResult result = CommandResult.of(all.toArray(String[]::new));
    assertEquals(0, result.exit(), result.err());
    assertTrue(result.out().contains("matrix multiplication openblas "), result.out());
    assertTrue(result.out().contains("kernels simd"), result.out());
    assertEquals("", result.err());
  }
}
