package org.batchnorm4j.nn.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.batchnorm4j.autograd.BatchNormDefinition;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNormFreeze;
import org.batchnorm4j.nn.BatchNormNd;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.BatchOfOne;
import org.batchnorm4j.nn.InstanceNorm1d;
import org.batchnorm4j.nn.InstanceNormOptions;
import org.batchnorm4j.nn.LazyBatchNorm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Shards of a batch are normalised as the whole batch is by definition. */
class SyncBatchNormTest {
  private static final double U = 0x1p-24;
  private static final int CHANNELS = 3;

  private enum Fused {
    NO,
    RELU,
    ADD_RELU
  }

  /** What the ranks made of their shards, joined again. */
  private record Joined(
      double[] output,
      double[] inputGradient,
      double[] residualGradient,
      double[] weightGradient,
      double[] biasGradient,
      double[] roundings) {}

  private static int[] cuts(String text) {
    return Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  private static Joined run(
      BatchNorm norm, Tensor x, Tensor residual, Tensor g, Fused fused, int... cuts) {
    int ranks = cuts.length - 1;
    Tensor[] outputs = new Tensor[ranks];
    Tensor[] inputs = new Tensor[ranks];
    Tensor[] residuals = new Tensor[ranks];
    List<Gradients> gradients =
        Replicas.of(ranks)
            .run(
                collective -> {
                  int rank = collective.rank();
                  Shard shard = new Shard(cuts[rank], cuts[rank + 1], x.axis(0));
                  Pass pass = Pass.training().withStatistics(SyncBatchNorm.over(collective));
                  inputs[rank] = pass.watch(shard.of(x));
                  residuals[rank] = pass.watch(shard.of(residual));
                  outputs[rank] =
                      switch (fused) {
                        case NO -> norm.forward(inputs[rank], pass);
                        case RELU -> norm.forwardRelu(inputs[rank], pass);
                        case ADD_RELU -> norm.forwardAddRelu(inputs[rank], residuals[rank], pass);
                      };
                  return pass.backward(outputs[rank], shard.of(g), false);
                });
    Tensor weight = norm.weight().orElseThrow().value();
    Tensor bias = norm.bias().orElseThrow().value();
    double[] roundings = new double[CHANNELS];
    for (Gradients one : gradients) {
      double[] local = one.of(weight).toDoubles();
      Arrays.setAll(roundings, c -> roundings[c] + U * Math.abs(local[c]));
    }
    Gradients total = GradientTotal.of(gradients);
    return new Joined(
        joined(i -> outputs[i], ranks),
        joined(i -> gradients.get(i).of(inputs[i]), ranks),
        fused == Fused.ADD_RELU
            ? joined(i -> gradients.get(i).of(residuals[i]), ranks)
            : new double[0],
        total.of(weight).toDoubles(),
        total.of(bias).toDoubles(),
        roundings);
  }

  private static double[] joined(IntFunction<Tensor> parts, int count) {
    return IntStream.range(0, count)
        .mapToObj(parts)
        .flatMapToDouble(part -> Arrays.stream(part.toDoubles()))
        .toArray();
  }

  private static BatchNorm2d norm() {
    BatchNorm2d norm = new BatchNorm2d(CHANNELS);
    norm.weight().orElseThrow().value().copyFrom(Tensor.of(new float[] {1, -2, 0.5f}, 3));
    norm.bias().orElseThrow().value().copyFrom(Tensor.of(new float[] {0.1f, 0.3f, -0.2f}, 3));
    return norm;
  }

  @ParameterizedTest
  @CsvSource({
    "0 8, NO, CHANNELS_FIRST",
    "0 3 8, NO, CHANNELS_FIRST",
    "0 3 8, RELU, CHANNELS_LAST",
    "0 0 8, NO, CHANNELS_LAST",
    "0 1 1 8, ADD_RELU, CHANNELS_FIRST",
    "0 2 7 8, ADD_RELU, CHANNELS_LAST",
    "0 0 1 2 2 5 6 8, NO, CHANNELS_LAST",
    "0 0 1 2 2 5 6 8, RELU, CHANNELS_FIRST",
    "0 1 2 3 4 5 6 8, ADD_RELU, CHANNELS_FIRST"
  })
  void shardsGiveWhatTheWholeBatchGivesByDefinition(String text, Fused fused, Layout layout) {
    Tensor x = Tensor.randn(RandomStream.of(1), 8, CHANNELS, 3, 5).mul(3).add(20).to(layout);
    Tensor g = Tensor.randn(RandomStream.of(2), 8, CHANNELS, 3, 5);
    // so far below 0 or above it that the sign is never in doubt
    Tensor residual =
        Tensor.uniform(RandomStream.of(3), -1, 1, 8, CHANNELS, 3, 5).mul(1e4).to(layout);
    BatchNorm2d norm = norm();
    Joined found = run(norm, x, residual, g, fused, cuts(text));
    double[] added = residual.toDoubles();
    double[] passed = g.toDoubles();
    for (int i = 0; i < passed.length && fused == Fused.ADD_RELU; i++) {
      passed[i] = added[i] > 0 ? passed[i] : 0;
    }
    Tensor behind = Tensor.of(passed, 8, CHANNELS, 3, 5);
    Tensor gamma = norm.weight().orElseThrow().value();
    Tensor beta = norm.bias().orElseThrow().value();
    BatchNormDefinition defined =
        new BatchNormDefinition(x, behind, gamma, beta, 1e-5, fused == Fused.RELU);
    for (int i = 0; i < passed.length; i++) {
      double before = defined.output(i) + (fused == Fused.ADD_RELU ? added[i] : 0);
      double after = fused == Fused.NO ? before : Math.max(before, 0);
      // the sum with the residual rounds once more
      double bound = defined.outputBound(i) + (fused == Fused.ADD_RELU ? U * Math.abs(after) : 0);
      assertEquals(after, found.output()[i], bound, "y " + i);
      assertEquals(
          defined.inputGradient(i),
          found.inputGradient()[i],
          defined.inputGradientBound(i),
          "dx " + i);
      if (fused == Fused.ADD_RELU) {
        assertEquals(passed[i], found.residualGradient()[i], "residual " + i);
      }
    }
    for (int c = 0; c < CHANNELS; c++) {
      // each rank rounds its own sum, the sum of all is rounded once more
      double rounded = found.roundings()[c] + U * Math.abs(defined.weightGradient(c));
      assertEquals(
          defined.weightGradient(c),
          found.weightGradient()[c],
          defined.weightGradientBound(c) + rounded);
      double sizes = 0;
      for (int i = 0; i < passed.length; i++) {
        sizes += i / 15 % CHANNELS == c ? Math.abs(passed[i]) : 0;
      }
      assertEquals(defined.sumG[c], found.biasGradient()[c], 2.02 * U * sizes);
      double variance = 1 / (defined.inverse[c] * defined.inverse[c]) - 1e-5;
      double mean = 0.1 * defined.mean[c];
      double var = 0.9 + 0.1 * variance * 120 / 119;
      assertEquals(mean, norm.runningMean().orElseThrow().at(c), 1.01 * U * Math.abs(mean));
      assertEquals(var, norm.runningVar().orElseThrow().at(c), 1.01 * U * var);
    }
    assertEquals(1, norm.numBatchesTracked());
  }

  @ParameterizedTest
  @ValueSource(strings = {"FLOAT16", "BFLOAT16", "FLOAT64"})
  void otherTypesAreNormalisedByTheWholeBatchToo(DType dtype) {
    Tensor x = Tensor.randn(RandomStream.of(1), 8, CHANNELS, 2, 2).to(dtype);
    Tensor g = Tensor.randn(RandomStream.of(2), 8, CHANNELS, 2, 2).to(dtype);
    BatchNormOptions options =
        BatchNormOptions.defaults()
            .withDtype(dtype == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32);
    BatchNorm2d norm = new BatchNorm2d(CHANNELS, options);
    Joined found = run(norm, x, x, g, Fused.NO, 0, 3, 3, 8);
    Tensor ones = Tensor.ones(CHANNELS);
    BatchNormDefinition defined =
        new BatchNormDefinition(x, g, ones, Tensor.zeros(CHANNELS), 1e-5, false);
    double u = dtype == DType.FLOAT16 ? 0x1p-11 : dtype == DType.BFLOAT16 ? 0x1p-8 : 0;
    for (int i = 0; i < found.output().length; i++) {
      // float32 inside and one rounding to the half type; float64 is far within float32's bound
      double y = defined.output(i);
      double dx = defined.inputGradient(i);
      assertEquals(y, found.output()[i], 1.01 * (defined.outputBound(i) + u * Math.abs(y)));
      assertEquals(
          dx,
          found.inputGradient()[i],
          1.01 * (defined.inputGradientBound(i) + u * Math.abs(dx)) + 0x1p-25);
    }
  }

  // ---- options

  private static void train(BatchNorm norm, Tensor x, int ranks) {
    Replicas.of(ranks)
        .run(
            collective ->
                norm.forward(
                    Shard.of(collective, x.axis(0)).of(x),
                    Pass.training().withStatistics(SyncBatchNorm.over(collective))));
  }

  @Test
  void theCumulativeAverageIsThatOfWholeBatches() {
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withCumulativeAverage());
    train(norm, Tensor.of(new float[] {1, 2, 6}, 3, 1), 2); // mean 3, unbiased variance 7
    train(norm, Tensor.of(new float[] {4, 4, 7}, 3, 1), 3); // mean 5, unbiased variance 3
    assertEquals(4, norm.runningMean().orElseThrow().at(0));
    assertEquals(5, norm.runningVar().orElseThrow().at(0));
    assertEquals(2, norm.numBatchesTracked());
  }

