package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class MembersTest {

  private static Sequential model(long seed) {
    RandomStream random = RandomStream.of(seed);
    return new Sequential()
        .add("fc", new Linear(3, 2, true, random))
        .add("norm", new Sequential().add("bn", new BatchNorm1d(2)));
  }

  private static float[] values(Map<String, Tensor> state, String name) {
    return java.util.Objects.requireNonNull(state.get(name)).toFloats();
  }

  @Test
  void statesAreNamedByPath() {
    assertEquals(
        List.of(
            "fc.weight",
            "fc.bias",
            "norm.bn.weight",
            "norm.bn.bias",
            "norm.bn.running_mean",
            "norm.bn.running_var",
            "norm.bn.num_batches_tracked"),
        List.copyOf(model(1).stateDict().keySet()));
    assertEquals(
        List.of("fc.weight", "fc.bias", "norm.bn.weight", "norm.bn.bias"),
        List.copyOf(model(1).namedParameters().keySet()));
    assertEquals(12, model(1).parameterCount());
  }

  @Test
  void layersKnowTheirPath() {
    BatchNorm1d layer = new BatchNorm1d(2);
    assertEquals("", layer.path());
    new Sequential().add("a", new Sequential(new ReLU(), layer));
    assertEquals("a.1", layer.path());
    assertEquals("a.1.weight", layer.weight().orElseThrow().path());
  }

  @Test
  void loadedStateMakesTwoModelsEqual() {
    Sequential from = model(1);
    Sequential to = model(2);
    assertTrue(to.loadStateDict(from.stateDict(), true).isEmpty());
    from.stateDict()
        .forEach((name, t) -> assertArrayEquals(t.toFloats(), values(to.stateDict(), name)));
  }

  @Test
  void strictLoadNamesEveryMismatchAndWritesNothing() {
    Sequential model = model(1);
    float[] before = values(model.stateDict(), "fc.bias");
    Map<String, Tensor> state = new LinkedHashMap<>(model(2).stateDict());
    state.remove("norm.bn.running_var");
    state.put("extra", Tensor.zeros(1));
    state.put("fc.weight", Tensor.zeros(2, 4));
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> model.loadStateDict(state, true));
    assertEquals(
        "the state does not fit Sequential: missing norm.bn.running_var; unexpected extra;"
            + " fc.weight has shape (2, 4) instead of (2, 3); strict=false accepts missing and"
            + " unexpected names",
        refused.getMessage());
    assertArrayEquals(before, values(model.stateDict(), "fc.bias"));
  }

  @Test
  void looseLoadReportsWhatDidNotMatch() {
    Sequential model = model(1);
    Map<String, Tensor> state = new LinkedHashMap<>(model(2).stateDict());
    state.remove("fc.bias");
    state.put("extra", Tensor.zeros(1));
    StateMismatch mismatch = model.loadStateDict(state, false);
    assertEquals(List.of("fc.bias"), mismatch.missing());
    assertEquals(List.of("extra"), mismatch.unexpected());
    assertArrayEquals(values(state, "fc.weight"), values(model.stateDict(), "fc.weight"));
  }

  @Test
  void sharedLayersAreOneParameterUnderTwoNames() {
    Linear shared = new Linear(2, 2, false, RandomStream.of(1));
    Sequential model = new Sequential(shared, new ReLU(), shared);
    assertEquals(List.of("0.weight"), List.copyOf(model.namedParameters().keySet()));
    assertEquals(List.of("0.weight", "2.weight"), List.copyOf(model.stateDict().keySet()));
  }

  @Test
  void namesMustBeNewAndPlain() {
    Members members = new Members("Model");
    members.parameter("weight", Tensor.zeros(1));
    assertThrows(IllegalArgumentException.class, () -> members.buffer("weight", Tensor.zeros(1)));
    assertThrows(IllegalArgumentException.class, () -> members.buffer("a.b", Tensor.zeros(1)));
    Sequential loop = new Sequential();
    assertThrows(IllegalArgumentException.class, () -> loop.add("self", loop));
  }
}
