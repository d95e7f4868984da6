package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Blocks of strips hold each value once, under its channel. */
class StripsTest {

  @ParameterizedTest(name = "{0} rows of {1} channels of {2}")
  @CsvSource({
    "0, 5, 1",
    "1, 1, 1",
    "7, 3, 1",
    "100, 1, 1",
    "129, 10, 1",
    "1000, 64, 1",
    "67, 17, 1",
    "768, 4, 1",
    "196, 24, 1",
    "900, 3, 1",
    "11000, 3, 1",
    "4001, 10, 1",
    "4000, 256, 1",
    "300, 1000, 1",
    "9, 5000, 1",
    "8, 3, 49",
    "50, 512, 49",
    "31, 11, 196",
    "9, 2, 4000",
    "20, 1, 3136"
  })
  void everyValueIsInOneBlockUnderItsChannel(int rows, int channels, int length) {
    for (boolean together : new boolean[] {true, false}) {
      for (Strips strips :
          List.of(
              Strips.forSums(rows, channels, length, together),
              Strips.forValues(rows, channels, length, together))) {
        check(strips, rows, channels, length);
        for (int r = 0; r < strips.rowBlocks(); r++) {
          assertTrue(strips.block(r, 0).width() <= strips.width(), strips::toString);
        }
      }
    }
  }

  /** Which the shape of the tensor tells, not that of a block. */
  @ParameterizedTest(name = "{0} rows of {1} channels of {2}")
  @CsvSource({
    "250880, 64, 1, true",
    "24576, 96, 1, true",
    "8192, 256, 1, true",
    "6144, 384, 1, true",
    "4704, 320, 1, false",
    "8191, 256, 1, false",
    "9800, 1024, 1, false",
    "50, 1024, 196, false",
    "768, 4, 1, false"
  })
  void narrowRowsPastTheCachesAreSummedInFewPlaces(
      int rows, int channels, int length, boolean few) {
    StripBlock block = Strips.forSums(rows, channels, length, length == 1).block(0, 0);
    assertEquals(few, block.inFewPlaces());
    assertEquals(few, block.rows(0, 1, 3).inFewPlaces());
  }

  /** Rows of a small tensor are taken together so that they are one block. */
  @ParameterizedTest(name = "{0} rows of {1} channels of {2}")
  @CsvSource({
    "768, 4, 1",
    "196, 24, 1",
    "49, 16, 1",
    "1024, 3, 1",
    "32, 64, 1",
    "128, 256, 1",
    "8, 8, 49"
  })
  void smallTensorsAreOneBlock(int rows, int channels, int length) {
    for (Strips strips :
        List.of(
            Strips.forSums(rows, channels, length, true),
            Strips.forValues(rows, channels, length, true))) {
      assertEquals(1, strips.rowBlocks() * strips.channelBlocks(), strips::toString);
      assertEquals(0, strips.block(0, 0).width() % 8, strips::toString);
    }
  }

  @ParameterizedTest(name = "{0} samples, {1} channels of {2}, at most {3} of a channel")
  @CsvSource({
    "0, 3, 5, 16384",
    "3, 0, 5, 16384",
    "3, 2, 0, 16384",
    "1, 1, 1, 16384",
    "4, 3, 5, 16384",
    "9, 100, 192, 1048576",
    "50, 7, 784, 1048576",
    "50, 7, 784, 1000",
    "4, 5000, 25, 1048576",
    "3, 5, 20000, 16384",
    "2, 3, 65536, 1048576",
    "2, 3, 65537, 1048576",
    "1, 1, 200000, 1048576"
  })
  void everyValueOfLongRunsIsInOneBlockUnderItsChannel(
      int batch, int channels, int length, int most) {
    LongRuns runs = LongRuns.of(batch, channels, length, most);
    check(runs, batch, channels, length);
    for (int r = 0; r < runs.rowBlocks(); r++) {
      StripBlock block = runs.block(r, 0);
      assertTrue(block.rows() == 1 || block.count() <= most, runs::toString);
      // so many have 32 KiB of lanes, a first cache
      assertTrue(block.channels() <= 64, runs::toString);
    }
  }

  @Test
  void blocksReachTheEndOfATensorAsLongAsAnArrayCanBe() {
    int size = Integer.MAX_VALUE - 8;
    for (SumBlocks blocks :
        List.of(
            LongRuns.of(1, 1, size, 16384),
            Strips.forSums(1, size, 1, true),
            Strips.forValues(1, size, 1, true))) {
      StripBlock last = blocks.block(blocks.rowBlocks() - 1, blocks.channelBlocks() - 1);
      assertEquals(size, last.from() + last.width(), blocks::toString);
    }
    ChannelBlocks values = new ChannelBlocks(true, 1, 1, size, DType.FLOAT32, 0, 1);
    Tensor any = Tensor.zeros(DType.FLOAT64, 1, 1);
    double[] none = {};
    NormalizationArrays arrays =
        new DoubleNormalizationArrays(
            any, any, any, new ChannelAffine(none, none, none), new GradientLine(none, none, none));
    values.visitRuns(
        values.runBlocks() - 1,
        arrays,
        (bound, from, runs, length, channel) -> assertEquals(size, from + runs * length));
  }

  private static void check(SumBlocks strips, int rows, int channels, int length) {
    int[] channelOf = new int[rows * channels * length];
    Arrays.fill(channelOf, -1);
    long[] counts = new long[channels];
    for (int r = 0; r < strips.rowBlocks(); r++) {
      for (int c = 0; c < strips.channelBlocks(); c++) {
        StripBlock block = strips.block(r, c);
        for (int row = 0; row < block.rows(); row++) {
          for (int p = 0; p < block.width(); p++) {
            int i = block.from() + row * block.stride() + p;
            assertEquals(-1, channelOf[i], () -> "twice in " + strips);
            channelOf[i] = block.channel() + p / length % block.channels();
          }
        }
        for (int k = block.channel(); k < block.channel() + block.channels(); k++) {
          counts[k] += block.count();
        }
      }
    }
    for (int i = 0; i < channelOf.length; i++) {
      assertEquals(i / length % channels, channelOf[i], strips::toString);
    }
    assertTrue(Arrays.stream(counts).allMatch(n -> n == (long) rows * length), strips::toString);
  }
}