  @Test
  void theStoredVarianceFollowsItsEstimator() {
    BatchNormOptions biased =
        BatchNormOptions.defaults()
            .withMomentum(0.5)
            .withAffine(false)
            .withRunningVariance(VarianceEstimator.BIASED);
    BatchNorm1d norm = new BatchNorm1d(1, biased);
    train(norm, Tensor.of(new float[] {1, 2, 6}, 3, 1), 2);
    assertEquals(0.5 * 3, norm.runningMean().orElseThrow().at(0));
    assertEquals(0.5 + 0.5 * 14 / 3, norm.runningVar().orElseThrow().at(0), 1.01 * U * 3);
  }

  @Test
  void aLazyLayerBecomesASynchronisedOne() {
    Tensor x = Tensor.of(new float[] {1, 2, 6}, 3, 1);
    BatchNorm1d norm = LazyBatchNorm.of1d(BatchNormOptions.defaults()).forInput(x);
    Replicas.of(2)
        .run(
            ranks ->
                SyncBatchNorm.of(norm, ranks).forward(Shard.of(ranks, 3).of(x), Pass.training()));
    assertEquals(0.3, norm.runningMean().orElseThrow().at(0), 1.01 * U * 0.3);
    assertEquals(0.9 + 0.7, norm.runningVar().orElseThrow().at(0), 1.01 * U * 1.6);
  }

