package org.batchnorm4j.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.batchnorm4j.tensor.BinaryOperation;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program that README.md shows is compiled and run as it stands there. */
final class ReadmeTest {
  private static final int SAMPLES = 64;

  private static String snippet() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("README.md"))) {
      folder = Objects.requireNonNull(folder.getParent(), "no README.md above the tests");
    }
    String readme = Files.readString(folder.resolve("README.md"));
    Matcher block = Pattern.compile("(?s)```java\\R(.*?)```").matcher(readme);
    assertTrue(block.find(), "README.md shows a program");
    String code = block.group(1);
    assertTrue(!block.find(), "README.md shows one program, which this test runs");
    return code;
  }

  /** The snippet as a method of the three things that it takes for granted. */
  private static String program() throws IOException {
    return """
        import org.batchnorm4j.autograd.*;
        import org.batchnorm4j.nn.*;
        import org.batchnorm4j.optim.*;
        import org.batchnorm4j.tensor.*;

        public final class Snippet {
          public static Tensor run(RandomStream random, Tensor x, Tensor labels) {
        %s
            return scores;
          }
        }
        """
        .formatted(snippet());
  }

  @Test
  void theProgramOfTheReadmeLearnsItsSamples(@TempDir Path folder)
      throws IOException, ReflectiveOperationException {
    Path source = Files.writeString(folder.resolve("Snippet.java"), program());
    JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    List<String> options =
        List.of("-proc:none", "-classpath", System.getProperty("java.class.path"));
    StringWriter errors = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      boolean compiled =
          compiler
              .getTask(errors, files, null, options, null, files.getJavaFileObjects(source))
              .call();
      assertTrue(compiled, errors.toString());
    }
    Tensor x = Tensor.randn(RandomStream.of(1), SAMPLES, 100);
    Tensor labels = Tensor.randn(RandomStream.of(2), SAMPLES, 10).argmax();
    Tensor scores = run(folder, x, labels);
    assertEquals(Shape.of(SAMPLES, 10), scores.shape());
    // 100 numbers tell 64 samples apart; by chance 6 would be right
    long right = scores.argmax().apply(BinaryOperation.EQ, labels).sum().itemAsLong();
    assertTrue(right > SAMPLES * 9 / 10, right + " of " + SAMPLES + " are right");
  }

  private static Tensor run(Path folder, Tensor x, Tensor labels)
      throws IOException, ReflectiveOperationException {
    URL[] classes = {folder.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(classes, ReadmeTest.class.getClassLoader())) {
      return (Tensor)
          loader
              .loadClass("Snippet")
              .getMethod("run", RandomStream.class, Tensor.class, Tensor.class)
              .invoke(null, RandomStream.of(3), x, labels);
    } catch (InvocationTargetException e) {
      throw new AssertionError("the program of README.md failed", e.getCause());
    }
  }
}
