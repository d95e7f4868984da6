package org.batchnorm4j.benchmarks.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.junit.jupiter.api.Test;

/** What the arguments of the comparison choose. */
class PeersRequestTest {
  private static final long CACHE = 32 << 20;

  private static PeersRequest parsed(String... args) {
    return PeersRequest.parsed(List.of(args));
  }

  @Test
  void shapesAreCutToTheBytesAllowed() {
    assertEquals(new Planes(20, 64, 112, 112), new Planes(50, 64, 112, 112).within(64 << 20));
    Planes fits = new Planes(50, 512, 7, 7);
    assertEquals(fits, fits.within(64 << 20));
    assertEquals(
        new Planes(12, 64, 147, 147),
        parsed("peers", "--quick").shapes(WorkList.TOPOLOGIES_SMALL).get(7));
    assertEquals(new Planes(69, 192, 71, 71), parsed("peers").shapes(WorkList.GOOGLENET_V3).get(4));
  }

  @Test
  void theListsAreThoseOfBenchdnn() {
    assertEquals(
        List.of(12, 9, 18, 65, 5, 2, 7, 6),
        List.of(WorkList.values()).stream().map(list -> list.shapes().size()).toList());
    assertEquals(new Planes(1, 16, 40, 40, 40), WorkList.THREE_D.shapes().getFirst());
    assertTrue(WorkList.RAGGED.shapes().stream().allMatch(s -> s.channels() % 16 != 0));
  }

  @Test
  void listsChooseWhatIsMeasured() {
    PeersRequest request =
        parsed(
            "peers",
            "--ops",
            "backward",
            "--layout",
            "nhwc,nchw",
            "--threads",
            "2",
            "--list",
            "3d");
    assertEquals(List.of(Operation.BACKWARD), request.operations());
    assertEquals(List.of(Layout.CHANNELS_LAST, Layout.CHANNELS_FIRST), request.layouts());
    assertEquals(List.of(2), request.threads());
    assertEquals(List.of(WorkList.THREE_D), request.lists());
    assertEquals(List.of(Layout.CHANNELS_FIRST), request.layouts(WorkList.NC));
  }

  @Test
  void aPeerThatIsNotListedStaysOutButOursAndTheRoofStay() {
    PeersRequest request = parsed("peers", "--peers", "none");
    assertFalse(request.admits(new Ours(KernelPreference.SCALAR)));
    assertTrue(request.admits(new Ours(KernelPreference.SIMD)));
    assertTrue(request.admits(new Roof(true)));
    assertTrue(parsed("peers", "--peers", "arraycopy").admits(new Roof(false)));
  }

  @Test
  void theShortListMeasuresScalarKernelsInPlainTrainingAlone() {
    Ours scalar = new Ours(KernelPreference.SCALAR);
    Problem training = Problem.of(new Planes(2, 3, 4), Layout.CHANNELS_FIRST, Operation.BACKWARD);
    Problem inference = training.with(Operation.INFERENCE);
    assertTrue(parsed("peers", "--quick").admits(scalar, training));
    assertFalse(parsed("peers", "--quick").admits(scalar, inference));
    assertTrue(parsed("peers").admits(scalar, inference));
    assertTrue(parsed("peers", "--quick").admits(new Ours(KernelPreference.SIMD), inference));
  }

  @Test
  void whatPeersRefuseOrWhatMeasuresNothingIsNotAskedFor() {
    PeersRequest request = parsed("peers");
    Planes single = new Planes(1, 16, 1);
    Problem training = Problem.of(single, Layout.CHANNELS_FIRST, Operation.FORWARD);
    assertFalse(request.wants(WorkList.ONE_D, training, CACHE));
    assertTrue(request.wants(WorkList.ONE_D, training.with(Operation.INFERENCE), CACHE));
    Problem inCache = Problem.of(new Planes(2, 16, 9), Layout.CHANNELS_LAST, Operation.FORWARD);
    assertFalse(request.wants(WorkList.ONE_D, inCache.inBfloat16(), CACHE));
    assertEquals(DType.BFLOAT16, inCache.inBfloat16().storage());
  }

  @Test
  void secondsOfAProblemAreThoseAskedFor() {
    assertEquals(4_000_000_000L, parsed("peers").budget());
    assertEquals(500_000_000, parsed("peers", "--quick").budget());
    assertEquals(250_000_000, parsed("peers", "--quick", "--seconds", "0.25").budget());
    assertEquals(0, parsed("peers", "--seconds", "0").budget());
    for (String wrong : List.of("-1", "1e3", "NaN", "")) {
      assertThrows(IllegalArgumentException.class, () -> parsed("peers", "--seconds", wrong));
    }
  }

  @Test
  void unknownArgumentsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> parsed("peers", "--quik"));
    assertThrows(IllegalArgumentException.class, () -> parsed());
    assertThrows(IllegalArgumentException.class, () -> parsed("peers", "--out"));
    for (String name :
        List.of("--ops", "--layout", "--threads", "--type", "--list", "--peers", "--seconds")) {
      assertThrows(IllegalArgumentException.class, () -> parsed("peers", name, "nothing"), name);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> parsed("peers", "--only", "1x2x3x4").shapes(WorkList.NC));
  }
}
