package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.gaussian;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
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

  @ParameterizedTest
  @EnumSource(Layout.class)
  void gradientsThroughSumAndReluMatchCentralDifferencesTwice(Layout layout) {
    for (boolean batch : new boolean[] {true, false}) {
      CentralDifferences.Computation fused =
          (pass, in) -> addRelu(pass, batch, Epilogue.addRelu(in[3]), in);
      Tensor[] inputs;
      double[] before;
      long seed = 0;
      do { // sums further from 0 than any step can take them
        seed += 4;
        inputs =
            new Tensor[] {
              gaussian(seed, layout, 3, 2, 2, 2),
              gaussian(seed + 1, 2),
              gaussian(seed + 2, 2),
              gaussian(seed + 3, layout, 3, 2, 2, 2)
            };
        Tensor y = addRelu(Pass.inference(), batch, Epilogue.none(), inputs);
        before = Pass.inference().add(y, inputs[3]).toDoubles();
      } while (Arrays.stream(before).anyMatch(v -> Math.abs(v) < 1e-3));
      CentralDifferences.check(fused, inputs);
      CentralDifferences.checkTwice(fused, inputs);
    }
  }

  private static Tensor addRelu(Pass pass, boolean batch, Epilogue epilogue, Tensor... in) {
    if (batch) {
      return BatchNormalization.withBatchStatistics(
          in[0], Backend.standard().channelMoments(in[0]), in[1], in[2], EPS, epilogue, pass);
    }
    return BatchNormalization.withGivenStatistics(
        in[0],
        gaussian(77, 2),
        CentralDifferences.positive(78, 2),
        in[1],
        in[2],
        EPS,
        epilogue,
        pass);
  }

  @ParameterizedTest
  @CsvSource({"1000, 0.01", "1e6, 1", "0, 1e-30", "1e30, 1e25"})
  void gradientsOfFloat32WithAGraphAreThoseOfFloat64(double mean, double deviation) {
    Tensor values =
        Tensor.randn(RandomStream.of(1), 6, 3, 4).mul(deviation).add(mean); // as float32 holds them
    Tensor gamma = Tensor.uniform(RandomStream.of(2), 0.5, 2, 3);
    Tensor g = Tensor.randn(RandomStream.of(3), 6, 3, 4);
    double eps = 1e-5 * deviation * deviation;
    List<double[]> exact = gradients(values, gamma, g, eps, DType.FLOAT64, false);
    for (boolean graph : new boolean[] {false, true}) {
      List<double[]> found = gradients(values, gamma, g, eps, DType.FLOAT32, graph);
      for (int k = 0; k < 2; k++) {
        double largest = Arrays.stream(exact.get(k)).map(Math::abs).max().orElseThrow();
        // some ten roundings to float32, of summands up to ten times the result
        assertArrayEquals(exact.get(k), found.get(k), 100 * 0x1p-24 * largest);
      }
    }
  }

  private static List<double[]> gradients(
      Tensor values, Tensor weights, Tensor g, double eps, DType dtype, boolean graph) {
    Pass pass = Pass.training();
    Tensor x = pass.watch(values.to(dtype).detach());
    Tensor gamma = pass.watch(weights.to(dtype).detach());
    Tensor y =
        BatchNormalization.withBatchStatistics(
            x, Backend.standard().channelMoments(x), gamma, null, eps, false, pass);
    Gradients gradients = pass.backward(y, g.to(dtype), graph);
    return List.of(gradients.of(x).toDoubles(), gradients.of(gamma).toDoubles());
  }
}
