package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.kernel.RunTotals;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelMoments;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks are merged in the order of their index, to the bit, on any number of threads. */
class BlockOrderTest {

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 3})
  void momentsOfPlanesAreThoseOfTheirBlocksMergedInIndexOrder(int threads) {
    // two samples of two runs of 10,000 are as many as a block of 32,768 values wants
    int length = 10_000;
    int runs = 5;
    float[] x = values(runs * length);
    List<ChannelMoments> blocks = new ArrayList<>();
    for (int n = 0; n < runs; n += 2) {
      int count = Math.min(2, runs - n);
      double[] pair = RunTotals.moments(new ScalarKernels(), x, n * length, count, length, length);
      blocks.add(new ChannelMoments((long) count * length, pair[0], pair[1]));
    }
    // each run twice, as two channels: one channel alone would be a single run
    float[] twice = new float[2 * x.length];
    for (int n = 0; n < runs; n++) {
      System.arraycopy(x, n * length, twice, 2 * n * length, length);
      System.arraycopy(x, n * length, twice, (2 * n + 1) * length, length);
    }
    check(Tensor.of(twice, runs, 2, length), blocks, threads);
  }

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 3})
  void momentsOfRowsAreThoseOfTheirBlocksMergedInIndexOrder(int threads) {
    // of 32 channels seven rows are taken as one, and blocks hold 300 of those
    int channels = 32;
    int rows = 16 * 300 * 7;
    float[] column = values(rows);
    float[] x = new float[rows * channels];
    for (int i = 0; i < x.length; i++) {
      x[i] = column[i / channels];
    }
    List<ChannelMoments> blocks = new ArrayList<>();
    for (int from = 0; from < rows; from += 300 * 7) {
      blocks.add(columnByColumn(column, from, Math.min(rows, from + 300 * 7), 7));
    }
    check(Tensor.of(x, rows, channels), blocks, threads);
  }

  /** Moments of a block, with a sum for each of the rows that are taken as one. */
  private static ChannelMoments columnByColumn(float[] x, int from, int to, int together) {
    double sum = 0;
    double square = 0;
    for (int first = from; first < from + together; first++) {
      double columnSum = 0;
      double columnSquare = 0;
      for (int row : order((to - from) / together)) {
        double d = (double) x[first + row * together] - x[from];
        columnSum += d;
        columnSquare = Math.fma(d, d, columnSquare);
      }
      sum += columnSum;
      square += columnSquare;
    }
    double n = to - from;
    return new ChannelMoments(to - from, x[from] + sum / n, square - sum * (sum / n));
  }

  /** Rows are added eight at a time, the first 296 of a block 37 rows apart. */
  private static int[] order(int rows) {
    return IntStream.range(0, rows).map(i -> i < 296 ? i % 8 * 37 + i / 8 : i).toArray();
  }

  private static void check(Tensor x, List<ChannelMoments> blocks, int threads) {
    ChannelMoments expected = merged(blocks);
    Collections.reverse(blocks);
    assertNotEquals(expected, merged(blocks), "these values do not tell one order from another");
    Backend backend = CpuBackend.of(KernelPreference.SCALAR, threads, line -> {});
    BatchMoments moments = backend.channelMoments(x);
    for (int c = 0; c < moments.channels(); c++) {
      assertEquals(expected, new ChannelMoments(moments.count(), moments.mean(c), moments.m2(c)));
    }
  }

  private static ChannelMoments merged(List<ChannelMoments> blocks) {
    ChannelMoments all = ChannelMoments.EMPTY;
    for (ChannelMoments block : blocks) {
      all = all.merge(block);
    }
    return all;
  }

  /** Values whose size changes from block to block, so that the order of sums shows. */
  private static float[] values(int count) {
    RandomStream random = RandomStream.of(11);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() * (1 + i / 50) + i % 7);
    }
    return values;
  }
}
