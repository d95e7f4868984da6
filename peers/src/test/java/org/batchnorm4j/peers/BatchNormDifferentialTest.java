package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.batchnorm4j.peers.BatchNormCase.Channels;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Momentum;
import org.batchnorm4j.peers.BatchNormCase.Running;
import org.batchnorm4j.tensor.DType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Batch norm on seeded cases, against libtorch in float64. */
final class BatchNormDifferentialTest {
  private static final int ALL = 2000;

  @BeforeAll
  static void loadsLibtorch() {
    Natives.needLibtorch();
  }

  @Test
  void everyPairOfOptionsOccurs() {
    Set<String> missing = new TreeSet<>(Pairs.all());
    int possible = missing.size();
    for (BatchNormCase drawn : BatchNormCases.first(ALL)) {
      missing.removeAll(Pairs.of(drawn));
    }
    assertEquals(Set.of(), missing);
    System.out.println(
        "batch norm: all " + possible + " pairs of options occur in " + ALL + " cases");
  }

  @Test
  void everyCaseAgreesWithLibtorch() {
    int count = Integer.getInteger("libtorch.cases", ALL);
    OurBatchNorm ours = new OurBatchNorm();
    Comparison comparison = new Comparison();
    Map<String, Integer> refused = new TreeMap<>();
    Map<String, String> wrong = new TreeMap<>();
    for (BatchNormCase drawn : BatchNormCases.first(count)) {
      BatchNormData data = new BatchNormData(drawn);
      try {
        Outcome judged = LibtorchBatchNorm.compute(drawn, data);
        Outcome computed = ours.compute(drawn, data);
        compare(drawn, data, judged, computed, comparison, refused);
      } catch (AssertionError | RuntimeException e) {
        wrong.put(drawn + " " + java.util.Arrays.toString(data.shape), e.toString());
      }
    }
    comparison.print("batch norm, " + count + " cases");
    refused.forEach((why, cases) -> System.out.println("  refused by " + why + ": " + cases));
    if (!wrong.isEmpty()) {
      wrong.entrySet().stream()
          .limit(20)
          .forEach(entry -> System.out.println(entry.getValue() + "\n    " + entry.getKey()));
      fail(
          wrong.size()
              + " of "
              + count
              + " cases differ from libtorch; the first: "
              + wrong.entrySet().iterator().next());
    }
  }

  private static void compare(
      BatchNormCase drawn,
      BatchNormData data,
      Outcome judged,
      Outcome computed,
      Comparison comparison,
      Map<String, Integer> refused) {
    switch (judged) {
      case Outcome.Refused(String theirs) -> {
        if (computed instanceof Outcome.Refused) {
          refused.merge("both: " + theirs.replaceAll(",? but got.*|, got.*", ""), 1, Integer::sum);
        } else if (drawn.channels() == Channels.NONE) {
          // with a gamma or a beta of no elements it fails; without, it misses a value per channel
          refused.merge("libtorch alone: no channels", 1, Integer::sum);
        } else {
          fail("libtorch refuses and we do not: " + theirs);
        }
      }
      case Outcome.Computed(Map<String, double[]> expected) -> {
        switch (computed) {
          case Outcome.Refused(String message) -> {
            if (data.input.length > 0 || drawn.running() == Running.PRESENT) {
              fail("we refuse and libtorch does not: " + message);
            }
            refused.merge("us alone: inference without statistics, of nothing", 1, Integer::sum);
          }
          case Outcome.Computed(Map<String, double[]> actual) ->
              compare(drawn, data, expected, actual, comparison);
        }
      }
    }
  }

  private static void compare(
      BatchNormCase drawn,
      BatchNormData data,
      Map<String, double[]> expected,
      Map<String, double[]> actual,
      Comparison comparison) {
    assertEquals(expected.keySet(), new TreeSet<>(actual.keySet()));
    boolean own = drawn.usesBatchStatistics();
    Conditions conditions =
        new Conditions(
            Grouping.byChannel(data.channels, data::channelOf),
            data.input,
            data.gradient,
            data.weight,
            data.bias,
            drawn.eps().value,
            own ? null : data.runningMean,
            own ? null : data.runningVar);
    expected.forEach(
        (quantity, values) -> {
          double[] condition =
              switch (quantity) {
                case "output" -> conditions.output;
                case "grad_input" -> conditions.gradInput;
                case "grad_weight" -> conditions.gradWeight;
                case "grad_bias" -> conditions.gradBias;
                case "running_mean" -> runningMean(drawn, data, conditions);
                case "running_var" -> runningVar(drawn, data, conditions);
                case "num_batches_tracked" -> new double[1];
                default -> throw new IllegalStateException(quantity);
              };
          boolean large = quantity.equals("output") || quantity.equals("grad_input");
          DType stored = large ? drawn.input() : OurBatchNorm.parameters(drawn);
          DType arithmetic = OurBatchNorm.parameters(drawn);
          comparison.check(
              drawn.toString(),
              drawn.input() + (drawn.entry() == Entry.LAYER ? " layer" : ""),
              quantity,
              stored,
              arithmetic,
              actual.get(quantity),
              values,
              condition,
              conditions.largestSum);
        });
  }

  /** The weight of a batch; a layer saw two of equal statistics but for the sign of the mean. */
  private static double momentum(BatchNormCase drawn) {
    return drawn.momentum() == Momentum.CUMULATIVE ? 0.5 : drawn.momentum().value;
  }

  private static double[] runningMean(
      BatchNormCase drawn, BatchNormData data, Conditions conditions) {
    double[] condition = new double[data.channels];
    for (int c = 0; c < condition.length; c++) {
      condition[c] =
          Math.abs(data.runningMean[c]) + momentum(drawn) * zeroIfNone(conditions.meanAbs[c]);
    }
    return condition;
  }

  private static double[] runningVar(
      BatchNormCase drawn, BatchNormData data, Conditions conditions) {
    double[] condition = new double[data.channels];
    int count = data.channels == 0 ? 0 : data.input.length / data.channels;
    for (int c = 0; c < condition.length; c++) {
      condition[c] =
          data.runningVar[c] + momentum(drawn) * conditions.squares[c] / Math.max(1, count - 1);
    }
    return condition;
  }

  private static double zeroIfNone(double mean) {
    return Double.isNaN(mean) ? 0 : mean;
  }
}
