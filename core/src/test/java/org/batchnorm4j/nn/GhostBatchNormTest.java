package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.GhostBatches;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** What ghost batches do to the state of a layer. */
class GhostBatchNormTest {

  @Test
  void eachPartMovesTheRunningStatisticsAsABatchDoes() {
    // parts {1, 3} and {5, 9, 13}: means 2 and 9, unbiased variances 2 and 16
    Tensor x = Tensor.of(new float[] {1, 3, 5, 9, 13}, 5, 1);
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withMomentum(0.25));
    norm.forward(x, Pass.training().withStatistics(new GhostBatches(2)));
    assertEquals(2, norm.numBatchesTracked());
    assertEquals((0 * 0.75 + 2 * 0.25) * 0.75 + 9 * 0.25, norm.runningMean().orElseThrow().at(0));
    assertEquals((1 * 0.75 + 2 * 0.25) * 0.75 + 16 * 0.25, norm.runningVar().orElseThrow().at(0));
  }

  @Test
  void theCumulativeAverageIsThatOfAllParts() {
    Tensor x = Tensor.of(new float[] {1, 3, 5, 9, 13}, 5, 1);
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withCumulativeAverage());
    norm.forward(x, Pass.training().withStatistics(new GhostBatches(2)));
    assertEquals((2 + 9) / 2.0, norm.runningMean().orElseThrow().at(0));
    assertEquals((2 + 16) / 2.0, norm.runningVar().orElseThrow().at(0));
  }

  @Test
  void partsAreSamplesWhereChannelsAreTheLastAxis() {
    Tensor x = Tensor.randn(RandomStream.of(1), 5, 4, 3);
    BatchNormOptions last = BatchNormOptions.defaults().withAxis(-1);
    BatchNormNd ghost = new BatchNormNd(3, last);
    BatchNormNd apart = new BatchNormNd(3, last);
    Tensor y = ghost.forward(x, Pass.training().withStatistics(new GhostBatches(2)));
    Tensor first = apart.forward(x.range(0, 2), Pass.training());
    Tensor second = apart.forward(x.range(2, 5), Pass.training());
    assertArrayEquals(first.toFloats(), y.range(0, 2).toFloats());
    assertArrayEquals(second.toFloats(), y.range(2, 5).toFloats());
    apart
        .stateDict()
        .forEach(
            (name, value) ->
                assertArrayEquals(value.toBytes(), ghost.stateDict().get(name).toBytes(), name));
  }

  @Test
  void frozenNormalisationMovesByPartsToo() {
    Tensor x = Tensor.of(new float[] {1, 3, 5, 9, 13}, 5, 1);
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withEps(0).withMomentum(0.5));
    norm.freeze(BatchNormFreeze.NORMALISATION);
    Tensor y = norm.forward(x, Pass.training().withStatistics(new GhostBatches(2)));
    assertArrayEquals(x.toFloats(), y.toFloats());
    assertEquals(2, norm.numBatchesTracked());
    assertEquals(0.5 * (0.5 * 2) + 0.5 * 9, norm.runningMean().orElseThrow().at(0));
  }

  @Test
  void functionsAndTheOnnxOperatorKnowThePartsToo() {
    Tensor x = Tensor.of(new float[] {1, 3, 5, 9, 13}, 5, 1);
    Pass pass = Pass.training().withStatistics(new GhostBatches(2));
    Tensor mean = Tensor.zeros(1);
    Tensor variance = Tensor.ones(1);
    Functional.batchNorm(x, mean, variance, null, null, true, 0.25, 1e-5, pass);
    assertEquals(2 * 0.25 * 0.75 + 9 * 0.25, mean.at(0));
    assertEquals((1 * 0.75 + 2 * 0.25) * 0.75 + 16 * 0.25, variance.at(0));
    OnnxBatchNormalization.Outputs onnx =
        OnnxBatchNormalization.ofOpset(9)
            .withTraining(true)
            .withMomentum(0.75)
            .apply(x, Tensor.ones(1), Tensor.zeros(1), Tensor.zeros(1), Tensor.ones(1), pass);
    assertEquals(2 * 0.25 * 0.75 + 9 * 0.25, onnx.runningMean().at(0));
    assertEquals(6.2, onnx.savedMean().at(0), 1e-6);
  }

  @Test
  void aPartOfOneValueIsRefused() {
    Tensor x = Tensor.zeros(3, 2);
    Pass pass = Pass.training().withStatistics(new GhostBatches(1));
    assertEquals(
        "BatchNorm1d: expected more than 1 value per channel when training, got input shape (3, 2)"
            + " in 3 parts; use a larger batch, drop the last partial batch of an epoch, or run"
            + " this pass in inference",
        assertThrows(ShapeException.class, () -> new BatchNorm1d(2).forward(x, pass)).getMessage());
  }
}
