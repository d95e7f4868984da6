package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.batchnorm4j.kernel.Bfloat16;
import org.batchnorm4j.kernel.Bfloat16Kernels;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.kernel.VirtualLanes;
import org.batchnorm4j.kernel.WidenedBfloat16Kernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Kernels that load bfloat16 themselves return the bits of widening, the scalar float32 kernels and
 * rounding; a NaN equals any NaN.
 */
class VectorBfloat16KernelsTest {
  private static final int AT = 2;

  private final Bfloat16Kernels definition = new WidenedBfloat16Kernels(new ScalarKernels());

  @Test
  void areOfferedFrom256BitsOn() {
    boolean wide = VectorWidth.SHAPE.vectorBitSize() >= 256;
    assertEquals(wide, new VectorKernels().bfloat16().isPresent());
  }

  /** Arguments and results of one call. */
  private static final class Data {
    final int count;
    final int length;
    final int stride;
    final short[] x;
    final short[] g;
    final float[] mean;
    final float[] scale;
    final float[] shift;
    final float[] a;
    final float[] b;
    final float[] c;
    final short[] out;
    final double[] sums;
    final double[] moreSums;

    Data(int count, int length, int stride, Values values, long seed) {
      this.count = count;
      this.length = length;
      this.stride = stride;
      Random random = new Random(seed);
      int size = 8 + count * stride + length;
      int constants = AT + Math.max(count, length);
      x = halves(values.array(random, size));
      g = halves(values.array(random, size));
      mean = values.array(random, constants);
      scale = values.array(random, constants);
      shift = values.array(random, constants);
      a = values.array(random, constants);
      b = values.array(random, constants);
      c = values.array(random, constants);
      out = new short[size];
      Arrays.fill(out, (short) 0x4321);
      sums = new double[AT + 2 + Math.max(VirtualLanes.COUNT * count, length)];
      moreSums = new double[sums.length];
      // beside other numbers a subnormal one would not show
      double start = values == Values.ZEROS_AND_SUBNORMALS ? 0.0 : -7.0;
      Arrays.fill(sums, start);
      Arrays.fill(moreSums, start);
    }
  }

  private static short[] halves(float[] values) {
    short[] halves = new short[values.length];
    for (int i = 0; i < halves.length; i++) {
      halves[i] = Bfloat16.rounded(values[i]);
    }
    return halves;
  }

  private static float[] widened(short[] halves) {
    float[] values = new float[halves.length];
    for (int i = 0; i < halves.length; i++) {
      values[i] = Bfloat16.widened(halves[i]);
    }
    return values;
  }

  private enum Runs {
    MOMENTS,
    LINE,
    GRADIENT_SUMS,
    INPUT_GRADIENT;

    void on(Bfloat16Kernels k, Data t, boolean relu) {
      switch (this) {
        case MOMENTS ->
            k.runMomentSums(t.x, 3, t.count, t.length, t.mean, AT, t.sums, t.moreSums, AT);
        case LINE ->
            k.standardiseRuns(
                t.x, 3, t.out, 5, t.count, t.length, t.mean, t.scale, t.shift, AT, relu);
        case GRADIENT_SUMS ->
            k.runGradientSums(
                t.x,
                3,
                t.g,
                1,
                t.count,
                t.length,
                t.mean,
                t.scale,
                t.shift,
                AT,
                relu,
                t.sums,
                t.moreSums,
                AT);
        case INPUT_GRADIENT ->
            k.runInputGradient(
                t.x, 3, t.g, 1, t.out, 5, t.count, t.length, t.mean, t.scale, t.shift, t.a, t.b,
                t.c, AT, relu);
      }
    }

    /** Whether runs of this length are taken. */
    boolean takes(int length) {
      boolean sums = this == MOMENTS || this == GRADIENT_SUMS;
      return sums || length >= Bfloat16Kernels.LEAST_RUN;
    }
  }

  private enum Rows {
    MOMENTS,
    LINE,
    GRADIENT_SUMS,
    INPUT_GRADIENT;

    /** Whether rows of so many columns are taken. */
    boolean takes(int columns) {
      boolean sums = this == MOMENTS || this == GRADIENT_SUMS;
      return columns % Bfloat16Kernels.COLUMNS == 0 || !sums && columns > Bfloat16Kernels.COLUMNS;
    }

