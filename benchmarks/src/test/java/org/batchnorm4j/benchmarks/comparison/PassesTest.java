package org.batchnorm4j.benchmarks.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.batchnorm4j.tensor.Layout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bare passes visit every value once in each pass, in groups of channels too. */
class PassesTest {

  static Stream<Problem> training() {
    return Stream.of(
            new Planes(3, 67, 121, 113),
            new Planes(5, 19, 3, 7),
            new Planes(7, 5),
            new Planes(5300, 500))
        .flatMap(shape -> Arrays.stream(Layout.values()).map(layout -> of(shape, layout)))
        .flatMap(p -> Arrays.stream(Operation.values()).map(p::with))
        .filter(p -> p.operation().isTraining());
  }

  private static Problem of(Planes shape, Layout layout) {
    return Problem.of(shape, layout, Operation.FORWARD);
  }

  @ParameterizedTest
  @MethodSource("training")
  void sumsAndStoresAreThoseOfTheWholeTensor(Problem problem) {
    boolean gated = problem.operation() == Operation.ADD_RELU_BACKWARD;
    double first = 0;
    double second = 0;
    float[] stored = new float[problem.x().length];
    for (int i = 0; i < stored.length; i++) {
      float x = problem.x()[i];
      float r = problem.operation().addsResidual() ? problem.r()[i] : 0;
      float g = gated && r <= 0 ? 0 : problem.g()[i];
      boolean backward = problem.operation().isBackward();
      first += backward ? g : x;
      second += backward ? (double) g * x : (double) x * x;
      stored[i] = backward ? x + g : x + r;
    }
    Contender passes = new Passes().prepare(problem);
    for (int threads : List.of(1, 2)) {
      passes.enter(threads);
      passes.run();
      passes.run();
      Outputs outputs = passes.outputs();
      assertEquals(-1, Arrays.mismatch(stored, outputs.tensor()), "stored");
      assertEquals(first, outputs.first()[0], 1e-6 * (1 + Math.abs(first)), "first sum");
      assertEquals(second, outputs.second()[0], 1e-6 * (1 + Math.abs(second)), "second sum");
    }
  }

  @ParameterizedTest
  @MethodSource("training")
  void onlyTrainingInFloat32HasTwo(Problem problem) {
    assertFalse(new Passes().solves(problem.inBfloat16()));
    assertFalse(new Passes().solves(problem.with(Operation.INFERENCE)));
  }
}
