package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class GradientsTest {
  private final Tensor a = Tensor.of(new float[] {1, 2}, 2);
  private final Tensor b = Tensor.of(new float[] {3, 4}, 2);

  /** Gradient {@code factor} for each watched tensor. */
  private static Gradients gradients(double factor, Tensor... watched) {
    Pass pass = Pass.training();
    Tensor sum = pass.filled(0, watched[0].dtype(), watched[0].shape());
    for (Tensor tensor : watched) {
      sum = pass.add(sum, pass.mul(pass.watch(tensor), factor));
    }
    return pass.backward(pass.sum(sum));
  }

  @Test
  void accumulationScalesTheNewAndKeepsAShareOfTheOld() {
    Gradients first = gradients(8, a);
    Gradients sum = gradients(3, a).accumulate(first, 2, 0.5);
    assertArrayEquals(new float[] {10, 10}, sum.of(a).toFloats()); // 2 * 3 + 0.5 * 8
    assertArrayEquals(new float[] {8, 8}, first.of(a).toFloats(), "operands stay");
  }

  @Test
  void missingGradientsCountAsZero() {
    Gradients sum = gradients(3, a).accumulate(gradients(8, b), 1, 0.25);
    assertArrayEquals(new float[] {3, 3}, sum.of(a).toFloats());
    assertArrayEquals(new float[] {2, 2}, sum.of(b).toFloats());
  }

  @Test
  void momentumZeroForgetsEvenNaN() {
    Gradients sum = gradients(3, a).accumulate(gradients(Double.NaN, a), 1, 0);
    assertArrayEquals(new float[] {3, 3}, sum.of(a).toFloats());
    assertEquals(0, gradients(3, a).accumulate(gradients(8, b), 0, 0).of(a).sum().item());
  }
}
