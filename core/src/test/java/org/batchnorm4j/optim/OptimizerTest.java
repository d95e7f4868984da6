package org.batchnorm4j.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerTest {
  private final Parameter p = new Members("Test").parameter("p", Tensor.of(new float[] {1, -2}, 2));

  /** Gradients that are the given numbers. */
  private static Gradients gradients(Parameter parameter, float... g) {
    Pass pass = Pass.training();
    Tensor product = pass.mul(parameter.in(pass), Tensor.of(g, g.length));
    return pass.backward(pass.sum(product));
  }

  private float[] after(Optimizer optimizer, float[]... steps) {
    for (float[] g : steps) {
      optimizer.step(gradients(p, g));
    }
    return p.value().toFloats();
  }

  private static float[] g(float... values) {
    return values;
  }

  @Test
  void plainDescentSubtractsTheGradient() {
    assertArrayEquals(g(0.5f, -1.5f), after(new SGD(List.of(p), 0.5), g(1, -1)));
  }

  @Test
  void momentumKeepsHalfTheVelocity() {
    // v = 1, then 0.5 + 1 = 1.5: p = 1 - 1 - 1.5
    SGD sgd = new SGD(List.of(p), 1, 0.5, 0, false);
    assertArrayEquals(g(-1.5f, -2), after(sgd, g(1, 0), g(1, 0)));
  }

  @Test
  void nesterovLooksAhead() {
    // steps g + 0.5 v: 1.5, then 1 + 0.75
    SGD sgd = new SGD(List.of(p), 1, 0.5, 0, true);
    assertArrayEquals(g(1 - 1.5f - 1.75f, -2), after(sgd, g(1, 0), g(1, 0)));
    assertThrows(IllegalArgumentException.class, () -> new SGD(List.of(p), 1, 0, 0, true));
  }

  @Test
  void weightDecayPullsTowardsZero() {
    SGD sgd = new SGD(List.of(p), 0.5, 0, 0.5, false);
    assertArrayEquals(g(0.75f, -1.5f), after(sgd, g(0, 0)));
  }

  @Test
  void firstAdamStepHasTheSizeOfTheRate() {
    // m / (1 - b1) = g, sqrt(v / (1 - b2)) = |g|
    assertArrayEquals(g(0.9f, -1.9f), after(new Adam(List.of(p), 0.1), g(3, -0.01f)), 1e-6f);
  }

  @Test
  void secondAdamStepFollowsTheFormula() {
    double m = (0.9 * 0.1 * 1 + 0.1 * 2) / (1 - 0.81);
    double v = (0.999 * 0.001 * 1 + 0.001 * 4) / (1 - 0.998001);
    double expected = 1 - 0.1 - 0.1 * m / (Math.sqrt(v) + 1e-8);
    assertEquals(expected, after(new Adam(List.of(p), 0.1), g(1, 0), g(2, 0))[0], 1e-6);
  }

  @Test
  void adamAddsWeightDecayToTheGradientAndAdamWShrinksTheParameter() {
    // Adam: the gradient 0 + 0.5 p has the sign of p, so the step is the rate towards 0
    Adam adam = new Adam(List.of(p), 0.1, 0.9, 0.999, 1e-8, 0.5);
    assertArrayEquals(g(0.9f, -1.9f), after(adam, g(0, 0)), 1e-6f);
    p.value().copyFrom(Tensor.of(new float[] {1, -2}, 2));
    AdamW adamW = new AdamW(List.of(p), 0.1, 0.9, 0.999, 1e-8, 0.5);
    assertArrayEquals(g(0.95f, -1.9f), after(adamW, g(0, 0)), 1e-6f);
  }

  static Stream<Function<List<Parameter>, Optimizer>> optimizers() {
    return Stream.of(
        list -> new SGD(list, 0.1, 0.9, 1e-2, true),
        list -> new Adam(list, 0.1),
        list -> new AdamW(list, 0.1));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void savedStateContinuesWithTheSameBits(Function<List<Parameter>, Optimizer> make) {
    Optimizer straight = make.apply(List.of(p));
    after(straight, g(1, 2), g(-3, 0.5f));
    Map<String, Tensor> saved = new LinkedHashMap<>();
    straight.stateDict().forEach((name, tensor) -> saved.put(name, tensor.detach()));
    float[] at = p.value().toFloats();
    float[] expected = after(straight, g(0.1f, 7));

    p.value().copyFrom(Tensor.of(at, 2));
    Optimizer resumed = make.apply(List.of(p));
    resumed.loadStateDict(saved);
    assertArrayEquals(expected, after(resumed, g(0.1f, 7)));
    saved.remove("step");
    assertThrows(IllegalArgumentException.class, () -> resumed.loadStateDict(saved));
  }

  @Test
  void float64ParametersMoveInFloat64() {
    // no number here is one of float32; the expected values are the formulas in float64
    Parameter w = wide();
    new SGD(List.of(w), 0.1, 0, 0.3, false).step(gradients(w));
    assertEquals(0.7 - 0.1 * (0.2 + 0.3 * 0.7), w.value().item());
    Parameter v = wide();
    SGD momentum = new SGD(List.of(v), 0.1, 0.9, 0, true);
    momentum.step(gradients(v));
    assertEquals(0.7 - 0.1 * (0.2 + 0.9 * 0.2), v.value().item());
    momentum.step(gradients(v));
    double expected = 0.7 - 0.1 * (0.2 + 0.9 * 0.2) - 0.1 * (0.2 + 0.9 * (0.9 * 0.2 + 0.2));
    assertEquals(expected, v.value().item());
    Parameter a = wide();
    AdamW adamW = new AdamW(List.of(a), 0.1, 0.9, 0.999, 1e-8, 0.3);
    adamW.step(gradients(a));
    // m / (1 - b1) = g, sqrt(v / (1 - b2)) = |g|; ten operations of float64
    assertEquals(0.7 * (1 - 0.1 * 0.3) - 0.1 * 0.2 / (0.2 + 1e-8), a.value().item(), 1e-15);
    Parameter b = wide();
    new Adam(List.of(b), 0.1, 0.9, 0.999, 1e-8, 0.3).step(gradients(b));
    double g = 0.2 + 0.3 * 0.7;
    assertEquals(0.7 - 0.1 * g / (g + 1e-8), b.value().item(), 1e-15);
  }

  private static Parameter wide() {
    return new Members("Test").parameter("w", Tensor.of(new double[] {0.7}, 1));
  }

  /** The gradient 0.2 in float64. */
  private static Gradients gradients(Parameter parameter) {
    Pass pass = Pass.training();
    return pass.backward(pass.sum(pass.mul(parameter.in(pass), 0.2)));
  }

  @Test
  void constantsOutOfRangeAreRefusedWithTheirName() {
    List<Parameter> list = List.of(p);
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      String rule = " must be finite and not negative, got " + bad;
      assertRefused("learning rate" + rule, () -> new SGD(list, bad));
      assertRefused("learning rate" + rule, () -> new Adam(list, bad));
      assertRefused("learning rate" + rule, () -> new AdamW(list, 0.1).setLearningRate(bad));
      assertRefused("weight decay" + rule, () -> new SGD(list, 0.1, 0, bad, false));
      assertRefused("weight decay" + rule, () -> new Adam(list, 0.1, 0.9, 0.999, 1e-8, bad));
      assertRefused("weight decay" + rule, () -> new AdamW(list, 0.1, 0.9, 0.999, 1e-8, bad));
      assertRefused("eps" + rule, () -> new Adam(list, 0.1, 0.9, 0.999, bad, 0));
      assertRefused("eps" + rule, () -> new AdamW(list, 0.1, 0.9, 0.999, bad, 0));
    }
    for (double bad : new double[] {-0.1, 1, Double.NaN}) {
      String rule = " must be at least 0 and below 1, got " + bad;
      assertRefused("momentum" + rule, () -> new SGD(list, 0.1, bad, 0, false));
      assertRefused("beta1" + rule, () -> new Adam(list, 0.1, bad, 0.999, 1e-8, 0));
      assertRefused("beta2" + rule, () -> new AdamW(list, 0.1, 0.9, bad, 1e-8, 0));
    }
    assertRefused(
        "Nesterov momentum needs a momentum above 0, got 0; give one such as 0.9, or"
            + " nesterov=false",
        () -> new SGD(list, 0.1, 0, 0, true));
  }

  private static void assertRefused(String message, Executable use) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, use).getMessage());
  }

  @Test
  void missingGradientNamesTheParameter() {
    Parameter other = new Members("Test").parameter("q", Tensor.ones(2));
    IllegalStateException refused =
        assertThrows(
            IllegalStateException.class,
            () -> new SGD(List.of(p, other), 0.1).step(gradients(p, 1, 1)));
    assertEquals(
        "parameter \"q\" has no gradient: the loss does not depend on it through recorded"
            + " operations; compute with the pass, or freeze it with setTrainable(false)",
        refused.getMessage());
  }

  @Test
  void missingGradientMovesNothing() {
    Parameter other = new Members("Test").parameter("q", Tensor.ones(2));
    SGD sgd = new SGD(List.of(p, other), 0.1);
    assertThrows(IllegalStateException.class, () -> sgd.step(gradients(p, 1, 1)));
    assertArrayEquals(g(1, -2), p.value().toFloats());
    Tensor step = java.util.Objects.requireNonNull(sgd.stateDict().get("step"));
    assertEquals(0, step.itemAsLong());
  }

  @Test
  void parametersOfOneNameAreRefused() {
    Parameter twin = new Members("Test").parameter("p", Tensor.ones(3));
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> new Adam(List.of(p, twin), 0.1));
    assertEquals(
        "two parameters are called \"p\": give each parameter once, and put several models into"
            + " one, such as a Sequential, so that their names differ",
        refused.getMessage());
  }

  @Test
  void parametersKeepTheNameUnderWhichTheirStateIsSaved() {
    Linear layer = new Linear(1, 1, false, RandomStream.of(1));
    Parameter own = layer.weight();
    float[] before = own.value().toFloats();
    Adam adam = new Adam(List.of(own), 0.1);
    new Sequential(layer);
    Gradients found = gradients(own, 1);
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> adam.step(found));
    assertEquals(
        "parameter \"0.weight\" was called \"weight\" when the optimiser was made; build the whole"
            + " model first",
        refused.getMessage());
    assertArrayEquals(before, own.value().toFloats());
  }

  @Test
  void frozenParametersStay() {
    p.setTrainable(false);
    Parameter other = new Members("Test").parameter("q", Tensor.ones(1));
    new SGD(List.of(p, other), 1, 0, 0.5, false).step(gradients(other, 1));
    assertArrayEquals(g(1, -2), p.value().toFloats());
  }
}
