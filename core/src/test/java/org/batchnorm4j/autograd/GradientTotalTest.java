package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Memory;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sums of all at once and of one after the other, against float64 sums that are rounded once. */
class GradientTotalTest {

  private static Gradients of(Tensor watched, Tensor gradient) {
    IdentityHashMap<Tensor, Tensor> one = new IdentityHashMap<>();
    one.put(watched, gradient);
    return new Gradients(one);
  }

  private static Gradients oneAfterTheOther(List<Gradients> parts, Memory memory) {
    GradientTotal total = new GradientTotal(memory);
    parts.forEach(total::add);
    return total.gradients();
  }

  private static List<Tensor> bothWays(Tensor watched, List<Gradients> parts) {
    return List.of(
        GradientTotal.of(parts).of(watched), oneAfterTheOther(parts, Memory.heap()).of(watched));
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16"})
  void eachElementIsItsFloat64SumRoundedOnce(DType dtype) {
    long[] shape = {3, 5, 601}; // 9,015 elements
    Tensor watched = Tensor.zeros(dtype, shape);
    List<Gradients> parts = new ArrayList<>();
    double[] sums = new double[watched.size()];
    for (int i = 0; i < 4; i++) {
      Tensor gradient =
          Tensor.randn(DType.FLOAT64, RandomStream.of(i), shape)
              .to(dtype)
              .to(i == 2 ? Layout.CHANNELS_LAST : Layout.CHANNELS_FIRST);
      double[] values = gradient.toDoubles();
      for (int j = 0; j < sums.length; j++) {
        sums[j] += values[j];
      }
      parts.add(of(watched, gradient));
    }
    byte[] expected = Tensor.of(sums, shape).to(dtype).toBytes();
    for (Tensor total : bothWays(watched, parts)) {
      assertEquals(dtype, total.dtype());
      assertEquals(watched.shape(), total.shape());
      assertArrayEquals(expected, total.toBytes());
    }
  }

  @Test
  void aMissingGradientCountsAsNothingAndZerosKeepTheirSign() {
    Tensor watched = Tensor.zeros(2);
    Tensor other = Tensor.zeros(1);
    List<Gradients> parts =
        List.of(
            of(other, Tensor.ones(1)),
            of(watched, Tensor.of(new float[] {-0.0f, 0}, 2)),
            of(watched, Tensor.of(new float[] {-0.0f, -0.0f}, 2)));
    for (Tensor total : bothWays(watched, parts)) {
      assertArrayEquals(new float[] {-0.0f, 0}, total.toFloats());
    }
    for (Tensor total : bothWays(other, parts)) {
      assertArrayEquals(new float[] {1}, total.toFloats());
    }
  }

  @Test
  void aSecondBatchTakesTheMemoryOfTheFirst() {
    Tensor watched = Tensor.zeros(5000);
    List<Gradients> parts = List.of(of(watched, Tensor.ones(5000)), of(watched, Tensor.ones(5000)));
    for (boolean atOnce : new boolean[] {true, false}) {
      BufferPool pool = new BufferPool();
      for (int batch = 0; batch < 2; batch++) {
        Tensor total;
        try (Arena arena = pool.open()) {
          total =
              (atOnce ? GradientTotal.of(parts, arena) : oneAfterTheOther(parts, arena))
                  .of(watched);
          assertEquals(2, total.at(4999));
        }
        assertThrows(IllegalStateException.class, () -> total.at(4999));
        // the result in float32, and sums in float64 where parts come one after the other
        assertEquals(5000 * (atOnce ? 4 : 12), pool.allocatedBytes());
      }
    }
  }
}
