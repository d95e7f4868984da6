package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class PoolingTest {
  private static final Backend BACKEND = Backend.standard();

  @Test
  void maximaAndMeansAgreeWithTheirDefinition() {
    RandomStream random = RandomStream.of(91);
    for (int round = 0; round < 60; round++) {
      DType dtype = round % 2 == 0 ? DType.FLOAT32 : DType.FLOAT64;
      int height = 3 + random.nextInt(6);
      int width = 3 + random.nextInt(6);
      int kernelH = 1 + random.nextInt(3);
      int kernelW = 1 + random.nextInt(3);
      PoolGeometry geometry =
          new PoolGeometry(
              height,
              width,
              kernelH,
              kernelW,
              1 + random.nextInt(3),
              1 + random.nextInt(3),
              random.nextInt(kernelH / 2 + 1),
              random.nextInt(kernelW / 2 + 1),
              random.nextInt(2) == 0);
      Tensor x = Samples.gaussian(random, dtype, Samples.layout(random), 2, 3, height, width);
      MaxPooled max = BACKEND.maxPool(x, geometry);
      Tensor mean = BACKEND.averagePool(x, geometry);
      assertEquals(Shape.of(2, 3, geometry.outHeight(), geometry.outWidth()), mean.shape());
      assertEquals(mean.shape(), max.output().shape());
      Samples.forEachIndex(mean.shape(), index -> compare(x, geometry, max.output(), mean, index));
      Tensor g = Samples.gaussian(random, dtype, Samples.layout(random), mean.shape().toArray());
      checkAdjoint(
          x, g, BACKEND.averagePool(x, geometry), BACKEND.averagePoolGradient(g, geometry));
      checkAdjoint(x, g, BACKEND.maxPoolGather(x, max), BACKEND.maxPoolGradient(g, max));
      assertArrayEquals(max.output().toBytes(), BACKEND.maxPoolGather(x, max).toBytes());
    }
  }

  private static void compare(
      Tensor x, PoolGeometry geometry, Tensor max, Tensor mean, long... index) {
    double largest = Double.NEGATIVE_INFINITY;
    double sum = 0;
    int inside = 0;
    int counted = 0;
    for (int i = 0; i < geometry.kernelHeight(); i++) {
      for (int j = 0; j < geometry.kernelWidth(); j++) {
        long h = index[2] * geometry.strideH() - geometry.paddingH() + i;
        long w = index[3] * geometry.strideW() - geometry.paddingW() + j;
        boolean padding = h < 0 || w < 0 || h >= geometry.height() || w >= geometry.width();
        if (!padding) {
          double value = x.at(index[0], index[1], h, w);
          largest = Math.max(largest, value);
          sum += value;
          inside++;
        }
        counted++; // windows never reach beyond the padding
      }
    }
    assertEquals(largest, max.at(index));
    double expected = sum / (geometry.countIncludePad() ? counted : inside);
    // sums of at most 9 numbers of size up to 5 in float64, rounded once to float32
    double bound = 1e-14 + (x.dtype() == DType.FLOAT32 ? 0x1p-24 * Math.abs(expected) : 0);
    assertEquals(expected, mean.at(index), bound);
  }

  /** A gradient of a linear map A is its transpose: g . (A x) = (A^T g) . x. */
  private static void checkAdjoint(Tensor x, Tensor g, Tensor forward, Tensor backward) {
    assertEquals(x.shape(), backward.shape());
    double left = dot(g, forward);
    double right = dot(x, backward);
    double sizes = dot(g.apply(UnaryOperation.ABS), forward.apply(UnaryOperation.ABS));
    // some ten roundings of each term
    double bound = sizes * 10 * (x.dtype() == DType.FLOAT32 ? 0x1p-24 : 0x1p-53);
    assertEquals(left, right, bound + 1e-13);
  }

  private static double dot(Tensor a, Tensor b) {
    return a.to(DType.FLOAT64).mul(b.to(DType.FLOAT64)).sum().item();
  }

  @Test
  void nanWinsAndPaddingNeverDoes() {
    PoolGeometry geometry = new PoolGeometry(2, 2, 3, 3, 1, 1, 1, 1, true);
    Tensor negative = Tensor.full(-5, DType.FLOAT32, 1, 1, 2, 2);
    assertArrayEquals(
        new float[] {-5, -5, -5, -5}, BACKEND.maxPool(negative, geometry).output().toFloats());
    float infinity = Float.NEGATIVE_INFINITY;
    Tensor least = Tensor.full(infinity, DType.FLOAT32, 1, 1, 2, 2);
    MaxPooled pooled = BACKEND.maxPool(least, geometry);
    assertEquals(infinity, pooled.output().at(0, 0, 0, 0));
    assertEquals(4, BACKEND.maxPoolGradient(Tensor.ones(1, 1, 2, 2), pooled).sum().item());
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      Tensor nan = Tensor.of(new float[] {1, Float.NaN, 9, 4}, 1, 1, 2, 2).to(dtype);
      Tensor max = BACKEND.maxPool(nan, new PoolGeometry(2, 2, 2, 2, 2, 2, 0, 0, true)).output();
      assertEquals(Double.NaN, max.item());
    }
  }

  /** 2x2 windows have a loop of their own, windows with padding another. */
  @Test
  void theFirstOfTheLargestIsTaken() {
    float nan = Float.NaN;
    float otherNan = Float.intBitsToFloat(0xffc00001);
    float infinity = Float.POSITIVE_INFINITY;
    float[] values = {0f, -0f, 1f, -1f, nan, otherNan, infinity, -infinity};
    int count = values.length;
    for (int i = 0; i < count * count * count * count; i++) {
      float[] window = {
        values[i % count],
        values[i / count % count],
        values[i / count / count % count],
        values[i / count / count / count]
      };
      int expected = 0;
      for (int k = 1; k < 4; k++) {
        // Float.compare has NaN above all and all NaN alike; with 0 added, -0 is 0
        if (Float.compare(window[k] + 0f, window[expected] + 0f) > 0) {
          expected = k;
        }
      }
      Tensor x = Tensor.of(window, 1, 1, 2, 2);
      MaxPooled pairs = BACKEND.maxPool(x, new PoolGeometry(2, 2, 2, 2, 2, 2, 0, 0, true));
      MaxPooled padded = BACKEND.maxPool(x, new PoolGeometry(2, 2, 3, 3, 2, 2, 1, 1, true));
      for (MaxPooled pooled : List.of(pairs, padded)) {
        assertEquals(expected, pooled.positions().toLongs()[0]);
        assertEquals(
            Float.floatToRawIntBits(window[expected]),
            Float.floatToRawIntBits(pooled.output().toFloats()[0]));
      }
    }
  }

  @Test
  void amongEqualsTheFirstWins() {
    PoolGeometry pair = new PoolGeometry(1, 2, 1, 2, 1, 1, 0, 0, true);
    float[][] pairs = {{3, 3}, {-0f, 0}, {0, -0f}, {Float.NaN, Float.NaN}};
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      for (float[] values : pairs) {
        Tensor x = Tensor.of(values, 1, 1, 1, 2).to(dtype);
        MaxPooled max = BACKEND.maxPool(x, pair);
        Tensor g = Tensor.full(5, dtype, 1, 1, 1, 1);
        assertArrayEquals(
            new double[] {5, 0},
            BACKEND.maxPoolGradient(g, max).toDoubles(),
            () -> dtype + " " + values[0] + " and " + values[1]);
        assertEquals(values[0], max.output().item(), "its own sign comes out");
      }
    }
  }

  @Test
  void emptyBatchesPoolToEmptyBatches() {
    PoolGeometry geometry = new PoolGeometry(4, 4, 2, 2, 2, 2, 0, 0, true);
    Tensor x = Tensor.zeros(0, 3, 4, 4);
    MaxPooled pooled = BACKEND.maxPool(x, geometry);
    assertEquals(Shape.of(0, 3, 2, 2), pooled.output().shape());
    assertEquals(x.shape(), BACKEND.maxPoolGradient(pooled.output(), pooled).shape());
    assertEquals(Shape.of(0, 3, 2, 2), BACKEND.averagePool(x, geometry).shape());
    Tensor g = Tensor.zeros(0, 3, 2, 2);
    assertEquals(x.shape(), BACKEND.averagePoolGradient(g, geometry).shape());
  }

  @Test
  void wrongShapesAndWindowsAreRefused() {
    PoolGeometry geometry = new PoolGeometry(4, 4, 2, 2, 2, 2, 0, 0, true);
    assertEquals(
        "max_pool2d expected (N, C, 4, 4), got shape (1, 1, 4, 5)",
        refused(() -> BACKEND.maxPool(Tensor.ones(1, 1, 4, 5), geometry)));
    assertEquals(
        "avg_pool2d backward: gradient has shape (1, 1, 4, 4), but (1, 1, 2, 2) was expected",
        refused(() -> BACKEND.averagePoolGradient(Tensor.ones(1, 1, 4, 4), geometry)));
    MaxPooled pooled = BACKEND.maxPool(Tensor.ones(1, 1, 4, 4), geometry);
    assertEquals(
        "max_pool2d backward: gradient has shape (1, 1, 4, 4), but (1, 1, 2, 2) was expected",
        refused(() -> BACKEND.maxPoolGradient(Tensor.ones(1, 1, 4, 4), pooled)));
    assertEquals(
        "pooling window 5x2 is larger than the input 4x4 with padding 0x0",
        refused(() -> new PoolGeometry(4, 4, 5, 2, 1, 1, 0, 0, true)));
    assertEquals(
        "pooling padding 2x0 must be at most half of the window 3x3",
        refused(() -> new PoolGeometry(4, 4, 3, 3, 1, 1, 2, 0, true)));
    assertEquals(
        "pooling needs an input of at least 1x1 positions, got 0x4",
        refused(() -> new PoolGeometry(0, 4, 2, 2, 1, 1, 1, 1, true)));
    assertEquals(
        "pooling needs positive windows and strides, got window 2x2 and stride 0x1",
        refused(() -> new PoolGeometry(4, 4, 2, 2, 0, 1, 0, 0, true)));
  }

  private static String refused(org.junit.jupiter.api.function.Executable use) {
    return assertThrows(ShapeException.class, use).getMessage();
  }
}
