package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SampleNormsTest {
  private static final Pass INFERENCE = Pass.inference();

  private static Tensor random(long seed, long... shape) {
    return Tensor.randn(RandomStream.of(seed), shape);
  }

  private static void assertRefused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @Test
  void layersPrintAsPyTorchPrintsThem() {
    assertEquals(
        "LayerNorm((5, 10), eps=1e-05, elementwise_affine=True)", new LayerNorm(5, 10).toString());
    assertEquals(
        "LayerNorm((5,), eps=0.001, elementwise_affine=False)",
        new LayerNorm(
                Shape.of(5), LayerNormOptions.defaults().withEps(1e-3).withElementwiseAffine(false))
            .toString());
    assertEquals("GroupNorm(3, 6, eps=1e-05, affine=True)", new GroupNorm(3, 6).toString());
    assertEquals(
        "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)",
        new InstanceNorm2d(3).toString());
    assertEquals("RMSNorm((4,), eps=None, elementwise_affine=True)", new RMSNorm(4).toString());
    assertEquals(
        "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)",
        new LocalResponseNorm(5).toString());
    assertEquals(
        "MapLRN(5, alpha=0.0001, beta=0.75, k=2.0)", LocalResponseNorm.withinMap().toString());
    assertEquals(
        "CrossMapLRN(5, alpha=0.0001, beta=0.75, k=2.0)", LocalResponseNorm.crossMap().toString());
  }

  @Test
  void numbersPrintAsPythonPrintsThem() {
    assertEquals("1e-05", PythonText.of(1e-5));
    assertEquals("1.5e-07", PythonText.of(1.5e-7));
    assertEquals("0.0001", PythonText.of(1e-4));
    assertEquals("0.0", PythonText.of(0.0));
    assertEquals("100.0", PythonText.of(100));
    assertEquals("1e+16", PythonText.of(1e16));
    assertEquals("nan", PythonText.of(Double.NaN));
  }

  @Test
  void statesHaveTheNamesOfPyTorch() {
    assertEquals(Set.of("weight", "bias"), new LayerNorm(4).stateDict().keySet());
    assertEquals(Set.of("weight", "bias"), new GroupNorm(2, 4).stateDict().keySet());
    assertEquals(Set.of("weight"), new RMSNorm(4).stateDict().keySet());
    assertEquals(Set.of(), new InstanceNorm1d(4).stateDict().keySet());
    assertEquals(
        List.of("weight", "bias", "running_mean", "running_var", "num_batches_tracked"),
        List.copyOf(
            new InstanceNorm1d(4, InstanceNormOptions.labml().withTrackRunningStats(true))
                .stateDict()
                .keySet()));
    LayerNormOptions unbiased = LayerNormOptions.defaults().withBias(false);
    assertEquals(Set.of("weight"), new LayerNorm(Shape.of(4), unbiased).stateDict().keySet());
  }

  @Test
  void instanceNormFollowsTheMeanOverTheBatchOfMeansAndUnbiasedVariances() {
    InstanceNorm1d layer =
        new InstanceNorm1d(2, InstanceNormOptions.defaults().withTrackRunningStats(true));
    // means 2 and 6 | 1 and 3, unbiased variances 2 and 8 | 0 and 2
    float[] values = {1, 3, 1, 1, 4, 8, 2, 4};
    layer.forward(Tensor.of(values, 2, 2, 2), Pass.training());
    float[] mean = layer.runningMean().orElseThrow().toFloats();
    float[] variance = layer.runningVar().orElseThrow().toFloats();
    assertArrayEquals(new float[] {0.1f * 4, 0.1f * 2}, mean, 1e-7f);
    assertArrayEquals(new float[] {0.9f + 0.1f * 5, 0.9f + 0.1f}, variance, 1e-6f);
    Tensor counter = layer.stateDict().get("num_batches_tracked");
    assertTrue(counter != null && counter.itemAsLong() == 0);
    float[] y = layer.forward(Tensor.of(values, 2, 2, 2), INFERENCE).toFloats();
    assertEquals((1 - 0.4) / Math.sqrt(1.4 + 1e-5), y[0], 1e-6);
    counter.fill(7); // of a state that was loaded
    layer.resetRunningStats();
    assertArrayEquals(new float[2], layer.runningMean().orElseThrow().toFloats());
    assertArrayEquals(new float[] {1, 1}, layer.runningVar().orElseThrow().toFloats());
    assertEquals(0, counter.itemAsLong());
  }

  @Test
  void instanceNormKeepsTheStatisticsOfChannelsWithNanAndInfinity() {
    Tensor mean = Tensor.of(new float[] {1, 2, 3}, 3);
    Tensor variance = Tensor.of(new float[] {4, 5, 6}, 3);
    float nan = Float.NaN;
    float infinity = Float.POSITIVE_INFINITY;
    Tensor x = Tensor.of(new float[] {7, nan, 7, 9, 7, infinity, 7, 9, 7, 9, 7, 9}, 2, 3, 2);
    for (double momentum : new double[] {0, 0.5}) {
      Functional.instanceNorm(x, mean, variance, null, null, true, momentum, 1e-5, INFERENCE);
      // channel 1 alone has numbers: both samples have mean 8 and unbiased variance 2
      float moved = momentum == 0 ? 2 : (2 + 8) / 2f;
      assertArrayEquals(new float[] {1, moved, 3}, mean.toFloats());
      assertArrayEquals(new float[] {4, momentum == 0 ? 5 : 3.5f, 6}, variance.toFloats());
    }
  }

  @Test
  void rootMeanSquareOfInfinityMakesTheOthersZero() {
    Tensor x =
        Tensor.of(new float[] {1, Float.NEGATIVE_INFINITY, 3, 1, Float.NaN, 3, 2, 2, 2}, 3, 3);
    float[] y = Functional.rmsNorm(x, Shape.of(3), null, 1e-5, INFERENCE).toFloats();
    float nan = Float.NaN;
    assertArrayEquals(new float[] {0, nan, 0, nan, nan, nan}, Arrays.copyOf(y, 6));
    assertEquals(1, y[6], 1e-5);
  }

  @Test
  void instanceNormTakesInputWithoutBatchAxis() {
    InstanceNorm2d layer = new InstanceNorm2d(3, InstanceNormOptions.labml());
    Tensor x = random(1, 3, 4, 5);
    Tensor batched = layer.forward(x.reshape(1, 3, 4, 5), INFERENCE);
    assertArrayEquals(batched.toFloats(), layer.forward(x, INFERENCE).toFloats());
    assertEquals(x.shape(), layer.forward(x, INFERENCE).shape());
  }

  @Test
  void halfInputKeepsItsTypeByRunningStatistics() {
    InstanceNorm1d layer =
        new InstanceNorm1d(2, InstanceNormOptions.labml().withTrackRunningStats(true));
    Tensor x = random(1, 2, 2, 3).to(DType.BFLOAT16);
    Tensor y = layer.forward(x, INFERENCE);
    assertEquals(DType.BFLOAT16, y.dtype());
    Tensor wide = layer.forward(x.to(DType.FLOAT32), INFERENCE);
    assertArrayEquals(wide.to(DType.BFLOAT16).toFloats(), y.toFloats());
  }

  @Test
  void parametersPerGroupActOnWholeGroups() {
    GroupNorm perGroup = new GroupNorm(2, 4, GroupNormOptions.defaults().withAffinePerGroup(true));
    GroupNorm perChannel = new GroupNorm(2, 4);
    perGroup.weight().orElseThrow().value().copyFrom(Tensor.of(new float[] {2, 3}, 2));
    perChannel.weight().orElseThrow().value().copyFrom(Tensor.of(new float[] {2, 2, 3, 3}, 4));
    Tensor x = random(1, 3, 4, 5);
    assertArrayEquals(
        perChannel.forward(x, INFERENCE).toFloats(), perGroup.forward(x, INFERENCE).toFloats());
  }

  @Test
  void oneElementAloneGivesItsBias() {
    Tensor x = random(1, 3, 1);
    assertArrayEquals(new float[3], new LayerNorm(1).forward(x, INFERENCE).toFloats());
    // two samples with one value per group are accepted, as PyTorch does
    assertArrayEquals(
        new float[8], new GroupNorm(4, 4).forward(random(2, 2, 4), INFERENCE).toFloats());
  }

  @Test
  void rootMeanSquareUsesTheMachineEpsilonOfItsType() {
    Tensor small = Tensor.full(1e-5, DType.FLOAT64, 1, 4);
    double wide = Functional.rmsNorm(small, Shape.of(4), null, null, INFERENCE).at(0, 0);
    assertEquals(1e-5 / Math.sqrt(1e-10 + 0x1p-52), wide, 1e-15);
    Tensor single = small.to(DType.FLOAT32);
    double narrow = Functional.rmsNorm(single, Shape.of(4), null, null, INFERENCE).at(0, 0);
    assertEquals(1e-5 / Math.sqrt(1e-10 + 0x1p-23), narrow, 1e-8);
  }

  @Test
  void windowOfEvenSizeLeansAsItsSystemSays() {
    Tensor x = Tensor.of(new float[] {1, 2, 4, 8}, 1, 4, 1);
    Tensor torch = Functional.localResponseNorm(x, 2, 2, 1, 1, INFERENCE);
    assertEquals(2.0 / (1 + 1 + 4), torch.at(0, 1, 0), 1e-7); // itself and the channel before
    Tensor puzzle = LocalResponseNorm.crossMap(2, 2, 1, 1).forward(x, INFERENCE);
    assertEquals(2.0 / (1 + 4 + 16), puzzle.at(0, 1, 0), 1e-7); // itself and the channel behind
    Tensor plane = Tensor.of(new float[] {1, 2, 4, 8}, 1, 1, 2, 2);
    Tensor within = LocalResponseNorm.withinMap(3, 9, 1, 2).forward(plane, INFERENCE);
    assertEquals(1.0 / (2 + 1 + 4 + 16 + 64), within.at(0, 0, 0, 0), 1e-7);
  }

  // ---- errors, one test per row of docs/errors.md

  @Test
  void layerNormNamesTheShapeThatItWanted() {
    assertRefused(
        "LayerNorm: given normalized_shape (2, 3), expected an input whose shape ends so, but got"
            + " input shape (3)",
        () -> new LayerNorm(2, 3).forward(random(1, 3), INFERENCE));
    assertRefused(
        "RMSNorm: given normalized_shape (2), expected an input whose shape ends so, but got"
            + " input shape (2, 3)",
        () -> new RMSNorm(2).forward(random(1, 2, 3), INFERENCE));
  }

  @Test
  void normalizedShapeWithoutAxesIsRefused() {
    assertRefused(
        "layer_norm expected normalized_shape to have at least 1 axis, got ()",
        () -> Functional.layerNorm(random(1, 3), Shape.of(), null, null, 1e-5, INFERENCE));
    assertRefused("LayerNorm needs a normalized shape of at least 1 axis, got ()", LayerNorm::new);
    assertRefused("RMSNorm needs a normalized shape of at least 1 axis, got ()", RMSNorm::new);
  }

  @Test
  void elementParametersMustHaveTheNormalizedShape() {
    assertRefused(
        "layer_norm: expected weight to be of the normalized_shape (3), but got shape (4)",
        () ->
            Functional.layerNorm(
                random(1, 2, 3), Shape.of(3), Tensor.ones(4), null, 1e-5, INFERENCE));
  }

  @Test
  void groupsMustDivideTheChannels() {
    assertRefused(
        "GroupNorm: num_channels (10) must be divisible by num_groups (3), both at least 1",
        () -> new GroupNorm(3, 10));
    assertRefused(
        "group_norm: expected a number of channels that num_groups 3 divides, but axis 1 of the"
            + " input shape (2, 10) has 10",
        () -> Functional.groupNorm(random(1, 2, 10), 3, null, null, 1e-5, INFERENCE));
  }

  @Test
  void groupNormNeedsTwoAxes() {
    assertRefused(
        "group_norm expected at least 2D input (N, C), got shape (4)",
        () -> Functional.groupNorm(random(1, 4), 2, null, null, 1e-5, INFERENCE));
    assertRefused(
        "GroupNorm was built for 4 channels at axis 1 of (N, C, ...), got input shape (2, 6)",
        () -> new GroupNorm(2, 4).forward(random(1, 2, 6), INFERENCE));
  }

  @Test
  void channelParametersMustHaveOneValuePerChannel() {
    assertRefused(
        "group_norm: expected weight to be a vector of size equal to the number of channels of the"
            + " input shape (2, 4), got shape (3)",
        () -> Functional.groupNorm(random(1, 2, 4), 2, Tensor.ones(3), null, 1e-5, INFERENCE));
  }

  @Test
  void oneValuePerGroupOfOneSampleIsRefused() {
    assertRefused(
        "group_norm: expected more than 1 value per channel when training, got 10 groups of 1 value"
            + " in the input shape (1, 10); use fewer groups or a larger input",
        () -> Functional.groupNorm(random(1, 1, 10), 10, null, null, 1e-5, INFERENCE));
  }

  @Test
  void oneSpatialElementIsRefused() {
    assertRefused(
        "InstanceNorm1d: expected more than 1 spatial element when training, got input shape"
            + " (2, 3, 1); layer or group norm can do without",
        () -> new InstanceNorm1d(3).forward(random(1, 2, 3, 1), INFERENCE));
    InstanceNorm1d tracking =
        new InstanceNorm1d(3, InstanceNormOptions.defaults().withTrackRunningStats(true));
    assertEquals(6, tracking.forward(random(1, 2, 3, 1), INFERENCE).size());
  }

  @Test
  void instanceNormChecksRankAndChannels() {
    assertRefused(
        "InstanceNorm2d expected 3D or 4D input (got 2D input of shape (2, 3))",
        () -> new InstanceNorm2d(3).forward(random(1, 2, 3), INFERENCE));
    assertRefused(
        "InstanceNorm2d expected the input's size at axis 1 to match num_features (4), but got: 2"
            + " in the input shape (3, 2, 5, 5)",
        () -> new InstanceNorm2d(4).forward(random(1, 3, 2, 5, 5), INFERENCE));
    assertRefused("InstanceNorm1d needs at least 1 channel, got 0", () -> new InstanceNorm1d(0));
  }

  @Test
  void instanceNormNeedsBothRunningStatistics() {
    Tensor x = random(1, 2, 3, 4);
    assertRefused(
        "instance_norm: expected running_mean and running_var to be defined when use_input_stats is"
            + " false",
        () -> Functional.instanceNorm(x, null, null, null, null, false, 0.1, 1e-5, INFERENCE));
    assertRefused(
        "instance_norm: running_mean and running_var must either both be null or neither be null",
        () ->
            Functional.instanceNorm(
                x, Tensor.zeros(3), null, null, null, true, 0.1, 1e-5, INFERENCE));
  }

  @Test
  void localResponseChecksRankAndSize() {
    assertRefused(
        "LocalResponseNorm expected an input of rank 3 or more (N, C, ...), got shape (2, 3)",
        () -> new LocalResponseNorm(5).forward(random(1, 2, 3), INFERENCE));
    assertRefused(
        "LocalResponseNorm needs a size of at least 1, got 0", () -> new LocalResponseNorm(0));
    assertRefused(
        "local_response_norm within channels expected 4D input (N, C, H, W), got shape (2, 3, 4)",
        () -> LocalResponseNorm.withinMap(5, 1e-4, 0.75, 2).forward(random(1, 2, 3, 4), INFERENCE));
  }

  @Test
  void optionsRefuseNegativeEps() {
    assertRefused(
        "layer_norm eps must be non-negative, but got -0.5",
        () -> LayerNormOptions.defaults().withEps(-0.5));
    assertRefused(
        "group_norm eps must be non-negative, but got -0.5",
        () -> GroupNormOptions.defaults().withEps(-0.5));
    assertRefused(
        "rms_norm eps must be non-negative, but got NaN",
        () -> RMSNormOptions.defaults().withEps(Double.NaN));
    assertRefused(
        "instance_norm eps must be non-negative, but got -1.0",
        () -> InstanceNormOptions.defaults().withEps(-1));
    assertRefused(
        "instance_norm momentum must be a finite number, but got NaN",
        () -> InstanceNormOptions.defaults().withMomentum(Double.NaN));
  }

  @Test
  void dropoutOfProbabilityOneGivesZerosAndOthersAreRefused() {
    Tensor x = random(1, 4, 5);
    assertArrayEquals(
        new float[20], new Dropout(1).forward(x, Pass.training()).toFloats(), 0); // of either sign
    assertEquals(x, new Dropout(0.5).forward(x, INFERENCE));
    Tensor half = new Dropout(0.5).forward(Tensor.ones(1000), Pass.training().withRandom(1, 1));
    for (float value : half.toFloats()) {
      assertTrue(value == 0 || value == 2); // kept values are multiplied by 1 / (1 - p)
    }
  }
}
