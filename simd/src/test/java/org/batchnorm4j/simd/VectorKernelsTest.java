package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.kernel.ScalarKernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** SIMD equals scalar in every bit, at the vector width of this JVM. */
class VectorKernelsTest {
  private final CpuKernels simd = new VectorKernels();
  private final CpuKernels scalar = new ScalarKernels();

  @ParameterizedTest
  @EnumSource
  void equalsScalarForEveryLength(KernelCall call) {
    for (int length = 0; length <= 67; length++) {
      for (Values values : Values.values()) {
        assertSameBits(call, 1 + length % 7, length, length + 3, values);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void equalsScalarForEveryCountOfRunsOrRows(KernelCall call) {
    for (int count = 0; count <= 33; count++) {
      for (int length : new int[] {1, 3, 8, 10, 16, 33}) {
        assertSameBits(call, count, length, length, Values.ORDINARY);
        assertSameBits(call, count, length, length + 1, Values.SPECIAL);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void equalsScalarForImagePlanes(KernelCall call) {
    for (int side : new int[] {1, 3, 7, 14, 28}) {
      for (Values values : Values.values()) {
        assertSameBits(call, 5, side * side, 3 * side * side, values);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void equalsScalarForManyShortRunsOrRows(KernelCall call) {
    for (int length = 0; length <= 17; length++) {
      for (Values values : Values.values()) {
        assertSameBits(call, 67, length, length, values);
        assertSameBits(call, 64, length, length + 1, values);
      }
    }
  }

  /** Calls that are too large for a cache take short rows as one line. */
  @ParameterizedTest
  @EnumSource
  void equalsScalarForMoreRowsThanACacheHolds(KernelCall call) {
    assertSameBits(call, 2051, 16, 16, Values.SPECIAL);
    assertSameBits(call, 683, 48, 48, Values.ORDINARY);
    assertSameBits(call, 683, 48, 50, Values.ORDINARY);
    assertSameBits(call, 67, 496, 496, Values.ORDINARY);
    assertSameBits(call, 65, 512, 512, Values.ORDINARY);
  }

  @ParameterizedTest
  @EnumSource
  void equalsScalarForRowsThatAreNoWholeVectors(KernelCall call) {
    for (int channels : new int[] {17, 18, 20, 24, 33, 36, 40, 50}) {
      for (Values values : Values.values()) {
        assertSameBits(call, 67, channels, channels, values);
        assertSameBits(call, 67, channels, channels + 1, values);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void equalsScalarForLongRuns(KernelCall call) {
    for (int length = 127; length <= 161; length++) {
      for (Values values : Values.values()) {
        assertSameBits(call, 1 + length % 3, length, length + 3, values);
      }
    }
  }

  private void assertSameBits(KernelCall call, int count, int length, int stride, Values values) {
    long seed = 31L * count + length;
    Block expected = new Block(count, length, stride, values, seed);
    Block actual = new Block(count, length, stride, values, seed);
    call.on(scalar, expected);
    call.on(simd, actual);
    assertEquals(
        "",
        Block.difference(expected, actual),
        () -> call + ", " + count + " of " + length + ", stride " + stride + ", " + values);
  }

  @Test
  void isChosenOnThisJvm() {
    // fails, and is not skipped, where the vector module or the provider is missing
    CpuKernels chosen = KernelChoice.choose(KernelPreference.SIMD).kernels();
    assertEquals(VectorKernels.class, chosen.getClass());
  }

  @Test
  void runsAtTheWidthThatTheBuildAskedFor() {
    String expected = System.getProperty("batchnorm4j.simd.bits", "");
    assertTrue(
        expected.isEmpty() || simd.name().equals("simd-" + expected),
        () -> "asked for " + expected + " bits, runs as " + simd.name());
  }

  @Test
  void oneInstanceServesManyThreads() {
    Block expected = new Block(4, 200, 200, Values.ORDINARY, 1);
    KernelCall.RUN_MOMENT_SUMS.on(scalar, expected);
    boolean allSame =
        IntStream.range(0, 64)
            .parallel()
            .allMatch(
                i -> {
                  Block actual = new Block(4, 200, 200, Values.ORDINARY, 1);
                  KernelCall.RUN_MOMENT_SUMS.on(simd, actual);
                  return Block.difference(expected, actual).isEmpty();
                });
    assertTrue(allSame);
  }
}
