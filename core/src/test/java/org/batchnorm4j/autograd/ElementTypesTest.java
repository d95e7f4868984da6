package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementTypesTest {
  private static final Tensor VALUES = Tensor.of(new float[] {1.5f, -2, 0.25f}, 3);

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16"})
  void gradientsComeBackInTheTypeOfWhatIsWatched(DType dtype) {
    Pass pass = Pass.training();
    Tensor x = pass.watch(VALUES.to(dtype));
    Tensor y = pass.sum(pass.square(pass.to(x, DType.FLOAT64)));
    Tensor first = pass.backward(y, true).of(x);
    assertEquals(dtype, first.dtype());
    assertArrayEquals(new double[] {3, -4, 0.5}, first.toDoubles());
    Tensor total = pass.sum(pass.to(first, DType.FLOAT64));
    assertArrayEquals(new double[] {2, 2, 2}, pass.backward(total).of(x).toDoubles());
  }

  @Test
  void valuesAndGradientsAreRoundedToTheTypeTheyPass() {
    Pass pass = Pass.training();
    // float16 has the values 1 and 1 + 2^-10 and none between
    Tensor x = pass.watch(Tensor.of(new double[] {1 + 0x1p-12}, 1));
    Tensor half = pass.to(x, DType.FLOAT16);
    assertEquals(1, half.item());
    Tensor y = pass.mul(pass.to(half, DType.FLOAT32), Tensor.of(new float[] {3 + 0x1p-12f}, 1));
    Tensor gradient = pass.backward(pass.sum(y)).of(x);
    assertEquals(DType.FLOAT64, gradient.dtype());
    assertEquals(3, gradient.item());
  }

  @Test
  void gradientsOfAHalfThatIsUsedTwiceAreAddedInFloat32() {
    for (DType dtype : List.of(DType.FLOAT16, DType.BFLOAT16)) {
      Pass pass = Pass.training();
      Tensor x = pass.watch(VALUES.to(dtype));
      Tensor once = pass.to(x, DType.FLOAT32);
      Tensor again = pass.mul(pass.to(x, DType.FLOAT32), 0.5);
      Tensor gradient = pass.backward(pass.sum(pass.add(once, again))).of(x);
      assertEquals(dtype, gradient.dtype());
      assertArrayEquals(new float[] {1.5f, 1.5f, 1.5f}, gradient.toFloats());
    }
  }

  @Test
  void nothingFlowsThroughIntegersAndNothingIsCopiedForTheSameType() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(VALUES.detach());
    assertSame(x, pass.to(x, DType.FLOAT32));
    Tensor whole = pass.to(pass.to(x, DType.INT64), DType.FLOAT32);
    assertArrayEquals(new float[] {1, -2, 0}, whole.toFloats());
    Tensor loss = pass.sum(whole);
    assertThrows(IllegalStateException.class, () -> pass.backward(loss));
  }

  @Test
  void conversionsKeepTheLayoutAndLieInTheMemoryOfThePass() {
    Tensor x = Tensor.arange(24).reshape(2, 3, 4).to(Layout.CHANNELS_LAST);
    Tensor half;
    try (Arena arena = new BufferPool().open()) {
      half = Pass.inference().withMemory(arena).to(x, DType.BFLOAT16);
      assertEquals(Layout.CHANNELS_LAST, half.layout());
      assertArrayEquals(x.toFloats(), half.toFloats());
    }
    assertThrows(IllegalStateException.class, half::toFloats);
  }

  @Test
  void backwardOfMaximumUsesOnlyTheMemoryOfThePass() {
    BufferPool pool = new BufferPool();
    try (Arena arena = pool.open()) {
      Pass pass = Pass.training().withMemory(arena);
      Tensor a = pass.watch(Tensor.arange(100));
      Tensor y = pass.maximum(a, Tensor.full(50, DType.FLOAT32, 100));
      long before = pool.allocatedBytes();
      Tensor gradient = pass.backward(y, Tensor.ones(100), false).of(a);
      assertEquals(49.5, gradient.sum().item()); // 51 to 99, and half of the tie
      // two masks of truth values and as numbers, a half, the mask of ties times it, their sum, and
      // the gradient
      long expected = 2 * 100 + 2 * 400 + 4 + 3 * 400;
      assertEquals(expected, pool.allocatedBytes() - before);
    }
  }
}
