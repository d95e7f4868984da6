package org.batchnorm4j.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AveragedWeightsTest {
  // five terms of at most 10 in absolute value, each with three roundings
  private static final double TOLERANCE = 5 * 3 * 10 * 0x1p-53;

  private final RandomStream random = RandomStream.of(9);
  private final Sequential model = model(1);

  private static Sequential model(long seed) {
    return new Sequential(
        new Linear(3, 2, true, DType.FLOAT64, RandomStream.of(seed)),
        new BatchNorm1d(2, BatchNormOptions.defaults().withDtype(DType.FLOAT64)));
  }

  private static double[] values(Sequential of, String name) {
    return of.stateDict().get(name).toDoubles();
  }

  /** A step that moves everything: weights at random, statistics and counter by a batch. */
  private void step() {
    model
        .parameters()
        .forEach(
            p ->
                p.value()
                    .copyFrom(Tensor.randn(DType.FLOAT64, random, p.value().shape().toArray())));
    model.forward(Tensor.randn(DType.FLOAT64, random, 8, 3), Pass.training());
  }

  /** Takes five updates; returns what the entry of this name was at each. */
  private List<double[]> fiveUpdates(AveragedWeights average, String name) {
    List<double[]> seen = new ArrayList<>();
    for (int n = 0; n < 5; n++) {
      step();
      average.update();
      seen.add(values(model, name));
    }
    return seen;
  }

  /** {@code sum(factors[n] * seen[n])}. */
  private static double[] weighed(List<double[]> seen, double... factors) {
    double[] sum = new double[seen.getFirst().length];
    for (int n = 0; n < factors.length; n++) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += factors[n] * seen.get(n)[i];
      }
    }
    return sum;
  }

  @Test
  void cumulativeIsTheMeanOfAllWeights() {
    AveragedWeights average =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.COPIED);
    List<double[]> seen = fiveUpdates(average, "0.weight");
    Sequential target = model(2);
    average.applyTo(target);
    assertArrayEquals(
        weighed(seen, 0.2, 0.2, 0.2, 0.2, 0.2), values(target, "0.weight"), TOLERANCE);
    assertEquals(5, average.updates());
  }

  @Test
  void decayWeighsEachStepByWhatCameAfterIt() {
    AveragedWeights average =
        new AveragedWeights(model, AveragingRule.decay(0.75), AveragedStatistics.COPIED);
    List<double[]> seen = fiveUpdates(average, "1.weight");
    Sequential target = model(2);
    average.applyTo(target);
    double d = 0.75;
    assertArrayEquals(
        weighed(seen, d * d * d * d, d * d * d / 4, d * d / 4, d / 4, 0.25),
        values(target, "1.weight"),
        TOLERANCE);
  }

  @Test
  void averagedStatisticsFollowTheWeightsAndTheCounterIsThatOfTheLastUpdate() {
    AveragedWeights average =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.AVERAGED);
    List<double[]> seen = fiveUpdates(average, "1.running_var");
    Sequential target = model(2);
    average.applyTo(target);
    assertArrayEquals(
        weighed(seen, 0.2, 0.2, 0.2, 0.2, 0.2), values(target, "1.running_var"), TOLERANCE);
    assertEquals(5, values(target, "1.num_batches_tracked")[0]);
  }

  @Test
  void copiedStatisticsAreThoseOfTheLastUpdateAndNotOfLaterSteps() {
    AveragedWeights average =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.COPIED);
    List<double[]> seen = fiveUpdates(average, "1.running_mean");
    step();
    Sequential target = model(2);
    average.applyTo(target);
    assertArrayEquals(seen.getLast(), values(target, "1.running_mean"), 0);
    assertEquals(5, values(target, "1.num_batches_tracked")[0]);
  }

  @Test
  void recalibratedStatisticsAreThoseOfTheDataWithTheAveragedWeights() {
    AveragedWeights average =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.RECALIBRATED);
    List<double[]> weights = fiveUpdates(average, "0.weight");
    Sequential target = model(2);
    Tensor one = Tensor.randn(DType.FLOAT64, random, 4, 3);
    Tensor two = Tensor.randn(DType.FLOAT64, random, 7, 3);
    average.applyTo(target, List.of(one, two));
    double[] weight = weighed(weights, 0.2, 0.2, 0.2, 0.2, 0.2);
    double[] bias = values(target, "0.bias");
    double[] x = new double[33];
    System.arraycopy(one.toDoubles(), 0, x, 0, 12);
    System.arraycopy(two.toDoubles(), 0, x, 12, 21);
    for (int c = 0; c < 2; c++) {
      double[] z = new double[11];
      double mean = 0;
      for (int n = 0; n < 11; n++) {
        z[n] = bias[c];
        for (int i = 0; i < 3; i++) {
          z[n] += weight[c * 3 + i] * x[n * 3 + i];
        }
        mean += z[n] / 11;
      }
      double variance = 0;
      for (double value : z) {
        variance += (value - mean) * (value - mean) / 10;
      }
      // 11 rows of 4 products, squared: fewer than 100 roundings of numbers below 100
      assertEquals(mean, values(target, "1.running_mean")[c], 100 * 100 * 0x1p-53);
      assertEquals(variance, values(target, "1.running_var")[c], 100 * 100 * 0x1p-53);
    }
    assertEquals(2, values(target, "1.num_batches_tracked")[0]);
  }

  @Test
  void aSharedLayerIsAveragedUnderBothItsNames() {
    Linear shared = new Linear(1, 1);
    Sequential twice = new Sequential(shared, shared);
    AveragedWeights average =
        new AveragedWeights(twice, AveragingRule.cumulative(), AveragedStatistics.COPIED);
    for (int value : new int[] {1, 2, 6}) {
      shared.weight().value().fill(value);
      average.update();
    }
    average.applyTo(twice);
    assertEquals(3, shared.weight().value().item());
  }

  @Test
  void smallWeightsAreNotLostInFloat32() {
    Sequential narrow = new Sequential(new Linear(1, 1));
    Tensor weight = narrow.stateDict().get("0.weight");
    AveragedWeights average =
        new AveragedWeights(narrow, AveragingRule.exponential(1e-8), AveragedStatistics.COPIED);
    weight.fill(1);
    average.update();
    weight.fill(2);
    for (int n = 0; n < 100; n++) {
      average.update(); // each moves the average by 1e-8, a twelfth of float32's spacing at 1
    }
    average.applyTo(narrow);
    assertEquals((float) (2 - Math.pow(1 - 1e-8, 100)), (float) weight.item());
  }

  @ParameterizedTest
  @EnumSource(AveragedStatistics.class)
  void savedAndLoadedItGoesOnWithTheSameBits(AveragedStatistics statistics) {
    AveragedWeights straight = new AveragedWeights(model, AveragingRule.cumulative(), statistics);
    fiveUpdates(straight, "0.bias");
    AveragedWeights resumed = new AveragedWeights(model, AveragingRule.cumulative(), statistics);
    Map<String, Tensor> saved = new LinkedHashMap<>();
    straight.stateDict().forEach((name, tensor) -> saved.put(name, tensor.detach()));
    resumed.loadStateDict(saved);
    step();
    straight.update();
    resumed.update();
    straight
        .stateDict()
        .forEach(
            (name, tensor) ->
                assertArrayEquals(tensor.toBytes(), resumed.stateDict().get(name).toBytes(), name));
  }

  @Test
  void aFailureLeavesTheTargetAsItWas() {
    AveragedWeights average =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.RECALIBRATED);
    fiveUpdates(average, "0.bias");
    Sequential target = model(2);
    double[] weight = values(target, "0.weight");
    assertThrows(IllegalArgumentException.class, () -> average.applyTo(target, List.of()));
    assertArrayEquals(weight, values(target, "0.weight"));
    assertEquals(0, values(target, "1.num_batches_tracked")[0]);
  }

  @Test
  void whatHasNoMeaningIsRefused() {
    AveragedWeights copied =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.COPIED);
    AveragedWeights recalibrated =
        new AveragedWeights(model, AveragingRule.cumulative(), AveragedStatistics.RECALIBRATED);
    assertRefused(
        () -> copied.applyTo(model),
        "averaged weights: nothing was averaged yet; call update() after steps of the optimiser");
    assertRefused(
        () -> copied.applyTo(model, List.of()),
        "averaged weights: the statistics are COPIED, so batches have no use; call applyTo(model),"
            + " or choose RECALIBRATED");
    assertRefused(
        () -> recalibrated.applyTo(model),
        "averaged weights: the statistics are to be recalibrated, which needs batches; call"
            + " applyTo(model, batches), or choose AVERAGED or COPIED");
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                copied.loadStateDict(
                    new AveragedWeights(
                            new Sequential(new Linear(2, 2)),
                            AveragingRule.cumulative(),
                            AveragedStatistics.COPIED)
                        .stateDict()));
    assertTrue(e.getMessage().startsWith("averaged weights: the state has the names [updates, "));
  }

  private static void assertRefused(Runnable mistake, String message) {
    Exception e = assertThrows(IllegalStateException.class, mistake::run);
    assertEquals(message, e.getMessage());
  }
}
