package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {

  @Test
  void valuesAreCopiedInAndOutInRowMajorOrder() {
    float[] values = {1, 2, 3, 4, 5, 6};
    Tensor x = Tensor.of(values, 2, 3);
    values[0] = 99;
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, x.toFloats());
    assertEquals(6, x.at(1, 2));
    assertEquals(2, x.rank());
    assertEquals(3, x.axis(-1));
    assertEquals(6, x.size());
    assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6}, x.toDoubles());
    assertArrayEquals(new long[] {1, 2, 3, 4, 5, 6}, x.toLongs());
  }

  @Test
  void channelsLastStoresEachPositionsChannelsTogether() {
    Tensor x = Tensor.arange(12).reshape(1, 2, 2, 3).to(Layout.CHANNELS_LAST);
    assertArrayEquals(new float[] {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}, x.unsafeFloatArray());
    assertArrayEquals(Tensor.arange(12).toFloats(), x.toFloats());
    assertEquals(10, x.at(0, 1, 1, 1));
    assertSame(x, x.to(Layout.CHANNELS_LAST));
    Tensor voxels = Tensor.arange(16).reshape(1, 2, 2, 2, 2).to(Layout.CHANNELS_LAST);
    assertArrayEquals(
        new float[] {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15},
        voxels.unsafeFloatArray());
  }

  @Test
  void tensorsOfRankBelowThreeHaveOneLayout() {
    Tensor x = Tensor.ones(2, 3);
    assertSame(x, x.to(Layout.CHANNELS_LAST));
    assertEquals(
        Layout.CHANNELS_FIRST,
        Tensor.unsafeWrap(new float[6], Layout.CHANNELS_LAST, 2, 3).layout());
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void layoutsConvertBackAndForthInEveryType(DType dtype) {
    RandomStream random = RandomStream.of(11);
    for (int rank = 3; rank <= 5; rank++) {
      long[] sizes = Samples.sizes(random, rank, 19);
      Tensor x = Samples.integers(random, dtype, Layout.CHANNELS_FIRST, sizes);
      Tensor last = x.to(Layout.CHANNELS_LAST);
      Samples.forEachIndex(x.shape(), index -> assertEquals(x.at(index), last.at(index)));
      assertArrayEquals(x.toBytes(), last.toBytes());
      assertArrayEquals(x.toDoubles(), last.to(Layout.CHANNELS_FIRST).toDoubles());
    }
  }

  @Test
  void factoriesFillTheirShape() {
    assertArrayEquals(new float[] {0, 0}, Tensor.zeros(2).toFloats());
    assertArrayEquals(new float[] {1, 1}, Tensor.ones(2).toFloats());
    assertArrayEquals(new long[] {7, 7}, Tensor.full(7, DType.INT64, 1, 2).toLongs());
    assertArrayEquals(new float[] {0, 1, 2}, Tensor.arange(3).toFloats());
    assertEquals(Shape.of(), Tensor.scalar(2.5f).shape());
    assertEquals(2.5, Tensor.scalar(2.5f).item());
    assertEquals(Long.MAX_VALUE, Tensor.scalar(Long.MAX_VALUE).itemAsLong());
    assertEquals(255, Tensor.of(new byte[] {-1}, 1).item());
    assertEquals(0, Tensor.zeros(3, 0, 2).size());
    float[] array = new float[4];
    Tensor.unsafeWrap(array, Layout.CHANNELS_FIRST, 2, 2).fill(3);
    assertArrayEquals(new float[] {3, 3, 3, 3}, array);
  }

  @Test
  void reshapeKeepsRowMajorOrderInBothLayouts() {
    Tensor x = Tensor.randn(RandomStream.of(12), 2, 3, 4);
    Tensor y = x.reshape(4, -1);
    assertEquals(Shape.of(4, 6), y.shape());
    assertArrayEquals(x.toFloats(), y.toFloats());
    assertArrayEquals(x.toFloats(), x.to(Layout.CHANNELS_LAST).reshape(24).toFloats());
    assertSame(x.unsafeFloatArray(), y.unsafeFloatArray());
    Tensor part = x.range(1, 2).reshape(2, 6);
    assertArrayEquals(x.range(1, 2).toFloats(), part.toFloats());
    assertEquals(Shape.of(0, 5), Tensor.zeros(0, 3).reshape(-1, 5).shape());
    assertEquals(Shape.of(), Tensor.ones(1, 1).reshape().shape());
  }

  @Test
  void shapesThatDoNotHoldTheValuesAreRefused() {
    Tensor x = Tensor.arange(6);
    assertEquals(
        "cannot reshape (6) with 6 values to (4, -1)",
        assertThrows(ShapeException.class, () -> x.reshape(4, -1)).getMessage());
    assertEquals(
        "cannot reshape (6) with 6 values to (7)",
        assertThrows(ShapeException.class, () -> x.reshape(7)).getMessage());
    assertEquals(
        "only one size of a new shape can be -1, got (-1, -1)",
        assertThrows(ShapeException.class, () -> x.reshape(-1, -1)).getMessage());
    assertEquals(
        "cannot reshape (0) with 0 values to (0, -1)",
        assertThrows(ShapeException.class, () -> Tensor.zeros(0).reshape(0, -1)).getMessage());
    assertThrows(ShapeException.class, () -> x.reshape(-2, -3));
    assertThrows(ShapeException.class, () -> x.reshape(1L << 40, 1L << 40, -1));
    assertEquals(
        "3 values do not fill shape (2, 2), which has 4",
        assertThrows(ShapeException.class, () -> Tensor.of(new float[3], 2, 2)).getMessage());
  }

  @Test
  void rangesAreViewsAlongAxisZero() {
    for (Layout layout : Layout.values()) {
      Tensor x = Tensor.arange(2 * 3 * 4).reshape(4, 3, 2).to(layout);
      Tensor part = x.range(1, 3);
      assertEquals(Shape.of(2, 3, 2), part.shape());
      assertEquals(layout, part.layout());
      assertEquals(x.at(2, 1, 0), part.at(1, 1, 0));
      assertArrayEquals(x.range(2, 3).toFloats(), part.range(1, 2).toFloats());
      part.fill(-1);
      assertEquals(-1, x.at(1, 0, 0));
      assertEquals(5, x.at(0, 2, 1));
      assertEquals(18, x.at(3, 0, 0));
      assertEquals(0, x.range(4, 4).size());
    }
    assertEquals(0, Tensor.zeros(0, 3).range(0, 0).size());
    assertEquals(
        "rows 1 to 3 are not in axis 0 of the shape (2)",
        assertThrows(IndexOutOfBoundsException.class, () -> Tensor.ones(2).range(1, 3))
            .getMessage());
    assertEquals(
        "a scalar has no axis 0 to take a range of",
        assertThrows(ShapeException.class, () -> Tensor.scalar(1f).range(0, 1)).getMessage());
  }

  @Test
  void copyFromConvertsTypeAndLayoutAndWritesOnlyItsRange() {
    Tensor target = Tensor.zeros(DType.FLOAT64, 3, 2, 2).to(Layout.CHANNELS_LAST);
    Tensor source = Tensor.arange(4).reshape(1, 2, 2);
    target.range(1, 2).copyFrom(source);
    assertArrayEquals(new double[] {0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0}, target.toDoubles());
    assertEquals(
        "cannot copy values of shape (1, 2, 2) into a tensor of shape (2, 2)",
        assertThrows(ShapeException.class, () -> Tensor.ones(2, 2).copyFrom(source)).getMessage());
    Tensor copy = target.detach();
    assertNotSame(target.unsafeDoubleArray(), copy.unsafeDoubleArray());
    assertEquals(Layout.CHANNELS_LAST, copy.layout());
    assertArrayEquals(target.toDoubles(), copy.toDoubles());
  }

  @Test
  void itemAndAtSayWhatTheyNeed() {
    assertEquals(
        "item() needs a tensor with one element, this one has shape (2)",
        assertThrows(IllegalStateException.class, () -> Tensor.ones(2).item()).getMessage());
    assertEquals(
        "index [1] does not fit shape (2, 2)",
        assertThrows(ShapeException.class, () -> Tensor.ones(2, 2).at(1)).getMessage());
    assertThrows(IndexOutOfBoundsException.class, () -> Tensor.ones(2, 2).at(0, 2));
    assertEquals(
        "expected a float64 tensor, this one of shape (2) is float32",
        assertThrows(IllegalStateException.class, () -> Tensor.ones(2).unsafeDoubleArray())
            .getMessage());
  }

  @Test
  void unaryOperationsAgreeWithTheirFormulas() {
    RandomStream random = RandomStream.of(13);
    for (UnaryOperation operation : UnaryOperation.values()) {
      for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
        for (Layout layout : Layout.values()) {
          Tensor x = Samples.gaussian(random, dtype, layout, 2, 3, 2, 3);
          Tensor y = x.apply(operation);
          assertEquals(layout, y.layout());
          Samples.forEachIndex(
              x.shape(),
              index -> {
                double expected = expected(operation, x.at(index));
                assertEquals(dtype == DType.FLOAT32 ? (float) expected : expected, y.at(index));
              });
        }
      }
    }
    assertEquals(Double.NaN, Tensor.scalar(Float.NaN).apply(UnaryOperation.RELU).item());
    assertEquals(
        "exp needs a float32 or float64 tensor, got int64 of shape (); convert it with"
            + " to(DType.FLOAT32)",
        assertThrows(
                IllegalArgumentException.class, () -> Tensor.scalar(1L).apply(UnaryOperation.EXP))
            .getMessage());
  }

  private static double expected(UnaryOperation operation, double x) {
    return switch (operation) {
      case NEG -> -x;
      case ABS -> x < 0 ? -x : x;
      case EXP -> StrictMath.exp(x);
      case LOG -> StrictMath.log(x);
      case SQRT -> Math.sqrt(x);
      case RECIPROCAL -> 1 / x;
      case SQUARE -> x * x;
      case TANH -> StrictMath.tanh(x);
      case SIGMOID -> 1 / (1 + StrictMath.exp(-x));
      case RELU -> x > 0 ? x : 0;
      case SIGN -> x > 0 ? 1 : x < 0 ? -1 : x;
      case NORMAL_CDF -> NormalDistribution.cdf(x);
      case NORMAL_PDF -> NormalDistribution.pdf(x);
    };
  }

  @Test
  void shapesAreValuesWithLimits() {
    assertEquals(Shape.of(2, 3), Shape.of(2, 3));
    assertEquals(Shape.of(2, 3).hashCode(), Shape.of(2, 3).hashCode());
    assertEquals("(8, 3, 32, 32)", Shape.of(8, 3, 32, 32).toString());
    assertEquals("()", Shape.of().toString());
    assertEquals(1, Shape.of().size());
    assertEquals(Shape.MAX_SIZE, Shape.of(1, Shape.MAX_SIZE).size());
    assertEquals(
        "shape (2, -1) has a negative axis",
        assertThrows(ShapeException.class, () -> Shape.of(2, -1)).getMessage());
    assertEquals(
        "shape (65536, 32768) has more than the 2147483639 elements that one tensor can hold;"
            + " split it along axis 0",
        assertThrows(ShapeException.class, () -> Shape.of(65536, 32768)).getMessage());
    assertThrows(ShapeException.class, () -> Shape.of(Long.MAX_VALUE, Long.MAX_VALUE));
    assertThrows(ShapeException.class, () -> Shape.of(0, 3_000_000_000L)); // axis(1) is an int
    assertEquals(
        "shape (2) has no axis -2",
        assertThrows(ShapeException.class, () -> Shape.of(2).axis(-2)).getMessage());
    long[] sizes = {2, 3};
    Shape shape = Shape.of(sizes);
    sizes[0] = 9;
    shape.toArray()[1] = 9;
    assertEquals(Shape.of(2, 3), shape);
    assertEquals(Shape.of(2, 5), shape.with(-1, 5));
  }
}
