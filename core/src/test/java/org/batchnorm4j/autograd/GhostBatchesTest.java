package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.gaussian;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.statistics.GhostBatches;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Parts of a batch that are normalised one by one, against the definition of each part. */
class GhostBatchesTest {
  private static final double EPS = 1e-5;

  private static BatchStatistics statistics(Tensor x, int size) {
    Pass ghost = Pass.training().withStatistics(new GhostBatches(size));
    return BatchStatistics.of("bn", x, x.axis(0), ghost);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 3, '0 0'",
    "2, 3, '0 2'",
    "3, 3, '0 3'",
    "5, 3, '0 5'",
    "6, 3, '0 3 6'",
    "8, 3, '0 3 8'",
    "3, 1, '0 1 2 3'"
  })
  void whatIsLeftOverJoinsTheLastPart(int samples, int size, String cuts) {
    List<String> found = new ArrayList<>();
    for (int cut : new GhostBatches(size).cuts(samples)) {
      found.add(Integer.toString(cut));
    }
    assertEquals(cuts, String.join(" ", found));
  }

  @Test
  void aPartHasASample() {
    assertEquals(
        "a ghost batch has at least 1 sample, got 0",
        assertThrows(IllegalArgumentException.class, () -> new GhostBatches(0)).getMessage());
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void eachPartIsNormalisedByItsOwnMoments(Layout layout) {
    Tensor x = Tensor.randn(RandomStream.of(1), 7, 3, 4, 5).mul(3).add(2).to(layout);
    Tensor g = Tensor.randn(RandomStream.of(2), 7, 3, 4, 5);
    Tensor gamma = Tensor.of(new float[] {1, -2, 0.5f}, 3);
    Tensor beta = Tensor.of(new float[] {0, 0.3f, -0.2f}, 3);
    for (boolean relu : new boolean[] {false, true}) {
      Epilogue end = relu ? Epilogue.relu() : Epilogue.none();
      Pass pass = Pass.training();
      pass.watch(x);
      pass.watch(gamma);
      pass.watch(beta);
      Tensor y =
          BatchNormalization.withBatchStatistics(x, statistics(x, 3), gamma, beta, EPS, end, pass);
      Gradients gradients = pass.backward(y, g, false);
      double[] weight = new double[3];
      double[] weightBound = new double[3];
      double[] bias = new double[3];
      for (int[] part : new int[][] {{0, 3}, {3, 7}}) {
        BatchNormDefinition defined =
            new BatchNormDefinition(
                x.range(part[0], part[1]), g.range(part[0], part[1]), gamma, beta, EPS, relu);
        double[] output = y.range(part[0], part[1]).toDoubles();
        double[] dx = gradients.of(x).range(part[0], part[1]).toDoubles();
        for (int i = 0; i < output.length; i++) {
          double before = defined.output(i);
          assertEquals(
              relu ? Math.max(before, 0) : before, output[i], defined.outputBound(i), "y " + i);
          assertEquals(defined.inputGradient(i), dx[i], defined.inputGradientBound(i), "dx " + i);
        }
        for (int c = 0; c < 3; c++) {
          weight[c] += defined.weightGradient(c);
          weightBound[c] += defined.weightGradientBound(c);
          bias[c] += defined.sumG[c];
        }
      }
      for (int c = 0; c < 3; c++) {
        assertEquals(weight[c], gradients.of(gamma).at(c), weightBound[c]);
        // summed in float64 and rounded once to float32
        assertEquals(bias[c], gradients.of(beta).at(c), 1.01 * 0x1p-24 * Math.abs(bias[c]));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16"})
  void aResidualIsCutAsTheBatchIs(DType dtype) {
    Tensor x = Tensor.randn(RandomStream.of(3), 5, 2, 3).to(dtype);
    Tensor residual = Tensor.randn(RandomStream.of(4), 5, 2, 3).to(dtype);
    Tensor g = Tensor.randn(RandomStream.of(5), 5, 2, 3).to(dtype);
    Pass pass = Pass.training();
    pass.watch(x);
    pass.watch(residual);
    Tensor y = addRelu(x, residual, statistics(x, 2), pass);
    Gradients whole = pass.backward(y, g, false);
    for (int[] part : new int[][] {{0, 2}, {2, 5}}) {
      Tensor own = x.range(part[0], part[1]);
      Tensor ownResidual = residual.range(part[0], part[1]);
      Pass alone = Pass.training();
      alone.watch(own);
      alone.watch(ownResidual);
      Tensor expected =
          addRelu(own, ownResidual, BatchStatistics.of("bn", own, own.axis(0), alone), alone);
      Gradients gradients = alone.backward(expected, g.range(part[0], part[1]), false);
      assertSameBits(expected, y.range(part[0], part[1]));
      assertSameBits(gradients.of(own), whole.of(x).range(part[0], part[1]));
      assertSameBits(gradients.of(ownResidual), whole.of(residual).range(part[0], part[1]));
    }
    Tensor shorter = residual.range(0, 4);
    assertThrows(
        ShapeException.class, () -> addRelu(x, shorter, statistics(x, 2), Pass.training()));
  }

  private static Tensor addRelu(Tensor x, Tensor residual, BatchStatistics statistics, Pass pass) {
    return BatchNormalization.withBatchStatistics(
        x, statistics, null, null, EPS, Epilogue.addRelu(residual), pass);
  }

  private static void assertSameBits(Tensor expected, Tensor actual) {
    assertArrayEquals(expected.toBytes(), actual.detach().toBytes());
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void gradientsAndTheirGradientsMatchCentralDifferences(Layout layout) {
    CentralDifferences.Computation ghost =
        (pass, in) ->
            BatchNormalization.withBatchStatistics(
                in[0], statistics(in[0], 2), in[1], in[2], 1e-3, Epilogue.none(), pass);
    Tensor[] inputs = {gaussian(1, layout, 5, 2, 3), gaussian(2, 2), gaussian(3, 2)};
    CentralDifferences.check(ghost, inputs);
    CentralDifferences.checkTwice(ghost, inputs);
  }

  private static long memoryTaken(int size) {
    BufferPool pool = new BufferPool();
    Tensor x = Tensor.randn(RandomStream.of(1), 8, 2, 16);
    try (Arena arena = pool.open()) {
      Pass pass = Pass.training().withMemory(arena);
      pass.watch(x);
      Tensor y =
          BatchNormalization.withBatchStatistics(
              x, statistics(x, size), null, null, EPS, Epilogue.none(), pass);
      pass.backward(y, Tensor.ones(8, 2, 16), false);
    }
    return pool.allocatedBytes();
  }

  @Test
  void partsTakeTheMemoryOfOnePartBesideThatOfTheBatch() {
    assertEquals(2 * 4 * 8 * 2 * 16, memoryTaken(8), "output and input gradient");
    assertEquals(memoryTaken(8) + 4 * 2 * 2 * 16, memoryTaken(2));
  }

  @Test
  void inferenceKnowsNoParts() {
    Pass pass = Pass.inference().withStatistics(new GhostBatches(1));
    assertEquals(StatisticsReducer.local(), pass.statistics());
  }
}
