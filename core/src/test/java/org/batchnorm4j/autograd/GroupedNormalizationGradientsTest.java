package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.gaussian;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GroupedNormalizationGradientsTest {
  private static final double EPS = 1e-3;

  /** Groups of channels, or with 0 groups the last two axes. */
  private record Case(
      List<Long> shape,
      Layout layout,
      int groups,
      List<Long> parameters,
      boolean weight,
      boolean bias,
      boolean centred) {

    @Override
    public String toString() {
      return shape
          + (layout == Layout.CHANNELS_LAST ? " last" : "")
          + (groups == 0 ? " last axes" : " " + groups + " groups")
          + (weight ? " weight" : "")
          + (bias ? " bias" : "")
          + (weight || bias ? parameters : "")
          + (centred ? "" : " root mean square");
    }

    Tensor apply(Pass pass, Tensor... in) {
      @Nullable Tensor gamma = weight ? in[1] : null;
      @Nullable Tensor beta = bias ? in[weight ? 2 : 1] : null;
      GroupedNormalization norm =
          groups == 0
              ? GroupedNormalization.ofLastAxes("test", in[0], 2, pass)
              : GroupedNormalization.ofChannels("test", in[0], groups, pass);
      return centred
          ? norm.standardised(gamma, beta, EPS)
          : norm.scaledByRootMeanSquare(gamma, beta, EPS);
    }

    Tensor[] inputs() {
      List<Tensor> inputs = new ArrayList<>();
      inputs.add(gaussian(1, layout, shape.stream().mapToLong(i -> i).toArray()));
      if (weight) {
        inputs.add(gaussian(2, parameters.stream().mapToLong(i -> i).toArray()));
      }
      if (bias) {
        inputs.add(gaussian(3, parameters.stream().mapToLong(i -> i).toArray()));
      }
      return inputs.toArray(Tensor[]::new);
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (int options = 0; options < 8; options++) {
      boolean weight = (options & 1) != 0;
      boolean bias = (options & 2) != 0;
      boolean centred = (options & 4) != 0;
      for (Layout layout : Layout.values()) {
        for (int groups : new int[] {1, 2, 4}) { // 4 is instance norm
          cases.add(
              new Case(
                  List.of(2L, 4L, 2L, 3L), layout, groups, List.of(4L), weight, bias, centred));
        }
        cases.add(new Case(List.of(2L, 4L, 3L), layout, 2, List.of(2L), weight, bias, centred));
        cases.add(
            new Case(List.of(2L, 2L, 3L, 2L), layout, 0, List.of(3L, 2L), weight, bias, centred));
      }
      cases.add(
          new Case(List.of(3L, 4L), Layout.CHANNELS_FIRST, 2, List.of(4L), weight, bias, centred));
      cases.add(
          new Case(
              List.of(3L, 4L), Layout.CHANNELS_FIRST, 0, List.of(3L, 4L), weight, bias, centred));
    }
    return cases;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void gradientsMatchCentralDifferences(Case tested) {
    CentralDifferences.check(tested::apply, tested.inputs());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void gradientsOfGradientsMatchCentralDifferences(Case tested) {
    CentralDifferences.checkTwice(tested::apply, tested.inputs());
  }

  static Stream<List<Integer>> windows() {
    return Stream.of(List.of(2, 2), List.of(1, 0), List.of(0, 0), List.of(1, 2), List.of(9, 9));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("windows")
  void localResponseGradientsMatchCentralDifferences(List<Integer> window) {
    int before = window.getFirst();
    int after = window.getLast();
    for (Layout layout : Layout.values()) {
      Tensor x = gaussian(1, layout, 2, 5, 3, 2);
      CentralDifferences.Computation across =
          (p, in) -> LocalResponse.acrossChannels(in[0], before, after, 2, 0.75, 1, p);
      CentralDifferences.check(across, x);
      CentralDifferences.checkTwice(across, x);
      CentralDifferences.Computation within =
          (p, in) -> LocalResponse.withinChannels(in[0], before, after, 2, 0.5, 2, p);
      CentralDifferences.check(within, x);
      CentralDifferences.checkTwice(within, x);
    }
  }
}
