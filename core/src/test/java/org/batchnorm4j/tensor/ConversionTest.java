package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConversionTest {

  private static double converted(double value, DType dtype) {
    return Tensor.of(new double[] {value}, 1).to(dtype).item();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT16", "BFLOAT16"})
  void halvesRoundToTheNearestOfTheirValues(DType dtype) {
    RandomStream random = RandomStream.of(21, dtype.ordinal());
    for (int i = 0; i < 20_000; i++) {
      double value = random.nextGaussian() * Math.scalb(1.0, random.nextInt(24) - 12);
      double half = converted(value, dtype);
      // neighbours by their bits, which are ordered for one sign
      short bits = bits(half, dtype);
      double distance = Math.abs(half - value);
      assertTrue(distance <= Math.abs(fromBits((short) (bits + 1), dtype) - value));
      assertTrue(distance <= Math.abs(fromBits((short) (bits - 1), dtype) - value));
    }
  }

  private static short bits(double half, DType dtype) {
    byte[] bytes = Tensor.of(new double[] {half}, 1).to(dtype).toBytes();
    return (short) (bytes[0] & 0xff | bytes[1] << 8);
  }

  private static double fromBits(short bits, DType dtype) {
    return Tensor.fromBytes(new byte[] {(byte) bits, (byte) (bits >> 8)}, dtype, 1).item();
  }

  @Test
  void everyHalfSurvivesTheWayThroughWiderTypes() {
    for (DType dtype : new DType[] {DType.FLOAT16, DType.BFLOAT16}) {
      for (int bits = Short.MIN_VALUE; bits <= Short.MAX_VALUE; bits++) {
        double value = fromBits((short) bits, dtype);
        if (Double.isNaN(value)) {
          continue;
        }
        assertEquals((short) bits, bits(value, dtype));
      }
      assertEquals(Double.NaN, converted(Double.NaN, dtype));
    }
  }

  @Test
  void float32GoesToHalvesAndBackAsFloat64Does() {
    RandomStream random = RandomStream.of(24);
    double[] values = new double[5_000];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * Math.scalb(1.0, random.nextInt(60) - 30));
    }
    values[0] = Double.NaN;
    values[1] = Double.NEGATIVE_INFINITY;
    values[2] = -0.0;
    Tensor wide = Tensor.of(values, values.length).range(0, values.length - 1);
    Tensor narrow = wide.to(DType.FLOAT32);
    for (DType dtype : new DType[] {DType.FLOAT16, DType.BFLOAT16}) {
      Tensor half = narrow.range(1, narrow.size()).to(dtype);
      assertArrayEquals(wide.range(1, wide.size()).to(dtype).toBytes(), half.toBytes());
      double[] expected = half.range(2, half.size()).to(DType.FLOAT64).toDoubles();
      assertArrayEquals(
          expected, half.range(2, half.size()).to(DType.FLOAT32).to(DType.FLOAT64).toDoubles());
      assertEquals(Float.NaN, narrow.range(0, 1).to(dtype).to(DType.FLOAT32).item());
    }
  }

  @Test
  void halvesAreRoundedOnceAndNotThroughFloat32() {
    // just above a tie of float16 (1 + 2^-11), and so close that float32 sees the tie itself
    assertEquals(1 + 0x1p-10, converted(1 + 0x1p-11 + 0x1p-40, DType.FLOAT16));
    assertEquals(1.0, converted(1 + 0x1p-11 - 0x1p-40, DType.FLOAT16));
    assertEquals(1.0, converted(1 + 0x1p-11, DType.FLOAT16)); // a tie goes to the even neighbour
    assertEquals(1 + 0x1p-7, converted(1 + 0x1p-8 + 0x1p-40, DType.BFLOAT16));
    assertEquals(1.0, converted(1 + 0x1p-8, DType.BFLOAT16));
    assertEquals(-1 - 0x1p-7, converted(-1 - 0x1p-8 - 0x1p-40, DType.BFLOAT16));
    assertEquals(Double.POSITIVE_INFINITY, converted(1e300, DType.BFLOAT16));
    assertEquals(Double.NEGATIVE_INFINITY, converted(-65520, DType.FLOAT16));
    assertEquals(65504, converted(65519.999999999, DType.FLOAT16));
    assertEquals(0x1p-24, converted(0x1.000001p-25, DType.FLOAT16));
    assertEquals(0.0, converted(0x1p-25, DType.FLOAT16));
  }

  @Test
  void int64IsRoundedOnceOnTheWayToFloatingPoint() {
    RandomStream random = RandomStream.of(22);
    for (int i = 0; i < 20_000; i++) {
      long value = random.nextLong() >> random.nextInt(64);
      Tensor x = Tensor.scalar(value);
      assertEquals((double) value, x.to(DType.FLOAT64).item());
      assertEquals(new BigDecimal(value).floatValue(), x.to(DType.FLOAT32).item());
      assertEquals(value, x.to(DType.INT64).itemAsLong());
    }
    // one above a tie that float64 cannot tell from the tie
    assertEquals(
        0x1p60 + 0x1p53, Tensor.scalar((1L << 60) + (1L << 52) + 1).to(DType.BFLOAT16).item());
    assertEquals(0x1p60, Tensor.scalar((1L << 60) + (1L << 52)).to(DType.BFLOAT16).item());
    assertEquals(-0x1p63, Tensor.scalar(Long.MIN_VALUE).to(DType.FLOAT32).item());
  }

  @Test
  void integersTruncateAndStopAtTheEndsOfTheirRange() {
    assertEquals(2, converted(2.9, DType.INT64));
    assertEquals(-2, converted(-2.9, DType.INT32));
    assertEquals(Integer.MAX_VALUE, converted(1e12, DType.INT32));
    assertEquals(Long.MIN_VALUE, converted(Double.NEGATIVE_INFINITY, DType.INT64));
    assertEquals(255, converted(300, DType.UINT8));
    assertEquals(0, converted(-1, DType.UINT8));
    assertEquals(0, converted(Double.NaN, DType.UINT8));
    assertEquals(200, converted(200.7, DType.UINT8));
    assertEquals(1, converted(0.1, DType.BOOL));
    assertEquals(0, converted(-0.0, DType.BOOL));
    assertEquals(1, converted(Double.NaN, DType.BOOL));
    assertEquals((float) 0.1, converted(0.1, DType.FLOAT32));
  }

  @Test
  void pixelsConvertToFloatsInBothLayouts() {
    Tensor pixels = Tensor.of(new byte[] {0, 1, 127, -128, -1, 5}, 1, 3, 2);
    float[] expected = {0, 1, 127, 128, 255, 5};
    assertArrayEquals(expected, pixels.to(DType.FLOAT32).toFloats());
    Tensor last = pixels.to(Layout.CHANNELS_LAST).to(DType.FLOAT32);
    assertArrayEquals(expected, last.toFloats());
    assertEquals(Layout.CHANNELS_LAST, last.layout());
  }

  @Test
  void bytesAreLittleEndianAndRowMajor() {
    assertArrayEquals(
        new byte[] {0, 0, -128, 63, 0, 0, 0, -64}, Tensor.of(new float[] {1, -2}, 2).toBytes());
    assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, Tensor.of(new long[] {1}, 1).toBytes());
    assertArrayEquals(
        new byte[] {-128, 63, -64, -65},
        Tensor.of(new float[] {1, -1.5f}, 2).to(DType.BFLOAT16).toBytes());
    Tensor x = Tensor.arange(12).reshape(3, 2, 2).to(Layout.CHANNELS_LAST);
    assertArrayEquals(Tensor.of(new float[] {4, 5, 6, 7}, 4).toBytes(), x.range(1, 2).toBytes());
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void bytesComeBackAsTheSameTensor(DType dtype) {
    Tensor x = Samples.integers(RandomStream.of(23), dtype, Layout.CHANNELS_LAST, 3, 2, 4);
    Tensor back = Tensor.fromBytes(x.toBytes(), dtype, 3, 2, 4);
    assertEquals(dtype, back.dtype());
    assertArrayEquals(x.toDoubles(), back.toDoubles());
    int wrong = 24 * dtype.bytes() + 1;
    assertEquals(
        wrong
            + " bytes do not fill a "
            + dtype
            + " tensor of shape (3, 2, 4), which takes "
            + (wrong - 1),
        assertThrows(ShapeException.class, () -> Tensor.fromBytes(new byte[wrong], dtype, 3, 2, 4))
            .getMessage());
  }

  @Test
  void bytesKeepNanPayloadsAndNegativeZero() {
    byte[] bytes = {1, 0, -64, 127, 0, 0, 0, -128};
    assertArrayEquals(bytes, Tensor.fromBytes(bytes, DType.FLOAT32, 2).toBytes());
  }
}
