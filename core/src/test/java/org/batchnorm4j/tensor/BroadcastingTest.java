package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BroadcastingTest {

  @ParameterizedTest
  @EnumSource(BinaryOperation.class)
  void everyPairOfShapesAndLayoutsAgreesWithAnOdometer(BinaryOperation operation) {
    RandomStream random = RandomStream.of(71, operation.ordinal());
    for (int round = 0; round < 150; round++) {
      long[] full = Samples.sizes(random, random.nextInt(6), 4);
      DType dtype = random.nextInt(3) == 0 ? DType.FLOAT64 : DType.FLOAT32;
      Tensor a = operand(random, dtype, full);
      Tensor b = operand(random, dtype, full);
      agree(operation, a, b);
    }
  }

  @Test
  void integersAgreeWithAnOdometer() {
    RandomStream random = RandomStream.of(72);
    for (BinaryOperation operation : BinaryOperation.values()) {
      for (DType dtype : DType.values()) {
        boolean refused =
            !operation.isComparison()
                && !dtype.computes()
                && (dtype != DType.INT64 && dtype != DType.INT32
                    || operation == BinaryOperation.DIV
                    || operation == BinaryOperation.POW);
        Tensor a = Samples.integers(random, dtype, Layout.CHANNELS_LAST, 2, 3, 2, 2);
        Tensor b = Samples.integers(random, dtype, Layout.CHANNELS_FIRST, 3, 1, 2);
        if (refused) {
          assertThrows(IllegalArgumentException.class, () -> a.apply(operation, b));
        } else {
          agree(operation, a, b);
        }
      }
    }
  }

  /** Leading axes dropped, and axes set to 1, at random. */
  private static Tensor operand(RandomStream random, DType dtype, long... full) {
    int dropped = random.nextInt(3) == 0 ? random.nextInt(full.length + 1) : 0;
    long[] sizes = Arrays.copyOfRange(full, dropped, full.length);
    for (int axis = 0; axis < sizes.length; axis++) {
      sizes[axis] = random.nextInt(4) == 0 ? 1 : sizes[axis];
    }
    return random.nextInt(2) == 0
        ? Samples.gaussian(random, dtype, Samples.layout(random), sizes)
        : Samples.integers(random, dtype, Samples.layout(random), sizes);
  }

  private static void agree(BinaryOperation operation, Tensor a, Tensor b) {
    Tensor y = a.apply(operation, b);
    int rank = Math.max(a.rank(), b.rank());
    assertEquals(rank, y.rank());
    for (int axis = 1; axis <= rank; axis++) {
      long sa = axis <= a.rank() ? a.axis(-axis) : 1;
      long sb = axis <= b.rank() ? b.axis(-axis) : 1;
      assertEquals(sa == 1 ? sb : sa, y.axis(-axis));
    }
    assertEquals(operation.isComparison() ? DType.BOOL : a.dtype(), y.dtype());
    Samples.forEachIndex(
        y.shape(),
        index -> {
          double left = a.at(reduced(a, index));
          double right = b.at(reduced(b, index));
          double expected = expected(operation, left, right);
          // IEEE operations rounded twice, in float64 and float32, equal those rounded once
          assertEquals(
              y.dtype() == DType.FLOAT32 ? (float) expected : expected,
              y.at(index),
              () -> operation + " of " + a + " and " + b);
        });
  }

  private static long[] reduced(Tensor operand, long... index) {
    long[] own = Arrays.copyOfRange(index, index.length - operand.rank(), index.length);
    for (int axis = 0; axis < own.length; axis++) {
      own[axis] = operand.axis(axis) == 1 ? 0 : own[axis];
    }
    return own;
  }

  private static double expected(BinaryOperation operation, double a, double b) {
    return switch (operation) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case MAX -> a > b ? a : b;
      case MIN -> a < b ? a : b;
      case POW -> StrictMath.pow(a, b);
      case EQ -> a == b ? 1 : 0;
      case NE -> a == b ? 0 : 1;
      case LT -> a < b ? 1 : 0;
      case LE -> a > b ? 0 : 1;
      case GT -> a > b ? 1 : 0;
      case GE -> a < b ? 0 : 1;
    };
  }

  @Test
  void comparisonsOfInt64AreExactWhereDoublesAreNot() {
    long big = 1L << 53;
    Tensor a = Tensor.of(new long[] {big, Long.MAX_VALUE, -big}, 3);
    Tensor b = Tensor.of(new long[] {big + 1, Long.MAX_VALUE - 1, -big - 1}, 3);
    assertEquals("[0, 0, 0]", Arrays.toString(a.apply(BinaryOperation.EQ, b).toLongs()));
    assertEquals("[1, 0, 0]", Arrays.toString(a.apply(BinaryOperation.LT, b).toLongs()));
    assertEquals("[0, 1, 1]", Arrays.toString(a.apply(BinaryOperation.GE, b).toLongs()));
  }

  @Test
  void arithmeticOfInt64IsExactAndWrapsAround() {
    Tensor a = Tensor.of(new long[] {(1L << 53) + 1, Long.MAX_VALUE}, 2);
    assertEquals(
        Arrays.toString(new long[] {(1L << 53) + 2, Long.MIN_VALUE}),
        Arrays.toString(a.add(1).toLongs()));
    Tensor b = Tensor.of(new int[] {Integer.MAX_VALUE}, 1);
    assertEquals(Integer.MIN_VALUE, b.add(1).itemAsLong());
  }

  @Test
  void comparisonsWithNanAreFalseApartFromNotEqual() {
    Tensor nan = Tensor.scalar(Float.NaN);
    for (BinaryOperation operation : BinaryOperation.values()) {
      if (operation.isComparison()) {
        double expected = operation == BinaryOperation.NE ? 1 : 0;
        assertEquals(expected, nan.apply(operation, nan).item(), operation.toString());
      }
    }
    assertEquals(Double.NaN, nan.apply(BinaryOperation.MAX, Tensor.scalar(1f)).item());
    assertEquals(Double.NaN, Tensor.scalar(1f).apply(BinaryOperation.MIN, nan).item());
  }

  @Test
  void longRunsAreCutIntoTasksWithoutGaps() {
    RandomStream random = RandomStream.of(73);
    Tensor a = Samples.gaussian(random, DType.FLOAT32, Layout.CHANNELS_FIRST, 5, 20_011);
    Tensor b = Samples.gaussian(random, DType.FLOAT32, Layout.CHANNELS_FIRST, 5, 20_011);
    Tensor column = Samples.gaussian(random, DType.FLOAT32, Layout.CHANNELS_FIRST, 5, 1);
    agree(BinaryOperation.ADD, a, b);
    agree(BinaryOperation.SUB, a, column);
    agree(BinaryOperation.DIV, column, a);
    agree(BinaryOperation.MUL, Tensor.scalar(3f), a);
  }

  @Test
  void resultsTakeTheLayoutOfTheOperandThatHasTheirShape() {
    Tensor last = Tensor.ones(2, 3, 4, 5).to(Layout.CHANNELS_LAST);
    Tensor channel = Tensor.ones(3, 1, 1);
    assertEquals(Layout.CHANNELS_LAST, last.add(channel).layout());
    assertEquals(Layout.CHANNELS_LAST, channel.add(last).layout());
    assertEquals(Layout.CHANNELS_FIRST, Tensor.ones(2, 3, 4, 5).add(last).layout());
    assertEquals(Layout.CHANNELS_LAST, last.apply(UnaryOperation.NEG).layout());
  }

  @Test
  void operandsThatDoNotFitAreRefusedWithTheAxis() {
    Tensor a = Tensor.ones(2, 3);
    ShapeException shapes = assertThrows(ShapeException.class, () -> a.add(Tensor.ones(4, 3)));
    assertEquals(
        "add of shapes (2, 3) and (4, 3): axis -2 has 2 and 4, but sizes must be equal or 1",
        shapes.getMessage());
    IllegalArgumentException types =
        assertThrows(
            IllegalArgumentException.class, () -> a.mul(Tensor.ones(2, 3).to(DType.FLOAT64)));
    assertEquals(
        "mul of float32 and float64 tensors: convert one of them with to(DType)",
        types.getMessage());
    IllegalArgumentException halves =
        assertThrows(
            IllegalArgumentException.class, () -> a.to(DType.BFLOAT16).add(a.to(DType.BFLOAT16)));
    assertEquals(
        "add needs a float32 or float64 tensor, got bfloat16 of shape (2, 3); convert it with"
            + " to(DType.FLOAT32)",
        halves.getMessage());
    IllegalArgumentException fraction =
        assertThrows(IllegalArgumentException.class, () -> Tensor.scalar(1L).add(0.5));
    assertEquals(
        "add of a tensor of int64 and 0.5, which is no integer: convert the tensor with"
            + " to(DType.FLOAT32)",
        fraction.getMessage());
  }

  @Test
  void expandAndPermuteAgreeWithAnOdometer() {
    RandomStream random = RandomStream.of(74);
    for (int round = 0; round < 300; round++) {
      DType dtype = DType.values()[random.nextInt(DType.values().length)];
      long[] full = Samples.sizes(random, random.nextInt(6), 4);
      int dropped = random.nextInt(full.length + 1);
      long[] sizes = Arrays.copyOfRange(full, dropped, full.length);
      for (int axis = 0; axis < sizes.length; axis++) {
        sizes[axis] = random.nextInt(3) == 0 ? 1 : sizes[axis];
      }
      Tensor x = Samples.integers(random, dtype, Samples.layout(random), sizes);
      Tensor y = Backend.standard().expand(x, Shape.of(full));
      assertEquals(Shape.of(full), y.shape());
      Samples.forEachIndex(y.shape(), i -> assertEquals(x.at(reduced(x, i)), y.at(i)));

      int[] order = permutation(random, x.rank());
      Tensor z = Backend.standard().permute(x, order);
      Samples.forEachIndex(
          z.shape(),
          index -> {
            long[] source = new long[index.length];
            for (int axis = 0; axis < index.length; axis++) {
              source[order[axis]] = index[axis];
            }
            assertEquals(x.at(source), z.at(index));
          });
    }
  }

  private static int[] permutation(RandomStream random, int rank) {
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  @Test
  void wrongExpansionsAndPermutationsAreRefused() {
    Backend backend = Backend.standard();
    Tensor x = Tensor.ones(2, 3);
    assertEquals(
        "cannot expand shape (2, 3) to (3)",
        assertThrows(ShapeException.class, () -> backend.expand(x, Shape.of(3))).getMessage());
    assertEquals(
        "cannot expand shape (2, 3) to (1, 3)",
        assertThrows(ShapeException.class, () -> backend.expand(x, Shape.of(1, 3))).getMessage());
    assertEquals(
        "permute: axis 1 twice in [1, -1]",
        assertThrows(ShapeException.class, () -> backend.permute(x, 1, -1)).getMessage());
    assertEquals(
        "permute: order [0] does not fit shape (2, 3)",
        assertThrows(ShapeException.class, () -> backend.permute(x, 0)).getMessage());
  }
}
