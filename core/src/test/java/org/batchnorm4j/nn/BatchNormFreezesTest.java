package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each combination of the three freezes against the formulas in float64. */
class BatchNormFreezesTest {
  private static final int CHANNELS = 3;
  private static final int LENGTH = 4;
  private static final int SAMPLES = 5;
  private static final double EPS = 1e-3;

  // some twenty roundings of 1.1e-16, of values up to 10
  private static final double BOUND = 1e-13;

  private final Tensor x = random(1, SAMPLES, CHANNELS, LENGTH).mul(2).add(1);
  private final Tensor g = random(2, SAMPLES, CHANNELS, LENGTH);
  private final double[] gamma = random(3, CHANNELS).toDoubles();
  private final double[] beta = random(4, CHANNELS).toDoubles();
  private final double[] runningMean = random(5, CHANNELS).toDoubles();
  private final double[] runningVar = {0.5, 2, 3};

  private static Tensor random(long seed, long... shape) {
    return Tensor.randn(RandomStream.of(seed), shape).to(DType.FLOAT64);
  }

  static Stream<Set<BatchNormFreeze>> combinations() {
    BatchNormFreeze[] all = BatchNormFreeze.values();
    return IntStream.range(0, 1 << all.length)
        .mapToObj(
            bits -> {
              Set<BatchNormFreeze> chosen = EnumSet.noneOf(BatchNormFreeze.class);
              IntStream.range(0, all.length)
                  .filter(i -> (bits >> i & 1) != 0)
                  .forEach(i -> chosen.add(all[i]));
              return chosen;
            });
  }

  private BatchNormNd layer(BatchNormOptions options) {
    BatchNormNd layer = new BatchNormNd(CHANNELS, options);
    layer.weight().orElseThrow().value().copyFrom(Tensor.of(gamma, CHANNELS));
    layer.bias().orElseThrow().value().copyFrom(Tensor.of(beta, CHANNELS));
    layer.runningMean().orElseThrow().copyFrom(Tensor.of(runningMean, CHANNELS));
    layer.runningVar().orElseThrow().copyFrom(Tensor.of(runningVar, CHANNELS));
    return layer;
  }

  private double[] channel(Tensor values, int c) {
    double[] all = values.toDoubles();
    return IntStream.range(0, all.length)
        .filter(i -> i / LENGTH % CHANNELS == c)
        .mapToDouble(i -> all[i])
        .toArray();
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void everyCombinationFreezesWhatItSaysAndNothingElse(Set<BatchNormFreeze> frozen) {
    BatchNormFreeze[] parts = frozen.toArray(BatchNormFreeze[]::new);
    BatchNormOptions options =
        BatchNormOptions.pytorch().withDtype(DType.FLOAT64).withEps(EPS).withMomentum(0.3);
    BatchNormNd later = layer(options);
    later.freeze(BatchNormFreeze.values());
    later.thaw(BatchNormFreeze.values());
    later.freeze(parts);
    for (BatchNormNd layer : List.of(layer(options.withFrozen(parts)), later)) {
      assertEquals(frozen, layer.frozen());
      check(layer, frozen);
    }
  }

  private void check(BatchNormNd layer, Set<BatchNormFreeze> frozen) {
    boolean given = frozen.contains(BatchNormFreeze.NORMALISATION);
    boolean stay = frozen.contains(BatchNormFreeze.RUNNING_STATISTICS);
    Pass pass = Pass.training();
    Tensor y = layer.forward(pass.watch(x), pass);
    Gradients gradients = pass.backward(y, g, false);
    Tensor weight = layer.weight().orElseThrow().value();
    Tensor bias = layer.bias().orElseThrow().value();
    assertEquals(frozen.contains(BatchNormFreeze.AFFINE), gradients.find(weight).isEmpty());
    assertEquals(frozen.contains(BatchNormFreeze.AFFINE), gradients.find(bias).isEmpty());
    assertEquals(stay ? 0 : 1, layer.numBatchesTracked());
    for (int c = 0; c < CHANNELS; c++) {
      double[] values = channel(x, c);
      double[] out = channel(g, c);
      int count = values.length;
      double batchMean = IntStream.range(0, count).mapToDouble(i -> values[i]).sum() / count;
      double m2 =
          IntStream.range(0, count)
              .mapToDouble(i -> (values[i] - batchMean) * (values[i] - batchMean))
              .sum();
      double mean = given ? runningMean[c] : batchMean;
      double inv = 1 / Math.sqrt((given ? runningVar[c] : m2 / count) + EPS);
      double[] xhat =
          IntStream.range(0, count).mapToDouble(i -> (values[i] - mean) * inv).toArray();
      double sumG = IntStream.range(0, count).mapToDouble(i -> out[i]).sum();
      double sumGx = IntStream.range(0, count).mapToDouble(i -> out[i] * xhat[i]).sum();
      double[] expectedY = new double[count];
      double[] expectedDx = new double[count];
      for (int i = 0; i < count; i++) {
        expectedY[i] = gamma[c] * xhat[i] + beta[c];
        double through = given ? 0 : sumG / count + xhat[i] * sumGx / count;
        expectedDx[i] = gamma[c] * inv * (out[i] - through);
      }
      assertArrayEquals(expectedY, channel(y, c), BOUND);
      assertArrayEquals(expectedDx, channel(gradients.of(x), c), BOUND);
      if (!frozen.contains(BatchNormFreeze.AFFINE)) {
        assertEquals(sumGx, gradients.of(weight).at(c), BOUND);
        assertEquals(sumG, gradients.of(bias).at(c), BOUND);
      }
      double weightOfBatch = stay ? 0 : 0.3;
      assertEquals(
          (1 - weightOfBatch) * runningMean[c] + weightOfBatch * batchMean,
          layer.runningMean().orElseThrow().at(c),
          BOUND);
      assertEquals(
          (1 - weightOfBatch) * runningVar[c] + weightOfBatch * m2 / (count - 1),
          layer.runningVar().orElseThrow().at(c),
          BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void inferenceDoesNotKnowWhatIsFrozen(Set<BatchNormFreeze> frozen) {
    BatchNormOptions options = BatchNormOptions.pytorch().withDtype(DType.FLOAT64);
    BatchNormNd layer = layer(options.withFrozen(frozen.toArray(BatchNormFreeze[]::new)));
    assertArrayEquals(
        layer(options).forward(x, Pass.inference()).toDoubles(),
        layer.forward(x, Pass.inference()).toDoubles());
    assertTrue(layer.forward(x.range(0, 0), Pass.training()).size() == 0);
  }
}
