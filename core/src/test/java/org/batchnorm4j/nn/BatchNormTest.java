package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BatchNormTest {
  // channel 0 holds 1 3 5 7: mean 4, biased variance 5, unbiased 20/3; channel 1 is constant
  private final Tensor x = Tensor.of(new float[] {1, 2, 3, 2, 5, 2, 7, 2}, 4, 2);

  private static float[] buffer(BatchNorm layer, String name) {
    return java.util.Objects.requireNonNull(layer.stateDict().get(name)).toFloats();
  }

  @Test
  void trainingNormalisesWithTheBiasedVariance() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.defaults().withEps(4));
    float[] y = layer.forward(x, Pass.training()).toFloats();
    assertArrayEquals(new float[] {-1, 0, -1 / 3f, 0, 1 / 3f, 0, 1, 0}, y, 1e-7f); // sqrt(5 + 4)
  }

  @Test
  void runningStatisticsTakeATenthOfTheBatchAndTheUnbiasedVariance() {
    BatchNorm1d layer = new BatchNorm1d(2);
    layer.forward(x, Pass.training());
    assertArrayEquals(new float[] {0.4f, 0.2f}, buffer(layer, "running_mean"));
    // one rounding to float32 beside that of the literal: one ulp of 1.57
    assertArrayEquals(
        new float[] {0.9f + 2 / 3f, 0.9f}, buffer(layer, "running_var"), Math.ulp(1.5f));
    assertEquals(1, layer.numBatchesTracked());
  }

  @Test
  void runningVarianceCanFollowTheBiasedEstimate() {
    BatchNormOptions biased =
        BatchNormOptions.defaults().withRunningVariance(VarianceEstimator.BIASED);
    BatchNorm1d layer = new BatchNorm1d(2, biased);
    layer.forward(x, Pass.training());
    assertArrayEquals(new float[] {1.4f, 0.9f}, buffer(layer, "running_var"), Math.ulp(1.4f));
  }

  @Test
  void cumulativeAverageIsThePlainMeanOfTheBatches() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.defaults().withCumulativeAverage());
    layer.forward(x, Pass.training());
    layer.forward(x.mul(2), Pass.training());
    layer.forward(x.mul(6), Pass.training());
    assertArrayEquals(new float[] {12, 6}, buffer(layer, "running_mean"), 1e-6f); // 4 (1+2+6) / 3
    assertEquals(3, layer.numBatchesTracked());
  }

  @Test
  void inferenceUsesTheRunningStatisticsAndMovesNothing() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.defaults().withEps(0));
    layer.runningMean().orElseThrow().copyFrom(Tensor.of(new float[] {1, 2}, 2));
    layer.runningVar().orElseThrow().copyFrom(Tensor.of(new float[] {4, 1}, 2));
    layer.weight().orElseThrow().value().copyFrom(Tensor.of(new float[] {10, 1}, 2));
    layer.bias().orElseThrow().value().copyFrom(Tensor.of(new float[] {0, 5}, 2));
    float[] y = layer.forward(x, Pass.inference()).toFloats();
    assertArrayEquals(new float[] {0, 5, 10, 5, 20, 5, 30, 5}, y);
    assertEquals(0, layer.numBatchesTracked());
    assertArrayEquals(new float[] {1, 2}, buffer(layer, "running_mean"));
  }

  @Test
  void withoutTrackingInferenceUsesTheBatch() {
    BatchNormOptions options = BatchNormOptions.defaults().withTrackRunningStats(false);
    BatchNorm1d layer = new BatchNorm1d(2, options);
    assertArrayEquals(
        layer.forward(x, Pass.training()).toFloats(),
        layer.forward(x, Pass.inference()).toFloats());
    assertEquals(List.of("weight", "bias"), List.copyOf(layer.stateDict().keySet()));
  }

  @Test
  void stateHasTheNamesAndOrderOfPyTorch() {
    assertEquals(
        List.of("weight", "bias", "running_mean", "running_var", "num_batches_tracked"),
        List.copyOf(new BatchNorm2d(3).stateDict().keySet()));
    BatchNormOptions bare = BatchNormOptions.defaults().withAffine(false);
    assertEquals(
        List.of("running_mean", "running_var", "num_batches_tracked"),
        List.copyOf(new BatchNorm2d(3, bare).stateDict().keySet()));
    BatchNormOptions noBias = BatchNormOptions.defaults().withBias(false);
    assertEquals(
        List.of("weight"), List.copyOf(new BatchNorm2d(3, noBias).namedParameters().keySet()));
  }

  @ParameterizedTest(name = "rank {0}")
  @CsvSource({"2", "3", "4", "5", "6"})
  void everyRankNormalisesEachChannelToMeanBetaAndDeviationGamma(int rank) {
    long[] shape = {4, 3, 2, 5, 2, 2};
    Tensor input =
        Tensor.randn(RandomStream.of(rank), java.util.Arrays.copyOf(shape, rank)).mul(3).add(7);
    BatchNormNd layer = new BatchNormNd(3);
    layer.weight().orElseThrow().value().fill(2);
    layer.bias().orElseThrow().value().fill(-1);
    Tensor y = layer.forward(input, Pass.training());
    int[] axes = java.util.stream.IntStream.range(0, rank).filter(a -> a != 1).toArray();
    // rounding: a mean of values up to about 5, each a few ulp off
    assertArrayEquals(new float[] {-1, -1, -1}, y.mean(axes).toFloats(), 4e-6f);
    // eps 1e-5 beside a variance of about 9 takes less than 1e-5 of it
    assertArrayEquals(new float[] {4, 4, 4}, y.var(false, axes).toFloats(), 4e-5f);
  }

  @Test
  void channelsLastGivesTheValuesOfChannelsFirstInItsOwnLayout() {
    Tensor first = Tensor.randn(RandomStream.of(1), 5, 7, 4, 3);
    Tensor last = first.to(Layout.CHANNELS_LAST);
    Tensor y = new BatchNorm2d(7).forward(last, Pass.training());
    assertEquals(Layout.CHANNELS_LAST, y.layout());
    // the layouts sum in another order: a few units in the last place of values up to 4
    assertArrayEquals(
        new BatchNorm2d(7).forward(first, Pass.training()).toFloats(),
        y.toFloats(),
        4 * Math.ulp(4f));
  }

  @Test
  void constantChannelGivesExactlyItsBias() {
    Tensor constant = Tensor.full(0.1, DType.FLOAT32, 16, 2, 9, 9);
    BatchNorm2d layer = new BatchNorm2d(2);
    layer.bias().orElseThrow().value().fill(0.7);
    for (float value : layer.forward(constant, Pass.training()).toFloats()) {
      assertEquals(0.7f, value);
    }
  }

  @Test
  void nanStaysInItsChannel() {
    Tensor input = Tensor.randn(RandomStream.of(2), 4, 2, 3, 3);
    input.unsafeFloatArray()[0] = Float.NaN;
    float[] mean = new BatchNorm2d(2).forward(input, Pass.training()).mean(0, 2, 3).toFloats();
    assertTrue(Float.isNaN(mean[0]));
    assertEquals(0, mean[1], 1e-6);
  }

  @Test
  void emptyBatchCountsButMovesNoStatistics() {
    BatchNorm1d layer = new BatchNorm1d(5);
    Tensor y = layer.forward(Tensor.zeros(0, 5, 9), Pass.training());
    assertEquals("(0, 5, 9)", y.shape().toString());
    assertEquals(1, layer.numBatchesTracked());
    assertArrayEquals(new float[] {0, 0, 0, 0, 0}, buffer(layer, "running_mean"));
    assertArrayEquals(new float[] {1, 1, 1, 1, 1}, buffer(layer, "running_var"));
  }

  @Test
  void batchOfOneIsRefusedInTrainingAndCountsNothing() {
    BatchNorm1d layer = new BatchNorm1d(3);
    new Sequential().add("head", new Sequential().add("bn", layer));
    ShapeException refused =
        assertThrows(
            ShapeException.class, () -> layer.forward(Tensor.zeros(1, 3), Pass.training()));
    assertEquals(
        "BatchNorm1d \"head.bn\": expected more than 1 value per channel when training, got input"
            + " shape (1, 3); use a larger batch, drop the last partial batch of an epoch, or run"
            + " this pass in inference",
        refused.getMessage());
    assertEquals(0, layer.numBatchesTracked());
    assertEquals(0, layer.forward(Tensor.zeros(1, 3), Pass.inference()).sum().item());
  }

  @Test
  void wrongChannelsAndRanksNameTheLayer() {
    BatchNorm2d layer = new BatchNorm2d(64);
    new Sequential().add("layer1", new Sequential().add("bn", layer));
    assertEquals(
        "BatchNorm2d \"layer1.bn\" was built for 64 channels, but axis 1 of the input shape"
            + " (8, 3, 32, 32) has 3",
        assertThrows(
                ShapeException.class,
                () -> layer.forward(Tensor.zeros(8, 3, 32, 32), Pass.inference()))
            .getMessage());
    assertEquals(
        "BatchNorm2d \"layer1.bn\" expected 4D input (got 3D input of shape (8, 64, 2))",
        assertThrows(
                ShapeException.class, () -> layer.forward(Tensor.zeros(8, 64, 2), Pass.inference()))
            .getMessage());
    assertEquals(
        "BatchNorm1d expected 2D or 3D input (got 4D input of shape (1, 2, 3, 4))",
        assertThrows(
                ShapeException.class,
                () -> new BatchNorm1d(2).forward(Tensor.zeros(1, 2, 3, 4), Pass.inference()))
            .getMessage());
  }

  @Test
  void trainingNeedsAPositiveEps() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.defaults().withEps(0));
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> layer.forward(x, Pass.training()));
    assertEquals(
        "BatchNorm1d: eps must be positive during training, but got 0.0", refused.getMessage());
    assertThrows(IllegalArgumentException.class, () -> BatchNormOptions.defaults().withEps(-1));
  }

  @Test
  void savedOutputsDoNotFollowLaterUpdatesOfTheBuffers() {
    BatchNorm1d layer = new BatchNorm1d(2);
    Pass pass = Pass.inference().recording();
    pass.watch(x);
    Tensor y = layer.forward(x, pass);
    layer.runningVar().orElseThrow().fill(100);
    Gradients gradients = pass.backward(pass.sum(y));
    assertEquals(1 / Math.sqrt(1 + 1e-5), gradients.of(x).at(0, 0), 1e-7);
  }

  @Test
  void inputGradientInInferenceIsTheScale() {
    BatchNorm1d layer = new BatchNorm1d(2, BatchNormOptions.defaults().withEps(0));
    layer.runningVar().orElseThrow().copyFrom(Tensor.of(new float[] {4, 16}, 2));
    Pass pass = Pass.inference().recording();
    pass.watch(x);
    Gradients gradients = pass.backward(pass.sum(layer.forward(x, pass)));
    assertArrayEquals(
        new float[] {0.5f, 0.25f, 0.5f, 0.25f, 0.5f, 0.25f, 0.5f, 0.25f},
        gradients.of(x).toFloats());
    assertArrayEquals(
        new float[] {4, 4}, gradients.of(layer.bias().orElseThrow().value()).toFloats());
    assertArrayEquals(
        new float[] {8, 2}, gradients.of(layer.weight().orElseThrow().value()).toFloats());
  }

  @Test
  void frozenParametersGetNoGradient() {
    BatchNorm1d layer = new BatchNorm1d(2);
    layer.weight().orElseThrow().setTrainable(false);
    Pass pass = Pass.training();
    Gradients gradients = pass.backward(pass.sum(layer.forward(x, pass)));
    assertTrue(gradients.find(layer.weight().orElseThrow().value()).isEmpty());
    assertTrue(gradients.find(layer.bias().orElseThrow().value()).isPresent());
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void inferenceFromManyThreadsGivesTheSameBits(Layout layout) throws Exception {
    BatchNorm2d layer = new BatchNorm2d(8);
    Tensor input = Tensor.randn(RandomStream.of(3), 6, 8, 5, 5).to(layout);
    layer.forward(input, Pass.training());
    float[] expected = layer.forward(input, Pass.inference()).toFloats();
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<float[]>> results = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        results.add(threads.submit(() -> layer.forward(input, Pass.inference()).toFloats()));
      }
      for (Future<float[]> result : results) {
        assertArrayEquals(expected, result.get());
      }
    }
  }

  @Test
  void resetForgetsEveryBatch() {
    BatchNorm1d layer = new BatchNorm1d(2);
    layer.forward(x, Pass.training());
    layer.resetRunningStats();
    assertArrayEquals(new float[] {0, 0}, buffer(layer, "running_mean"));
    assertArrayEquals(new float[] {1, 1}, buffer(layer, "running_var"));
    assertEquals(0, layer.numBatchesTracked());
  }
}
