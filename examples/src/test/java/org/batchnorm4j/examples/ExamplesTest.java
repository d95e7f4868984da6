package org.batchnorm4j.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ExamplesTest {

  private static String printed(Consumer<PrintStream> example) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    example.accept(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    return bytes.toString(StandardCharsets.UTF_8).replace("\r\n", "\n");
  }

  @Test
  void customLayerKeepsTheShape() {
    assertEquals("(32, 64)\n", printed(CustomBatchNorm::run));
  }

  @Test
  void builtInLayerTrains() {
    String[] lines = printed(BuiltInBatchNorm1d::run).split("\n", -1);
    double first = Double.parseDouble(lines[0].substring(lines[0].lastIndexOf(' ') + 1));
    double last = Double.parseDouble(lines[1].substring(lines[1].lastIndexOf(' ') + 1));
    assertTrue(first > 2 && last < 0.1, first + " to " + last); // 64 samples by heart
  }

  @Test
  void partsWithSharedStatisticsGiveTheGradientOfTheWhole() {
    String[] lines = printed(BatchInParts::run).split("\n", -1);
    double[] off = new double[3];
    for (int i = 0; i < 3; i++) {
      off[i] = Double.parseDouble(lines[i].substring(lines[i].lastIndexOf(' ') + 1));
    }
    // sums of 100 float32 products, each within 6e-8 of its size
    assertTrue(off[0] < 1e-5, "replicas " + off[0]);
    assertEquals(off[0], off[1], "the same bits");
    assertTrue(off[2] > 1e-2, "on their own " + off[2]);
  }

  @Test
  void networkHasTheNamesOfPyTorch() {
    assertEquals(
        "(4, 16, 32, 32)\n(4, 16, 32, 32)\n[conv1.weight, conv1.bias, bn1.weight, bn1.bias,"
            + " bn1.running_mean, bn1.running_var, bn1.num_batches_tracked]\n",
        printed(ConvolutionalNetwork::run));
  }

  @Test
  void unnormalisedCellLearnsVisiblySlower() {
    // over seeds 1 to 4 the losses are 0.64 to 0.73 without and 0.42 to 0.46 with batch norm
    double without = RecurrentSentiment.loss(false, 160, 1);
    double with = RecurrentSentiment.loss(true, 160, 1);
    assertTrue(with < 0.52 && without > 0.58, without + " without, " + with + " with batch norm");
  }

  @Test
  void functionalFormsRun() {
    assertEquals(
        "(32, 64)\n(16, 64, 32, 32)\n(8, 16, 8, 8)\n(8, 16, 8, 8)\n",
        printed(FunctionalBatchNorm::run));
  }

  @Test
  void functionalFormEqualsTheFormulaByHand() {
    Tensor x = Tensor.randn(RandomStream.of(9), 4, 64, 3, 3).mul(2).add(5);
    Tensor y = Functional.batchNorm(x, null, null, null, null, true, 0.1, 1e-5, Pass.inference());
    // values up to 4 after a division by about 2: a few units in the last place of 4
    assertArrayEquals(FunctionalBatchNorm.byHand(x).toFloats(), y.toFloats(), 4 * Math.ulp(4f));
  }

  @Test
  void smallMomentumMovesTheRunningMeanByOneHundredth() {
    Tensor x = Tensor.full(5, org.batchnorm4j.tensor.DType.FLOAT32, 2, 64, 2, 2);
    assertEquals(0.05, FunctionalBatchNorm.slowAverage(x).at(63), 1e-8);
  }

  @Test
  void blockMovesItsRunningStatisticsOnlyInTraining() {
    FunctionalBatchNorm.ResNetBlock block = new FunctionalBatchNorm.ResNetBlock(RandomStream.of(1));
    Tensor x = Tensor.randn(RandomStream.of(2), 4, 16, 6, 6);
    block.forward(x, false);
    assertArrayEquals(new float[16], block.runningMean().toFloats());
    block.forward(x, true);
    assertTrue(
        block.runningMean().apply(org.batchnorm4j.tensor.UnaryOperation.ABS).sum().item() > 0);
  }
}