  @Test
  void frozenNormalisationMovesTheStatisticsOfTheWholeBatch() {
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withMomentum(0.5));
    norm.freeze(BatchNormFreeze.NORMALISATION);
    train(norm, Tensor.of(new float[] {1, 2, 6}, 3, 1), 3);
    assertEquals(1.5, norm.runningMean().orElseThrow().at(0));
    assertEquals(4, norm.runningVar().orElseThrow().at(0));
    assertEquals(1, norm.numBatchesTracked());
  }

  @Test
  void ranksWithLayersOfTheirOwnMoveThemToTheSameValues() {
    Tensor x = Tensor.of(new float[] {1, 2, 6}, 3, 1);
    List<SyncBatchNorm> norms =
        Replicas.of(3)
            .run(
                ranks -> {
                  SyncBatchNorm norm =
                      SyncBatchNorm.of(1, BatchNormOptions.defaults().withMomentum(0.5), ranks);
                  norm.forward(Shard.of(ranks, 3).of(x), Pass.training());
                  return norm;
                });
    for (SyncBatchNorm norm : norms) {
      assertEquals(1.5, norm.norm().runningMean().orElseThrow().at(0));
      assertEquals(4, norm.norm().runningVar().orElseThrow().at(0));
      assertEquals(1, norm.norm().numBatchesTracked());
    }
  }

  /** A rank of two whose partner must not be asked. */
  private record Unasked() implements Collective {
    @Override
    public int rank() {
      return 0;
    }

    @Override
    public int size() {
      return 2;
    }

    @Override
    public List<double[]> gather(String operation, double[] values) {
      throw new AssertionError(operation);
    }
  }

  @Test
  void inferenceIsPlainBatchNormWithoutExchange() {
    Tensor x = Tensor.randn(RandomStream.of(1), 4, 3);
    BatchNorm1d norm = new BatchNorm1d(3);
    BatchNorm1d untracked =
        new BatchNorm1d(3, BatchNormOptions.defaults().withTrackRunningStats(false));
    for (BatchNorm1d layer : List.of(norm, untracked)) {
      assertArrayEquals(
          layer.forward(x, Pass.inference()).toFloats(),
          SyncBatchNorm.of(layer, new Unasked()).forward(x, Pass.inference()).toFloats());
    }
  }

  @Test
  void oneRankIsPlainBatchNorm() {
    Tensor x = Tensor.randn(RandomStream.of(1), 4, 3);
    BatchNorm1d alone = new BatchNorm1d(3);
    BatchNorm1d plain = new BatchNorm1d(3);
    train(alone, x, 1);
    plain.forward(x, Pass.training());
    assertSameState(plain, alone);
  }

  private static void assertSameState(Module expected, Module actual) {
    Map<String, Tensor> state = actual.stateDict();
    expected
        .stateDict()
        .forEach(
            (name, value) -> assertArrayEquals(value.toBytes(), state.get(name).toBytes(), name));
  }

  // ---- conversion

  @Test
  void aConvertedModelSharesParametersNamesAndPaths() {
    BatchNorm1d norm = new BatchNorm1d(3);
    Sequential model = new Sequential().add("bn", norm).add("relu", new ReLU());
    Module converted = SyncBatchNorm.convertSyncBatchNorm(model, new Unasked());
    assertEquals(model.stateDict().keySet(), converted.stateDict().keySet());
    model
        .stateDict()
        .forEach((name, value) -> assertSame(value, converted.stateDict().get(name), name));
    assertEquals(model.parameters(), converted.parameters());
    assertEquals("bn", norm.path());
    assertEquals(model.toString(), converted.toString());
    Module layer = SyncBatchNorm.convertSyncBatchNorm(norm, new Unasked());
    assertTrue(layer.toString().startsWith("SyncBatchNorm(3, eps=1"), layer.toString());
    assertSame(norm.weight().orElseThrow(), layer.parameters().getFirst());
  }

  @Test
  void aConvertedModelSynchronisesItsLayersAndTheModelItselfDoesNot() {
    Tensor x = Tensor.of(new float[] {1, 2, 6, 9}, 4, 1);
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withMomentum(1));
    Sequential model = new Sequential(norm, new ReLU());
    Replicas.of(2)
        .run(
            ranks ->
                SyncBatchNorm.convertSyncBatchNorm(model, ranks)
                    .forward(Shard.of(ranks, 4).of(x), Pass.training()));
    assertEquals(4.5, norm.runningMean().orElseThrow().at(0));
    model.forward(x.range(0, 2), Pass.training());
    assertEquals(1.5, norm.runningMean().orElseThrow().at(0));
  }

  // ---- errors

  private static Throwable failure(BatchNorm norm, Tensor x, int... cuts) {
    List<String> messages = Collections.synchronizedList(new ArrayList<>());
    CollectiveException failure =
        assertThrows(
            CollectiveException.class,
            () ->
                Replicas.of(cuts.length - 1)
                    .run(
                        ranks -> {
                          Tensor shard = x.range(cuts[ranks.rank()], cuts[ranks.rank() + 1]);
                          try {
                            return SyncBatchNorm.of(norm, ranks).forward(shard, Pass.training());
                          } catch (ShapeException e) {
                            messages.add(e.getMessage());
                            throw e;
                          }
                        }));
    assertEquals(cuts.length - 1, messages.size(), "all ranks refuse");
    return failure.getCause();
  }

  @Test
  void oneValuePerChannelOnAllRanksIsRefusedOnAllRanks() {
    BatchNorm1d norm = new BatchNorm1d(2);
    Throwable cause = failure(norm, Tensor.zeros(1, 2), 0, 0, 1, 1);
    assertTrue(
        cause
            .getMessage()
            .startsWith("BatchNorm1d: expected more than 1 value per channel when training, got"),
        cause.getMessage());
    assertEquals(0, norm.numBatchesTracked());
    train(norm, Tensor.of(new float[] {1, 2, 3, 4}, 2, 2), 2); // one value on each rank is enough
    assertEquals(1, norm.numBatchesTracked());
    BatchNormOptions accepting = BatchNormOptions.defaults().withBatchOfOne(BatchOfOne.ACCEPT);
    BatchNorm1d accepts = new BatchNorm1d(2, accepting);
    train(accepts, Tensor.zeros(1, 2), 3);
    assertEquals(1, accepts.numBatchesTracked());
  }

  @Test
  void noValuesAtAllMoveNothing() {
    BatchNorm1d norm = new BatchNorm1d(2);
    train(norm, Tensor.zeros(0, 2), 3);
    assertArrayEquals(new float[] {1, 1}, norm.runningVar().orElseThrow().toFloats());
    assertEquals(1, norm.numBatchesTracked());
  }

  @Test
  void wrongShapesAreNamed() {
    BatchNormNd norm = new BatchNormNd(3);
    assertTrue(new Sequential().add("bn", norm).toString().contains("bn"));
    SyncBatchNorm sync = SyncBatchNorm.of(norm, new Unasked());
    assertEquals(
        "SyncBatchNorm \"bn\" expected at least 2D input (got 1D input of shape (3))",
        assertThrows(ShapeException.class, () -> sync.forward(Tensor.zeros(3), Pass.training()))
            .getMessage());
    assertEquals(
        "SyncBatchNorm \"bn\": the number of input channels should be non-zero, got input shape"
            + " (4, 0, 2)",
        assertThrows(
                ShapeException.class, () -> sync.forward(Tensor.zeros(4, 0, 2), Pass.training()))
            .getMessage());
    assertEquals(
        "SyncBatchNorm needs at least 1 channel, got 0",
        assertThrows(
                IllegalArgumentException.class,
                () -> SyncBatchNorm.of(0, BatchNormOptions.defaults(), new Unasked()))
            .getMessage());
  }

  @Test
  void instanceNormThatTracksIsRefused() {
    InstanceNorm1d tracking =
        new InstanceNorm1d(2, InstanceNormOptions.defaults().withTrackRunningStats(true));
    InstanceNorm1d plain = new InstanceNorm1d(2);
    Tensor x = Tensor.randn(RandomStream.of(1), 3, 2, 4);
    Pass pass = Pass.training().withStatistics(SyncBatchNorm.over(new Unasked()));
    assertEquals(
        "InstanceNorm1d moves running statistics, which replicas and micro-batches do not share;"
            + " build it without withTrackRunningStats(true)",
        assertThrows(IllegalStateException.class, () -> tracking.forward(x, pass)).getMessage());
    assertFalse(Arrays.stream(plain.forward(x, pass).toDoubles()).anyMatch(Double::isNaN));
  }
}
