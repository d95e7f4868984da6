package org.batchnorm4j.simd;

import java.util.Arrays;
import java.util.Random;
import org.batchnorm4j.kernel.VirtualLanes;

/**
 * Inputs and outputs of one kernel call. Runs of a plane block and rows of a row block have the
 * same form here: {@code count} of {@code length} values each, {@code stride} apart, at a different
 * odd offset in each array.
 */
final class Block {
  static final int X_FROM = 3;
  static final int G_FROM = 1;
  static final int OUT_FROM = 5;
  static final int Y_FROM = 4;
  static final int AT = 2;

  final int count;
  final int length;
  final int stride;
  final float[] x;
  final float[] g;
  final float[] y;
  final float[] mean;
  final float[] scale;
  final float[] shift;
  final float[] a;
  final float[] b;
  final float[] d;

  /** Values written; all of it is compared, so a kernel that writes beside its range is found. */
  final float[] out;

  final double[] sums;
  final double[] moreSums;

  Block(int count, int length, int stride, Values values, long seed) {
    this.count = count;
    this.length = length;
    this.stride = stride;
    int size = 8 + count * stride + length;
    int constants = Math.max(count, length); // of runs or of channels
    Random random = new Random(seed);
    x = values.array(random, size);
    g = values.array(random, size);
    mean = values.array(random, AT + constants);
    scale = values.array(random, AT + constants);
    shift = values.array(random, AT + constants);
    a = values.array(random, AT + constants);
    b = values.array(random, AT + constants);
    d = values.array(random, AT + constants);
    out = values.array(random, size);
    y = values.array(random, size);
    int lanes = VirtualLanes.COUNT * count; // of runs; rows have a sum per channel
    sums = new double[AT + 2 + Math.max(lanes, length)];
    moreSums = new double[sums.length];
    Arrays.fill(sums, -7.0);
    Arrays.fill(moreSums, -7.0);
  }

  /**
   * The first index whose bits differ, with both values; NaN equals NaN. Empty if there is none.
   */
  static String difference(Block expected, Block actual) {
    return firstDifference("x", expected.x, actual.x)
        + firstDifference("g", expected.g, actual.g)
        + firstDifference("out", expected.out, actual.out)
        + firstDifference("sums", expected.sums, actual.sums)
        + firstDifference("moreSums", expected.moreSums, actual.moreSums);
  }

  private static String firstDifference(String name, float[] expected, float[] actual) {
    int i = Arrays.mismatch(expected, actual);
    return i < 0 ? "" : name + "[" + i + "]: " + expected[i] + " but was " + actual[i] + "; ";
  }

  private static String firstDifference(String name, double[] expected, double[] actual) {
    int i = Arrays.mismatch(expected, actual);
    return i < 0 ? "" : name + "[" + i + "]: " + expected[i] + " but was " + actual[i] + "; ";
  }
}
