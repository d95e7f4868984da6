package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Accidents of other systems that docs/numerics.md says are not repeated, where no other test is.
 */
class AccidentsTest {
  private static final Pass INFERENCE = Pass.inference();

  private static Map<String, List<Double>> copy(Module module) {
    Map<String, List<Double>> values = new LinkedHashMap<>();
    module
        .stateDict()
        .forEach((name, t) -> values.put(name, Arrays.stream(t.toDoubles()).boxed().toList()));
    return values;
  }

  // ---- libtorch

  @Test
  void inferenceOfAnEmptyInputNeedsStatisticsLikeAnyOther() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Functional.batchNorm(
                Tensor.zeros(0, 3), null, null, null, null, false, 0.1, 1e-5, INFERENCE));
  }

  @Test
  void instanceNormWithoutSamplesKeepsItsStatistics() {
    Tensor mean = Tensor.of(new float[] {1, 2}, 2);
    Tensor variance = Tensor.of(new float[] {3, 4}, 2);
    for (boolean inputStatistics : new boolean[] {true, false}) {
      Tensor y =
          Functional.instanceNorm(
              Tensor.zeros(0, 2, 3),
              mean,
              variance,
              null,
              null,
              inputStatistics,
              1, // would replace what was there
              1e-5,
              INFERENCE);
      assertEquals(0, y.size());
      assertArrayEquals(new float[] {1, 2}, mean.toFloats());
      assertArrayEquals(new float[] {3, 4}, variance.toFloats());
    }
  }

  @Test
  void groupNormOfNoPositionsHasAWeightGradientOfZero() {
    GroupNorm layer = new GroupNorm(2, 4);
    for (boolean graph : new boolean[] {false, true}) {
      Pass pass = Pass.training();
      Tensor x = pass.watch(Tensor.zeros(3, 4, 0));
      Gradients gradients = pass.backward(layer.forward(x, pass), Tensor.zeros(3, 4, 0), graph);
      layer
          .parameters()
          .forEach(p -> assertArrayEquals(new float[4], gradients.of(p.value()).toFloats()));
      assertEquals(x.shape(), gradients.of(x).shape());
    }
  }

  // ---- labml

  @Test
  void runningStatisticsDragNoGraphAlong() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.labml());
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.randn(RandomStream.of(1), 4, 2));
    layer.forward(layer.forward(x, pass), pass);
    for (Tensor buffer :
        List.of(layer.runningMean().orElseThrow(), layer.runningVar().orElseThrow())) {
      assertThrows(IllegalStateException.class, () -> pass.backward(pass.sum(buffer)));
    }
  }

  // ---- PuzzleLib

  @Test
  void theCounterIsPartOfTheStateSoThatTheNextBatchWeighsAsIfNothingHadHappened() {
    BatchNormOptions options = BatchNormOptions.puzzleLib().withDtype(DType.FLOAT64);
    BatchNormNd first = new BatchNormNd(1, options);
    for (double value : new double[] {1, 2, 6}) {
      first.forward(Tensor.of(new double[] {value - 1, value + 1}, 2, 1), Pass.training());
    }
    BatchNormNd second = new BatchNormNd(1, options.withEmpty(true));
    second.loadStateDict(first.stateDict(), true);
    Tensor last = Tensor.of(new double[] {10, 12}, 2, 1);
    first.forward(last, Pass.training());
    assertEquals(3, second.runningMean().orElseThrow().item(), 1e-15, "no memory is shared");
    second.forward(last, Pass.training());
    assertEquals(5, second.runningMean().orElseThrow().item(), 1e-14); // (1 + 2 + 6 + 11) / 4
    assertEquals(copy(first), copy(second));
  }

  // ---- everywhere: buffers

  @Test
  void refusedBatchesMoveNothing() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.pytorch().withMomentum(1));
    BatchNorm1d eps = new BatchNorm1d(2, BatchNormOptions.pytorch().withEps(0));
    BatchNorm1d inPlace = new BatchNorm1d(2, BatchNormOptions.puzzleLib().withInplace(true));
    Tensor x = Tensor.randn(RandomStream.of(1), 4, 2);
    Pass pass = Pass.training();
    for (Executable refused :
        List.<Executable>of(
            () -> layer.forward(x.range(0, 1), pass),
            () -> layer.forward(Tensor.ones(4, 3), pass),
            () -> layer.forward(Tensor.ones(4, 2, 1, 1), pass),
            () -> layer.forward(x.to(DType.FLOAT64), pass),
            () -> layer.forwardAddRelu(x, Tensor.ones(4, 1), pass),
            () -> layer.forwardAddRelu(x, x.to(DType.FLOAT64), pass),
            () -> eps.forward(x, pass),
            () -> inPlace.forward(x, pass))) {
      List<Map<String, List<Double>>> before = List.of(copy(layer), copy(eps), copy(inPlace));
      assertThrows(RuntimeException.class, refused);
      assertEquals(before, List.of(copy(layer), copy(eps), copy(inPlace)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void noMixtureOfBatchesMakesABufferNan(int preset) {
    BatchNormOptions options =
        List.of(
                BatchNormOptions.pytorch().withBatchOfOne(BatchOfOne.ACCEPT),
                BatchNormOptions.pytorch()
                    .withCumulativeAverage()
                    .withBatchOfOne(BatchOfOne.KEEP_STATISTICS),
                BatchNormOptions.puzzleLib(),
                BatchNormOptions.labml(),
                BatchNormOptions.onnx(),
                BatchNormOptions.keras())
            .get(preset);
    float inf = Float.POSITIVE_INFINITY;
    float[][] kinds = {
      {0, 1, 2, 3},
      {Float.NaN, 1, 2, 3},
      {inf, 1, 2, 3},
      {-inf, 1, 2, 3},
      {inf, -inf, 0, 0},
      {3e38f, -3e38f, 3e38f, -3e38f},
      {1e30f, 0, 0, 0},
      {5, 5, 5, 5},
      {1e-45f, 0, 0, 0},
      {7},
      {}
    };
    RandomStream random = RandomStream.of(preset);
    for (int run = 0; run < 20; run++) {
      BatchNormNd layer = new BatchNormNd(1, options);
      List<String> lines = new ArrayList<>();
      layer.warnTo(lines::add);
      for (int step = 0; step < 12; step++) {
        float[] values = kinds[random.nextInt(kinds.length)];
        Tensor x = Tensor.of(values, values.length, 1);
        layer.forward(x, Pass.training());
        for (double value : layer.runningMean().orElseThrow().toDoubles()) {
          assertFalse(Double.isNaN(value) || Double.isInfinite(value), lines::toString);
        }
        double moved = layer.runningVar().orElseThrow().item();
        assertFalse(Double.isNaN(moved) || moved < 0, lines::toString);
      }
    }
  }

  @Test
  void newStatisticsOfTheOperatorShareNoMemoryWithTheOld() {
    Tensor mean = Tensor.zeros(2);
    Tensor variance = Tensor.ones(2);
    for (int samples : new int[] {0, 3}) { // no values give the old numbers, not the old tensors
      OnnxBatchNormalization.Outputs out =
          OnnxBatchNormalization.ofOpset(15)
              .withTraining(true)
              .apply(Tensor.ones(samples, 2), variance, mean, mean, variance, INFERENCE);
      Objects.requireNonNull(out.runningMean()).fill(9);
      Objects.requireNonNull(out.runningVar()).fill(9);
      assertArrayEquals(new float[2], mean.toFloats());
      assertArrayEquals(new float[] {1, 1}, variance.toFloats());
    }
  }
}
