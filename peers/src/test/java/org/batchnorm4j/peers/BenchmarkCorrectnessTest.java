package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Direction;
import org.batchnorm4j.benchmarks.comparison.Ours;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Planes;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.benchmarks.comparison.Roof;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Layout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What batchnorm4j-bench measures is batch norm: every contender against float64 by definition. */
class BenchmarkCorrectnessTest {

  @BeforeAll
  static void loadNatives() {
    Natives.needLibtorch();
    Natives.needOneDnn();
  }

  private static List<Peer> peers() {
    List<Peer> peers = new ArrayList<>();
    peers.add(new Ours(KernelPreference.SIMD));
    peers.add(new Ours(KernelPreference.SCALAR));
    ServiceLoader.load(Peer.class).forEach(peers::add);
    return peers;
  }

  static Stream<Arguments> problems() {
    return Stream.of(new Planes(3, 32, 7, 7), new Planes(4, 19, 5, 3), new Planes(2, 16, 14, 14))
        .flatMap(
            shape ->
                Stream.of(Layout.values())
                    .flatMap(
                        layout ->
                            Stream.of(Direction.values())
                                .map(direction -> Arguments.of(shape, layout, direction))));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("problems")
  void everyContenderComputesBatchNorm(Planes shape, Layout layout, Direction direction) {
    Problem problem = Problem.of(shape, layout, direction);
    Outputs expected = Definition.of(problem);
    for (Peer peer : peers()) {
      for (int threads : new int[] {1, 2}) {
        try (Contender contender = peer.prepare(problem, threads)) {
          contender.enter();
          contender.run();
          contender.run();
          assertClose(problem, expected, contender.outputs(), peer.name() + ", " + threads);
        }
      }
    }
  }

  /**
   * A float32 sum of M values of order one is off by at most (M + some roundings) * M * 2^-24, a
   * result made of means of them and of factors below 8 by 8 (M + 16) 2^-24; see Agreement.
   */
  private static void assertClose(Problem problem, Outputs expected, Outputs found, String who) {
    double count = problem.shape().perChannel();
    double bound = 8 * (count + 16) * 0x1p-24;
    double ofSums = problem.direction() == Direction.BACKWARD ? bound * count : bound;
    assertClose(expected.tensor(), found.tensor(), bound, who + ": tensor");
    assertClose(expected.first(), found.first(), ofSums, who + ": mean or gradient of gamma");
    assertClose(expected.second(), found.second(), ofSums, who + ": variance or that of beta");
  }

  private static void assertClose(float[] expected, float[] found, double bound, String what) {
    assertEquals(expected.length, found.length, what);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], bound * (1 + Math.abs(expected[i])), what + " at " + i);
    }
  }

  @Test
  void bothOursHaveTheSameBitsOnAnyThreads() {
    for (Direction direction : Direction.values()) {
      Problem problem = Problem.of(new Planes(3, 32, 7, 7), Layout.CHANNELS_LAST, direction);
      float[] first = new Ours(KernelPreference.SIMD).prepare(problem, 1).outputs().tensor();
      assertArrayEquals(
          first, new Ours(KernelPreference.SCALAR).prepare(problem, 2).outputs().tensor(), 0f);
    }
  }

  @Test
  void theRoofCopiesTheWholeTensor() {
    Problem problem =
        Problem.of(new Planes(7, 19, 31, 33), Layout.CHANNELS_FIRST, Direction.FORWARD);
    for (boolean ordinary : new boolean[] {true, false}) {
      for (int threads : new int[] {1, 2}) {
        Contender copy = new Roof(ordinary).prepare(problem, threads);
        copy.run();
        assertArrayEquals(problem.x(), copy.outputs().tensor(), 0f);
      }
    }
  }

  @Test
  void libtorchAndOneDnnTakePart() {
    List<String> names = peers().stream().map(Peer::name).toList();
    assertTrue(
        names.containsAll(List.of("SIMD", "scalar", "libtorch", "oneDNN")), names.toString());
  }
}
