package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Each system's running statistics over three batches, by hand. */
class BatchNormPresetsTest {
  // means 4, 12, 1; M2 20, 24, 12: biased 5, 6, 3; unbiased 20/3, 8, 4
  private static final List<Tensor> BATCHES =
      List.of(batch(1, 3, 5, 7), batch(10, 10, 12, 16), batch(0, 0, 0, 4));

  private static Tensor batch(double... values) {
    return Tensor.of(values, values.length, 1);
  }

  private static void assertRunning(BatchNormOptions options, double[] means, double[] variances) {
    BatchNormNd layer = new BatchNormNd(1, options.withDtype(DType.FLOAT64));
    for (int i = 0; i < BATCHES.size(); i++) {
      layer.forward(BATCHES.get(i), Pass.training());
      // a handful of roundings of values up to 12: 1e-15 each
      assertEquals(means[i], layer.runningMean().orElseThrow().item(), 1e-14, "mean " + i);
      assertEquals(variances[i], layer.runningVar().orElseThrow().item(), 1e-14, "variance " + i);
      assertEquals(i + 1, layer.numBatchesTracked());
    }
  }

  @Test
  void pyTorchTakesATenthOfTheUnbiasedVariance() {
    assertRunning(
        BatchNormOptions.pytorch(),
        new double[] {0.4, 1.56, 1.504},
        new double[] {0.9 + 2 / 3.0, 2.21, 2.389});
  }

  @Test
  void pyTorchWithoutMomentumTakesThePlainMeanOfTheBatches() {
    assertRunning(
        BatchNormOptions.pytorch().withCumulativeAverage(),
        new double[] {4, 8, 17 / 3.0},
        new double[] {20 / 3.0, 22 / 3.0, 56 / 9.0});
  }

  @Test
  void firstValuesCountAsABatchUnderAPlainMeanIfTheFirstBatchHasNoUsableValues() {
    for (Tensor first : List.of(BATCHES.get(0).range(0, 0), batch(Double.NaN, 1))) {
      BatchNormNd layer =
          new BatchNormNd(
              1, BatchNormOptions.pytorch().withCumulativeAverage().withDtype(DType.FLOAT64));
      layer.warnTo(line -> {});
      layer.forward(first, Pass.training());
      layer.forward(BATCHES.get(0), Pass.training());
      assertEquals(2, layer.numBatchesTracked());
      assertEquals((0 + 4) / 2.0, layer.runningMean().orElseThrow().item());
      assertEquals((1 + 20 / 3.0) / 2, layer.runningVar().orElseThrow().item(), 1e-15);
    }
  }

  @Test
  void puzzleLibStartsWithThePlainMeanAndStoresTheUnbiasedVariance() {
    assertRunning(
        BatchNormOptions.puzzleLib(),
        new double[] {4, 8, 17 / 3.0},
        new double[] {20 / 3.0, 22 / 3.0, 56 / 9.0});
    assertRunning(
        BatchNormOptions.puzzleLib().withFactors(1, 0.5), // weights 1, 1/2, 1/2
        new double[] {4, 8, 4.5},
        new double[] {20 / 3.0, 22 / 3.0, 17 / 3.0});
  }

  @Test
  void puzzleLibIsExactForTenBatchesAndExponentialFromThenOn() {
    BatchNormNd layer = new BatchNormNd(1, BatchNormOptions.puzzleLib().withDtype(DType.FLOAT64));
    double[] expected = new double[12];
    for (int n = 1; n <= 12; n++) {
      layer.forward(batch(n - 1, n + 1), Pass.training()); // mean n
      expected[n - 1] = layer.runningMean().orElseThrow().item();
    }
    assertEquals(5.5, expected[9], 1e-14); // (1 + ... + 10) / 10
    assertEquals(6.05, expected[10], 1e-14); // 0.9 * 5.5 + 0.1 * 11
    assertEquals(6.645, expected[11], 1e-14); // 0.9 * 6.05 + 0.1 * 12
  }

  @Test
  void labmlAndOnnxStoreTheBiasedVariance() {
    double[] means = {0.4, 1.56, 1.504};
    double[] variances = {1.4, 1.86, 1.974};
    assertRunning(BatchNormOptions.labml(), means, variances);
    assertRunning(BatchNormOptions.onnx(), means, variances);
    assertRunning(BatchNormOptions.onnx().withDecay(0.9), means, variances);
  }

  @Test
  void kerasKeepsNinetyNineHundredthsAndStoresTheBiasedVariance() {
    assertRunning(
        BatchNormOptions.keras(),
        new double[] {0.04, 0.1596, 0.168004},
        new double[] {1.04, 1.0896, 1.108704});
    assertRunning(
        BatchNormOptions.keras().withDecay(0.5),
        new double[] {2, 7, 4},
        new double[] {3, 4.5, 3.75});
  }

