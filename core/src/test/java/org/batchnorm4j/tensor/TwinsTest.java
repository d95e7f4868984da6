package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The float32 and float64 loops of convolution and matrix product are two sources, so that the
 * loops hold primitives and no calls. They must not drift apart: the one is the other with its type
 * exchanged, but for comments and the tile width.
 */
class TwinsTest {

  @ParameterizedTest
  @ValueSource(strings = {"ConvolutionArrays", "Product"})
  void float64LoopsAreThoseOfFloat32WithTheTypeExchanged(String stem) throws IOException {
    String single = tokens("Float" + stem).replaceAll("\\bfloat\\b", "double");
    assertEquals(tokens("Double" + stem), single.replaceAll("\\bFloat(?=[A-Z])", "Double"));
  }

  private static String tokens(String type) throws IOException {
    Path source = Path.of("src/main/java/org/batchnorm4j/tensor", type + ".java");
    return Files.readString(source)
        .replaceAll("(?s)/\\*.*?\\*/|//[^\n]*", "")
        .replaceAll("\\b(\\d+)(?:f|d|\\.0)(?!\\w)", "$1") // 1f and 1.0
        .replaceAll("\\(float\\) value", "value") // a narrowing that float64 has no need of
        .replaceAll("COLUMNS = \\d+", "COLUMNS")
        .replaceAll("\\s+", " ")
        .replaceAll("(?<=[(,]) ", "");
  }
}
