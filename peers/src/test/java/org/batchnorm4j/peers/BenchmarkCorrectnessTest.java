package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Operation;
import org.batchnorm4j.benchmarks.comparison.Ours;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Planes;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.benchmarks.comparison.Roof;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What batchnorm4j-bench measures is batch norm: every contender against float64 by definition. */
class BenchmarkCorrectnessTest {
  private static final List<Peer> PEERS = new ArrayList<>();

  @BeforeAll
  static void loadNatives() {
    Natives.needLibtorch();
    Natives.needOneDnn();
    PEERS.add(new Ours(KernelPreference.SIMD));
    PEERS.add(new Ours(KernelPreference.SCALAR));
    PEERS.add(Ours.widened());
    ServiceLoader.load(Peer.class).forEach(PEERS::add);
    for (Peer peer : PEERS) {
      assertEquals(Optional.empty(), peer.missing(), peer.name());
    }
  }

  static Stream<Arguments> problems() {
    List<Planes> shapes =
        List.of(
            new Planes(3, 32, 7, 7),
            new Planes(4, 19, 5, 3),
            new Planes(2, 16, 14, 14),
            new Planes(5, 27, 7),
            new Planes(2, 16, 4, 3, 5),
            new Planes(9, 24));
    return shapes.stream()
        .flatMap(
            shape ->
                Stream.of(Layout.values())
                    .limit(shape.spatial().isEmpty() ? 1 : 2)
                    .flatMap(
                        layout ->
                            Stream.of(Operation.values())
                                .map(operation -> Arguments.of(shape, layout, operation))));
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("problems")
  void everyContenderComputesBatchNorm(Planes shape, Layout layout, Operation operation) {
    Problem wide = Problem.of(shape, layout, operation);
    boolean plain = !operation.rectifies(); // who rounds before the ReLU has other gates
    for (Problem problem : plain ? List.of(wide, wide.inBfloat16()) : List.of(wide)) {
      Outputs expected = Definition.of(problem);
      for (Peer peer : PEERS) {
        if (peer.solves(problem)) {
          try (Contender contender = peer.prepare(problem)) {
            for (int threads : new int[] {1, 2}) {
              contender.enter(threads);
              contender.run();
              contender.run();
              String who = peer.name() + ", " + threads + ", " + problem;
              assertClose(problem, expected, contender.outputs(), who);
            }
          }
        }
      }
    }
  }

  /**
   * A float32 sum of M values of order one is off by at most (M + some roundings) * M * 2^-24, a
   * result made of means of them and of factors below 8 by 8 (M + 16) 2^-24; see Agreement. A
   * bfloat16 tensor is rounded by at most 2^-8 of a value.
   */
  private static void assertClose(Problem problem, Outputs expected, Outputs found, String who) {
    double count = problem.shape().perChannel();
    double bound = 8 * (count + 16) * 0x1p-24;
    double ofTensor = bound + (problem.storage() == DType.BFLOAT16 ? 0x1p-8 : 0);
    double ofSums = problem.operation().isBackward() ? bound * count : bound;
    assertClose(expected.tensor(), found.tensor(), ofTensor, who + ": tensor");
    assertClose(expected.residual(), found.residual(), ofTensor, who + ": residual's gradient");
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
    for (Operation operation : Operation.values()) {
      Problem problem = Problem.of(new Planes(3, 32, 7, 7), Layout.CHANNELS_LAST, operation);
      Contender scalar = new Ours(KernelPreference.SCALAR).prepare(problem);
      scalar.enter(2);
      assertArrayEquals(
          new Ours(KernelPreference.SIMD).prepare(problem).outputs().tensor(),
          scalar.outputs().tensor(),
          0f);
    }
  }

  @Test
  void theRoofCopiesTheWholeTensor() {
    Problem problem =
        Problem.of(new Planes(7, 19, 31, 33), Layout.CHANNELS_FIRST, Operation.FORWARD);
    for (boolean ordinary : new boolean[] {true, false}) {
      for (int threads : new int[] {1, 2}) {
        Contender copy = new Roof(ordinary).prepare(problem);
        copy.enter(threads);
        copy.run();
        assertArrayEquals(problem.x(), copy.outputs().tensor(), 0f);
        Contender half = new Roof(ordinary).prepare(problem.inBfloat16());
        assertEquals((problem.x().length + 1) / 2, half.outputs().tensor().length);
      }
    }
  }

  @Test
  void eachPeerSolvesWhatItHas() {
    Problem problem =
        Problem.of(new Planes(3, 32, 7, 7), Layout.CHANNELS_FIRST, Operation.ADD_RELU_FORWARD);
    assertEquals(List.of("SIMD", "scalar", "libtorch"), solving(problem));
    assertEquals(
        List.of("SIMD", "scalar", "libtorch", "oneDNN", "ONNX Runtime"),
        solving(problem.with(Operation.INFERENCE_RELU)));
    assertEquals(
        List.of("SIMD", "scalar", "libtorch", "oneDNN", "ND4J"),
        solving(problem.with(Operation.BACKWARD)));
    assertEquals(
        List.of("SIMD", "scalar", "SIMD f32", "libtorch", "oneDNN"),
        solving(problem.with(Operation.FORWARD).inBfloat16()));
  }

  private static List<String> solving(Problem problem) {
    return PEERS.stream().filter(p -> p.solves(problem)).map(Peer::name).toList();
  }
}