    void on(Bfloat16Kernels k, Data t, boolean relu) {
      switch (this) {
        case MOMENTS ->
            k.rowMomentSums(t.x, 3, t.count, t.stride, t.length, t.mean, t.sums, t.moreSums, AT);
        case LINE ->
            k.standardiseRows(
                t.x, 3, t.out, 5, t.count, t.stride, t.length, t.mean, t.scale, t.shift, AT, relu);
        case GRADIENT_SUMS ->
            k.rowGradientSums(
                t.x,
                3,
                t.g,
                1,
                t.count,
                t.stride,
                t.length,
                t.mean,
                t.scale,
                t.shift,
                relu,
                t.sums,
                t.moreSums,
                AT);
        case INPUT_GRADIENT ->
            k.rowInputGradient(
                t.x, 3, t.g, 1, t.out, 5, t.count, t.stride, t.length, t.mean, t.scale, t.shift,
                t.a, t.b, t.c, AT, relu);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void runsEqualTheDefinitionForEveryLength(Runs kernel) {
    for (int length = 0; length <= 161; length++) {
      if (kernel.takes(length)) {
        for (Values values : Values.values()) {
          int count = length == 0 ? 1 : 1 + length % 5;
          for (boolean relu : new boolean[] {false, true}) {
            Data expected = new Data(count, length, length, values, length);
            Data actual = new Data(count, length, length, values, length);
            kernel.on(definition, expected, relu);
            kernel.on(simd(), actual, relu);
            assertSame(expected, actual, kernel + " of " + length + " " + values + " " + relu);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rowsEqualTheDefinitionForEveryCount(Rows kernel) {
    for (int columns = 8; columns <= 72; columns++) {
      if (!kernel.takes(columns)) {
        continue;
      }
      for (int rows = 1; rows <= 14; rows++) {
        for (Values values : Values.values()) {
          for (boolean relu : new boolean[] {false, true}) {
            int stride = columns + rows % 3;
            Data expected = new Data(rows, columns, stride, values, rows);
            Data actual = new Data(rows, columns, stride, values, rows);
            kernel.on(definition, expected, relu);
            kernel.on(simd(), actual, relu);
            assertSame(expected, actual, kernel + " " + rows + "x" + columns + " " + values + relu);
          }
        }
      }
    }
  }

  /** NaN of every payload stays NaN, infinities and the largest numbers round alike. */
  @Test
  void everyHalfRoundsAlike() {
    int all = 1 << 16;
    for (float factor : new float[] {1f, 1.0039f, Float.NaN, -0.5f, 1.5f, 0x1p-9f}) {
      Data expected = new Data(1, all, all, Values.ORDINARY, 1);
      Data actual = new Data(1, all, all, Values.ORDINARY, 1);
      for (Data t : new Data[] {expected, actual}) {
        for (int i = 0; i < all; i++) {
          t.x[3 + i] = (short) i;
          t.g[1 + i] = (short) i;
        }
        t.mean[AT] = 0;
        t.scale[AT] = factor;
        t.shift[AT] = 0x1p-133f;
        t.a[AT] = factor;
        t.b[AT] = 0x1p-10f;
        t.c[AT] = 0;
      }
      for (Runs kernel : new Runs[] {Runs.LINE, Runs.INPUT_GRADIENT}) {
        for (boolean relu : new boolean[] {false, true}) {
          kernel.on(definition, expected, relu);
          kernel.on(simd(), actual, relu);
          assertSame(expected, actual, kernel + " by " + factor + " " + relu);
        }
      }
    }
  }

  /** At 128 bits, which go through tiles, the float32 kernels. */
  private static Bfloat16Kernels simd() {
    VectorKernels kernels = new VectorKernels();
    return kernels.bfloat16().orElseGet(() -> new WidenedBfloat16Kernels(kernels));
  }

  private static void assertSame(Data expected, Data actual, String what) {
    assertArrayEquals(widened(expected.out), widened(actual.out), what);
    assertArrayEquals(expected.sums, actual.sums, what);
    assertArrayEquals(expected.moreSums, actual.moreSums, what);
  }
}
