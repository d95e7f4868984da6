package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.LineOfMoments;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whether tensors whose channels are taken in groups have the bits of sums over all channels,
 * followed by what is computed with them. What those are is up to {@link NormalizationTest}.
 */
class ChannelGroupsTest {
  private static final List<Shape> SHAPES =
      List.of(Shape.of(16, 24, 3000), Shape.of(2, 8, 70_000), Shape.of(17, 1400, 49));

  static Stream<Arguments> cases() {
    return SHAPES.stream()
        .flatMap(
            shape -> {
              Tensor x = values(1, shape);
              Tensor g = values(2, shape);
              return Stream.of(DType.FLOAT32, DType.FLOAT64, DType.BFLOAT16)
                  .map(type -> Arguments.of(shape, type, x.to(type), g.to(type)));
            });
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("cases")
  void groupsGiveTheBitsOfTheWhole(Shape shape, DType type, Tensor x, Tensor g) {
    List<Backend> backends = new ArrayList<>();
    for (int threads = 1; threads <= 2; threads++) {
      assertTrue(ChannelBlocks.of(x).groups(threads).size() > 1, "nothing is taken in groups");
      backends.add(CpuBackend.of(KernelPreference.SCALAR, threads, line -> {}));
    }
    Backend whole = backends.getLast();
    BatchMoments moments = whole.channelMoments(x);
    LineOfMoments line = ChannelGroupsTest::writeLine;
    int channels = x.axis(1);
    ChannelAffine affine =
        new ChannelAffine(moments.means(), new double[channels], new double[channels]);
    writeLine(moments, affine, 0, channels);
    for (boolean relu : new boolean[] {false, true}) {
      Tensor output = whole.standardise(x, affine, relu);
      GradientSums sums = whole.channelGradientSums(x, g, affine, relu);
      Tensor input = whole.standardiseGradient(x, g, affine, gradientLine(sums), relu);
      for (Backend backend : backends) {
        StandardisedBatch batch = backend.standardiseBatch(x, line, relu);
        same(moments, batch.moments());
        assertArrayEquals(affine.scale(), batch.line().scale());
        assertArrayEquals(affine.shift(), batch.line().shift());
        same(output, batch.output());
        BatchGradient gradient =
            backend.batchGradient(x, g, affine, ChannelGroupsTest::writeGradientLine, relu);
        same(sums, gradient.sums());
        same(input, gradient.input());
      }
    }
    Tensor y = whole.standardiseAddRelu(x, affine, g);
    GatedGradient gated = whole.gatedGradientSums(x, y, g, affine);
    GradientLine ofSums = gradientLine(gated.sums());
    Tensor input = whole.standardiseGradient(x, gated.gradient(), affine, ofSums, false);
    for (Backend backend : backends) {
      StandardisedBatch added = backend.standardiseBatchAddRelu(x, line, g);
      same(moments, added.moments());
      same(y, added.output());
      BatchGradient gradient =
          backend.gatedBatchGradient(x, y, g, affine, ChannelGroupsTest::writeGradientLine);
      same(gated.gradient(), gradient.gradient());
      same(gated.sums(), gradient.sums());
      same(input, gradient.input());
    }
  }

  @Test
  void groupsHoldEachChannelOnceAndAsManyForEachThread() {
    for (Shape shape : SHAPES) {
      Tensor x = Tensor.zeros(DType.FLOAT32, shape.toArray());
      for (int threads = 1; threads < 20; threads++) {
        List<ChannelBlocks> groups = ChannelBlocks.of(x).groups(threads);
        int next = 0;
        for (ChannelBlocks group : groups) {
          assertEquals(next, group.first());
          next += group.count();
        }
        assertEquals(x.axis(1), next);
        assertTrue(groups.size() == 1 || groups.size() >= 4 * threads, shape + " " + threads);
      }
    }
  }

  @Test
  void rowsAndWhatStaysInCacheAreOneGroup() {
    Tensor planes = Tensor.zeros(DType.FLOAT32, 16, 24, 3000);
    assertEquals(1, ChannelBlocks.of(planes.to(Layout.CHANNELS_LAST)).groups(1).size());
    assertEquals(1, ChannelBlocks.of(Tensor.zeros(DType.FLOAT32, 2048, 1024)).groups(1).size());
    assertEquals(1, ChannelBlocks.of(Tensor.zeros(DType.FLOAT32, 4, 24, 3000)).groups(1).size());
    assertEquals(1, ChannelBlocks.of(Tensor.zeros(DType.FLOAT32, 0, 24, 3000)).groups(1).size());
  }

  /** Depends on the channel as gamma and beta do; leaves float32 where moments do. */
  private static void writeLine(BatchMoments moments, ChannelAffine line, int from, int to) {
    for (int c = from; c < to; c++) {
      line.scale()[c] = (1 + 0.01 * c) / Math.sqrt(moments.m2(c) / moments.count());
      line.shift()[c] = 0.1 * (c % 7);
    }
  }

  private static void writeGradientLine(GradientSums sums, GradientLine line, int from, int to) {
    for (int i = from; i < to; i++) {
      line.a()[i] = 1 + 0.01 * i;
      line.b()[i] = 1e-4 * sums.sumGx()[i];
      line.c()[i] = 1e-4 * sums.sumG()[i];
    }
  }

  private static GradientLine gradientLine(GradientSums sums) {
    int channels = sums.sumG().length;
    GradientLine line =
        new GradientLine(new double[channels], new double[channels], new double[channels]);
    writeGradientLine(sums, line, 0, channels);
    return line;
  }

  /** About 1e30 in every fifth channel. */
  private static Tensor values(long seed, Shape shape) {
    RandomStream random = RandomStream.of(seed);
    Tensor values = Tensor.zeros(DType.FLOAT32, shape.toArray());
    float[] all = values.unsafeFloatArray();
    int channels = values.axis(1);
    int length = values.axis(2);
    for (int i = 0; i < all.length; i++) {
      double size = i / length % channels % 5 == 4 ? 1e30 : 1;
      all[i] = (float) (size * (random.nextDouble() - 0.4));
    }
    return values;
  }

  private static void same(BatchMoments expected, BatchMoments found) {
    assertEquals(expected.count(), found.count());
    assertArrayEquals(expected.means(), found.means());
    for (int c = 0; c < expected.channels(); c++) {
      assertEquals(expected.m2(c), found.m2(c));
    }
  }

  private static void same(GradientSums expected, GradientSums found) {
    assertArrayEquals(expected.sumG(), found.sumG());
    assertArrayEquals(expected.sumGx(), found.sumGx());
  }

  private static void same(Tensor expected, Tensor found) {
    assertEquals(expected.dtype(), found.dtype());
    assertArrayEquals(RawBytes.of(expected), RawBytes.of(found));
  }
}
