package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.gaussian;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BatchNormalizationGradientsTest {
  private static final double EPS = 1e-3;

  /** One way to normalise. */
  private record Case(
      List<Long> shape, Layout layout, boolean weight, boolean bias, boolean relu, boolean batch) {

    @Override
    public String toString() {
      return shape
          + (layout == Layout.CHANNELS_LAST ? " last" : "")
          + (weight ? " weight" : "")
          + (bias ? " bias" : "")
          + (relu ? " relu" : "")
          + (batch ? " batch statistics" : " given statistics");
    }

    Tensor apply(Pass pass, boolean withRelu, Tensor... in) {
      Tensor x = in[0];
      @Nullable Tensor gamma = weight ? in[1] : null;
      @Nullable Tensor beta = bias ? in[weight ? 2 : 1] : null;
      if (batch) {
        return BatchNormalization.withBatchStatistics(
            x, Backend.standard().channelMoments(x), gamma, beta, EPS, withRelu, pass);
      }
      int channels = x.axis(1);
      Tensor mean = gaussian(77, channels);
      Tensor variance = CentralDifferences.positive(78, channels);
      return BatchNormalization.withGivenStatistics(
          x, mean, variance, gamma, beta, EPS, withRelu, pass);
    }

    /** The first inputs whose pre-activations are further from 0 than any step can take them. */
    Tensor[] inputs() {
      long[] sizes = shape.stream().mapToLong(i -> i).toArray();
      for (long seed = 1; ; seed += 3) {
        List<Tensor> inputs = new ArrayList<>();
        inputs.add(gaussian(seed, layout, sizes));
        if (weight) {
          inputs.add(gaussian(seed + 1, sizes[1]));
        }
        if (bias) {
          inputs.add(gaussian(seed + 2, sizes[1]));
        }
        Tensor[] array = inputs.toArray(Tensor[]::new);
        double[] before = apply(Pass.inference(), false, array).toDoubles();
        if (Arrays.stream(before).allMatch(y -> Math.abs(y) > 1e-3)) {
          return array;
        }
      }
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (List<Long> shape :
        List.of(
            List.of(5L, 3L),
            List.of(3L, 2L, 4L),
            List.of(3L, 2L, 2L, 2L),
            List.of(2L, 2L, 1L, 2L, 2L),
            List.of(4L, 1L, 2L))) {
      for (Layout layout : Layout.values()) {
        for (int options = 0; options < 16; options++) {
          if (shape.size() > 2 || layout == Layout.CHANNELS_FIRST) {
            cases.add(
                new Case(
                    shape,
                    layout,
                    (options & 1) != 0,
                    (options & 2) != 0,
                    (options & 4) != 0,
                    (options & 8) != 0));
          }
        }
      }
    }
    return cases;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void gradientsMatchCentralDifferences(Case tested) {
    CentralDifferences.check((p, in) -> tested.apply(p, tested.relu(), in), tested.inputs());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void gradientsOfGradientsMatchCentralDifferences(Case tested) {
    CentralDifferences.checkTwice((p, in) -> tested.apply(p, tested.relu(), in), tested.inputs());
  }
}
