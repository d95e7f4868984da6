package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.ScalarKernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SIMD conversions of half types equal the scalar ones in every bit; a NaN equals any NaN. */
class HalfRunsTest {
  private static final int ALL = 1 << 16;
  private static final int LENGTH = 64; // runs short enough not to go to the scalar twin

  private final CpuKernels simd = new VectorKernels();
  private final CpuKernels scalar = new ScalarKernels();

  @Test
  void everyHalfIsWidenedAlike() {
    short[] halves = new short[ALL + ALL / LENGTH];
    for (int i = 0; i < ALL; i++) {
      halves[i + i / LENGTH] = (short) i; // a gap behind each run
    }
    for (boolean ieee : new boolean[] {true, false}) {
      float[] expected = new float[ALL];
      float[] actual = new float[ALL];
      widen(scalar, ieee, halves, 0, ALL / LENGTH, LENGTH + 1, LENGTH, expected, 0);
      widen(simd, ieee, halves, 0, ALL / LENGTH, LENGTH + 1, LENGTH, actual, 0);
      assertArrayEquals(expected, actual);
    }
  }

  /** Every half, the values halfway between neighbours, and the float32 next to each of those. */
  @Test
  void everyTieAndItsNeighboursAreNarrowedAlike() {
    for (boolean ieee : new boolean[] {true, false}) {
      for (int low : new int[] {0, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff}) {
        float[] values = new float[ALL];
        for (int i = 0; i < ALL; i++) {
          values[i] = Float.intBitsToFloat(i << 16 | low);
        }
        assertNarrowedAlike(ieee, values, LENGTH);
      }
      float[] ties = new float[ALL];
      for (int i = 0; i < ALL; i++) {
        float half = Float.float16ToFloat((short) i);
        float next = Float.float16ToFloat((short) (i + 1));
        ties[i] = (half + next) / 2; // exact
      }
      for (int step = -1; step <= 1; step++) {
        float[] values = new float[ALL];
        for (int i = 0; i < ALL; i++) {
          values[i] = Float.intBitsToFloat(Float.floatToRawIntBits(ties[i]) + step);
        }
        assertNarrowedAlike(ieee, values, LENGTH);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void equalsScalarForEveryLength(boolean ieee) {
    Random random = new Random(11);
    for (int length = 0; length <= 67; length++) {
      for (int gap : new int[] {0, 3}) {
        for (Values kind : Values.values()) {
          int runs = length % 5;
          int stride = length + gap;
          float[] values = kind.array(random, runs * length + 3);
          short[] expected = new short[runs * stride + 5];
          short[] actual = new short[runs * stride + 5];
          narrow(scalar, ieee, values, 3, expected, 2, runs, stride, length);
          narrow(simd, ieee, values, 3, actual, 2, runs, stride, length);
          assertSameHalves(ieee, expected, actual);
          float[] wide = new float[runs * length + 7];
          float[] alike = new float[runs * length + 7];
          widen(scalar, ieee, expected, 2, runs, stride, length, wide, 4);
          widen(simd, ieee, expected, 2, runs, stride, length, alike, 4);
          assertArrayEquals(wide, alike);
        }
      }
    }
  }

  private void assertNarrowedAlike(boolean ieee, float[] values, int length) {
    int runs = values.length / length;
    short[] expected = new short[values.length + runs];
    short[] actual = new short[values.length + runs];
    narrow(scalar, ieee, values, 0, expected, 0, runs, length + 1, length);
    narrow(simd, ieee, values, 0, actual, 0, runs, length + 1, length);
    assertSameHalves(ieee, expected, actual);
  }

  private static void assertSameHalves(boolean ieee, short[] expected, short[] actual) {
    int infinity = ieee ? 0x7c00 : 0x7f80;
    for (int i = 0; i < expected.length; i++) {
      boolean nan = (expected[i] & 0x7fff) > infinity;
      if (!nan || (actual[i] & 0x7fff) <= infinity) {
        assertEquals(expected[i], actual[i], "at " + i);
      }
    }
  }

  private static void widen(
      CpuKernels k,
      boolean ieee,
      short[] x,
      int xFrom,
      int runs,
      int stride,
      int length,
      float[] y,
      int yFrom) {
    if (ieee) {
      k.widenFloat16(x, xFrom, runs, stride, length, y, yFrom);
    } else {
      k.widenBfloat16(x, xFrom, runs, stride, length, y, yFrom);
    }
  }

  private static void narrow(
      CpuKernels k,
      boolean ieee,
      float[] x,
      int xFrom,
      short[] y,
      int yFrom,
      int runs,
      int stride,
      int length) {
    if (ieee) {
      k.narrowFloat16(x, xFrom, y, yFrom, runs, stride, length);
    } else {
      k.narrowBfloat16(x, xFrom, y, yFrom, runs, stride, length);
    }
  }
}