  @Test
  void kerasAddsAThousandthInsideTheRoot() {
    BatchNormNd layer = new BatchNormNd(1, BatchNormOptions.keras().withDtype(DType.FLOAT64));
    double[] y = layer.forward(BATCHES.get(0), Pass.training()).toDoubles();
    double deviation = Math.sqrt(5 + 1e-3);
    assertArrayEquals(
        new double[] {-3 / deviation, -1 / deviation, 1 / deviation, 3 / deviation}, y, 1e-15);
  }

  @Test
  void kerasHasItsChannelsOnTheLastAxis() {
    Tensor first = Tensor.randn(RandomStream.of(1), 4, 3, 5, 2);
    BatchNormOptions lastAxis = BatchNormOptions.pytorch().withAxis(-1);
    Tensor expected = new BatchNorm2d(3).forward(first.to(Layout.CHANNELS_LAST), Pass.training());
    Tensor channelsLast = Pass.inference().permute(first, 0, 2, 3, 1); // (4, 5, 2, 3)
    Tensor y = new BatchNorm2d(3, lastAxis).forward(channelsLast, Pass.training());
    assertEquals(channelsLast.shape(), y.shape());
    // the same rows in the same order: the same bits
    assertArrayEquals(expected.toFloats(), Pass.inference().permute(y, 0, 3, 1, 2).toFloats());
    assertEquals(
        "BatchNorm2d was built for 3 channels, but axis -1 of the input shape (4, 3, 5, 2) has 2",
        assertThrows(
                ShapeException.class,
                () -> new BatchNorm2d(3, lastAxis).forward(first, Pass.inference()))
            .getMessage());
  }

  @Test
  void kerasCanHaveABetaWithoutAGamma() {
    BatchNormOptions noScale = BatchNormOptions.keras().withScale(false);
    assertEquals(
        List.of("bias"), List.copyOf(new BatchNormNd(2, noScale).namedParameters().keySet()));
  }

  @Test
  void puzzleLibDrawsGammaAroundOne() {
    BatchNorm2d layer =
        PuzzleLib.batchNorm2d(10_000, BatchNormOptions.puzzleLib(), RandomStream.of(7));
    Tensor gamma = layer.weight().orElseThrow().value();
    // 10,000 draws: the mean is off by 1e-4 and the deviation by 7e-5, one standard error each
    assertEquals(1, gamma.mean().item(), 5e-4);
    assertEquals(0.01, Math.sqrt(gamma.var(true).item()), 4e-4);
    assertEquals(0, layer.bias().orElseThrow().value().sum().item());
    BatchNorm2d same =
        PuzzleLib.batchNorm2d(10_000, BatchNormOptions.puzzleLib(), RandomStream.of(7));
    assertArrayEquals(gamma.toFloats(), same.weight().orElseThrow().value().toFloats());
  }

  @Test
  void puzzleLibNamesItsShapesMoreNarrowly() {
    RandomStream random = RandomStream.of(1);
    BatchNorm1d flat = PuzzleLib.batchNorm(2, BatchNormOptions.puzzleLib(), random);
    BatchNorm1d lines = PuzzleLib.batchNorm1d(2, BatchNormOptions.puzzleLib(), random);
    assertEquals(
        "BatchNorm1d expected 2D input (got 3D input of shape (4, 2, 5))",
        assertThrows(
                ShapeException.class, () -> flat.forward(Tensor.zeros(4, 2, 5), Pass.inference()))
            .getMessage());
    assertEquals(
        "BatchNorm1d expected 3D input (got 2D input of shape (4, 2))",
        assertThrows(
                ShapeException.class, () -> lines.forward(Tensor.zeros(4, 2), Pass.inference()))
            .getMessage());
    assertEquals(
        "BatchNorm2d takes 4D input and cannot be restricted to rank 3",
        assertThrows(
                IllegalArgumentException.class,
                () -> new BatchNorm2d(2, BatchNormOptions.puzzleLib().withRank(3)))
            .getMessage());
  }

  @Test
  void presetsDifferFromPyTorchInWhatTheirTableSays() {
    assertEquals(VarianceEstimator.UNBIASED, BatchNormOptions.puzzleLib().runningVariance());
    assertEquals(BatchOfOne.REFUSE, BatchNormOptions.pytorch().batchOfOne());
    assertEquals(BatchOfOne.ACCEPT, BatchNormOptions.puzzleLib().batchOfOne());
    assertEquals(1e-3, BatchNormOptions.keras().eps());
    assertEquals(-1, BatchNormOptions.keras().axis());
  }
}
