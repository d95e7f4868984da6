package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The tables of docs/errors.md that name a test in each row, and the tests of two of them. */
class ErrorsPageTest {
  private static final Pass INFERENCE = Pass.inference();

  private static List<String> page() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("docs/errors.md"))) {
      folder = Objects.requireNonNull(folder.getParent(), "no docs/errors.md");
    }
    return Files.readAllLines(folder.resolve("docs/errors.md"));
  }

  private static void assertSaid(String message, Executable mistake) throws IOException {
    assertEquals(message, assertThrows(RuntimeException.class, mistake).getMessage());
    assertTrue(page().stream().anyMatch(line -> line.contains("`" + message + "`")), message);
  }

  private static Tensor random(long... shape) {
    return Tensor.randn(RandomStream.of(1), shape);
  }

  @Test
  void everyTestThatARowNamesExists() throws Exception {
    Class<?> tests = ErrorsPageTest.class;
    int rows = 0;
    boolean named = false;
    for (String line : page()) {
      if (line.startsWith("Tests in `")) {
        String name = line.substring(line.indexOf('`') + 1, line.indexOf('`', 10));
        tests = Class.forName(ErrorsPageTest.class.getPackageName() + "." + name);
      }
      named = line.startsWith("|") && (named || line.endsWith("| test |"));
      if (named && line.endsWith("` |")) {
        String cell = line.substring(line.lastIndexOf("| `") + 3, line.length() - 3);
        assertTrue(
            Arrays.stream(tests.getDeclaredMethods()).map(Method::getName).anyMatch(cell::equals),
            tests.getSimpleName() + " has no " + cell);
        rows++;
      }
    }
    assertEquals(44, rows, "rows that name a test");
  }

  // ---- torch.js' shape types

  @Test
  void innerDimensionsOfAProductAreNamed() throws IOException {
    assertSaid(
        "matmul of shapes (2, 3) and (5, 4): the last axis of the first must equal the last but one"
            + " of the second, and leading axes must agree",
        () -> INFERENCE.matmul(Tensor.ones(2, 3), Tensor.ones(5, 4)));
  }

  @Test
  void sizesThatDoNotBroadcastAreNamed() throws IOException {
    assertSaid(
        "add of shapes (2, 3) and (4): axis -1 has 3 and 4, but sizes must be equal or 1",
        () -> INFERENCE.add(Tensor.ones(2, 3), Tensor.ones(4)));
  }

  @Test
  void indicesOutOfBoundsAreNamed() throws IOException {
    assertSaid("index [0, 3] leaves axis 1 of the shape (2, 3)", () -> Tensor.ones(2, 3).at(0, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> Tensor.ones(2, 3).at(1, -1));
    assertSaid("index [0] does not fit shape (2, 3)", () -> Tensor.ones(2, 3).at(0));
  }

  @Test
  void rowsOutOfBoundsAreNamed() throws IOException {
    assertSaid(
        "rows 1 to 3 are not in axis 0 of the shape (2, 3)", () -> Tensor.ones(2, 3).range(1, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> Tensor.ones(2, 3).range(-1, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> Tensor.ones(2, 3).range(2, 1));
    assertEquals(0, Tensor.ones(2, 3).range(2, 2).size());
  }

  // ---- where others fail and nothing is wrong here

  @Test
  void lazyLayersAreNoModules() {
    assertFalse(Module.class.isAssignableFrom(LazyBatchNorm.class));
    BatchNorm1d layer = LazyBatchNorm.of1d(BatchNormOptions.pytorch()).forInput(random(4, 3));
    assertTrue(layer.loadStateDict(new BatchNorm1d(3).stateDict(), true).isEmpty());
  }

  @Test
  void onnxGivesOneOutputInInferenceAndThreeOrFiveInTraining() {
    Tensor one = Tensor.ones(3);
    for (int opset : new int[] {7, 9, 14, 15}) {
      OnnxBatchNormalization operator = OnnxBatchNormalization.ofOpset(opset);
      var inference = operator.apply(random(4, 3), one, one, one, one, INFERENCE);
      assertNull(inference.runningMean());
      assertNull(inference.runningVar());
      assertNull(inference.savedMean());
      var training = operator.withTraining(true).apply(random(4, 3), one, one, one, one, INFERENCE);
      assertNotNull(training.runningMean());
      assertNotNull(training.runningVar());
      assertEquals(opset < 14, training.savedMean() != null);
      assertEquals(opset < 14, training.savedVar() != null);
    }
  }

  @Test
  void everyLayoutAndEveryViewIsTaken() {
    Tensor x = random(5, 3, 2, 2);
    BatchNorm2d layer = new BatchNorm2d(3, BatchNormOptions.labml());
    float[] whole = layer.forward(x, INFERENCE).toFloats();
    Tensor last = layer.forward(x.to(Layout.CHANNELS_LAST), INFERENCE);
    assertArrayEquals(whole, last.toFloats());
    float[] part = layer.forward(x.range(1, 3), INFERENCE).toFloats();
    assertArrayEquals(Arrays.copyOfRange(whole, 12, 36), part);
  }

  @Test
  void gradientsFlowInTrainingAndInInference() {
    BatchNorm1d layer = PuzzleLib.batchNorm(2, BatchNormOptions.puzzleLib(), RandomStream.of(1));
    for (Pass pass : List.of(Pass.training(), INFERENCE.recording())) {
      Tensor x = pass.watch(Tensor.of(new float[] {1, 2, 3, 5, 8, 7}, 3, 2));
      Tensor g = Tensor.of(new float[] {1, 0, 0, 0, 0, 2}, 3, 2);
      Tensor gradient = pass.backward(layer.forward(x, pass), g, false).of(x);
      assertTrue(gradient.at(0, 0) > 0 && gradient.at(2, 1) > 0, gradient::toString);
    }
  }

  @Test
  void stateOfAnotherTypeIsConverted() {
    Map<String, Tensor> wide = new LinkedHashMap<>();
    new BatchNorm1d(3)
        .stateDict()
        .forEach((name, tensor) -> wide.put(name, tensor.to(DType.FLOAT64)));
    wide.put("running_mean", Tensor.of(new double[] {0.1, 0.2, 0.3}, 3));
    BatchNorm1d layer = new BatchNorm1d(3);
    assertTrue(layer.loadStateDict(wide, true).isEmpty());
    Tensor mean = layer.runningMean().orElseThrow();
    assertEquals(DType.FLOAT32, mean.dtype());
    assertArrayEquals(new float[] {0.1f, 0.2f, 0.3f}, mean.toFloats());
  }
}
