package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
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
      check(Strips.forSums(rows, channels, length, together), rows, channels, length);
      check(Strips.forValues(rows, channels, length, together), rows, channels, length);
    }
  }

  private static void check(Strips strips, int rows, int channels, int length) {
    int[] channelOf = new int[rows * channels * length];
    Arrays.fill(channelOf, -1);
    long[] counts = new long[channels];
    for (int r = 0; r < strips.rowBlocks(); r++) {
      for (int c = 0; c < strips.channelBlocks(); c++) {
        StripBlock block = strips.block(r, c);
        assertTrue(block.width() <= strips.largestPiece(), strips::toString);
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
