package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** float16 and bfloat16 data between float32 parameters. */
class HalfBatchNormTest {

  @ParameterizedTest
  @CsvSource({
    "FLOAT16, CHANNELS_FIRST",
    "FLOAT16, CHANNELS_LAST",
    "BFLOAT16, CHANNELS_FIRST",
    "BFLOAT16, CHANNELS_LAST"
  })
  void halfDataGiveTheRoundedResultsOfFloat32(DType half, Layout layout) {
    // 1e4 +- 1e4: squares are beyond float16
    Tensor x = Tensor.randn(RandomStream.of(1), 4, 3, 5, 5).mul(1e4).add(1e4).to(half).to(layout);
    Tensor residual = Tensor.randn(RandomStream.of(2), 4, 3, 5, 5).to(half).to(layout);
    Tensor g = Tensor.randn(RandomStream.of(3), 4, 3, 5, 5).to(half);
    // one rounding of values up to 8; where that decides what ReLU lets through, seeds avoid it
    double unit = half == DType.FLOAT16 ? 0x1p-11 : 0x1p-8;
    for (boolean training : new boolean[] {true, false}) {
      for (boolean graph : new boolean[] {false, true}) {
        for (int tail = 0; tail < 3; tail++) {
          Pass pass = training ? Pass.training() : Pass.inference().recording();
          BatchNorm2d layer = new BatchNorm2d(3);
          layer.runningVar().orElseThrow().fill(1e8);
          Tensor y = apply(layer, tail, pass.watch(x), pass.watch(residual), pass);
          Gradients gradients = pass.backward(y, g, graph);
          assertEquals(half, y.dtype());
          assertEquals(half, gradients.of(x).dtype());

          Pass wide = training ? Pass.training() : Pass.inference().recording();
          BatchNorm2d reference = new BatchNorm2d(3);
          reference.runningVar().orElseThrow().fill(1e8);
          Tensor wideX = wide.watch(x.to(DType.FLOAT32));
          Tensor wideResidual = wide.watch(residual.to(DType.FLOAT32));
          Tensor expected = apply(reference, tail, wideX, wideResidual, wide);
          Gradients wanted = wide.backward(expected, g.to(DType.FLOAT32), false);
          assertArrayEquals(expected.toDoubles(), y.toDoubles(), 16 * unit);
          for (int p = 0; p < 2; p++) {
            Tensor gradient = gradients.of(layer.parameters().get(p).value());
            assertEquals(DType.FLOAT32, gradient.dtype());
            assertArrayEquals(
                wanted.of(reference.parameters().get(p).value()).toDoubles(),
                gradient.toDoubles(),
                1e-3);
          }
          if (half == DType.BFLOAT16) { // 1e-4 times g is below float16's normal numbers
            assertArrayEquals(
                wanted.of(wideX).toDoubles(), gradients.of(x).toDoubles(), 4e-4 * 2 * unit);
          }
          assertArrayEquals(
              reference.runningVar().orElseThrow().toFloats(),
              layer.runningVar().orElseThrow().toFloats());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT16, CHANNELS_FIRST, true",
    "FLOAT16, CHANNELS_LAST, false",
    "BFLOAT16, CHANNELS_FIRST, false",
    "BFLOAT16, CHANNELS_LAST, true"
  })
  void sumAndReluBehindABatchNormAreRoundedOnce(DType half, Layout layout, boolean training) {
    Tensor x = Tensor.randn(RandomStream.of(4), 9, 5, 7, 7).to(half).to(layout);
    Tensor residual = Tensor.randn(RandomStream.of(5), 9, 5, 7, 7).to(half);
    Pass pass = training ? Pass.training() : Pass.inference();
    Tensor wide =
        new BatchNorm2d(5)
            .forwardAddRelu(x.to(DType.FLOAT32), residual.to(DType.FLOAT32), pass)
            .to(half);
    Tensor y = new BatchNorm2d(5).forwardAddRelu(x, residual, pass);
    assertArrayEquals(wide.toBytes(), y.toBytes());
  }

  private static Tensor apply(BatchNorm2d layer, int tail, Tensor x, Tensor residual, Pass pass) {
    return switch (tail) {
      case 0 -> layer.forward(x, pass);
      case 1 -> layer.forwardRelu(x, pass);
      default -> layer.forwardAddRelu(x, residual, pass);
    };
  }
}
