package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.batchnorm4j.peers.BatchNormCase.Channels;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Momentum;
import org.batchnorm4j.peers.BatchNormCase.Running;
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
        wrong.put(drawn + " " + Arrays.toString(data.shape), e.toString());
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
    Conditions roundings = conditions(false, drawn, data);
    Conditions sums = conditions(true, drawn, data);
    expected.forEach(
        (quantity, values) -> {
          boolean large = quantity.equals("output") || quantity.equals("grad_input");
          comparison.check(
              drawn.toString(),
              drawn.input() + (drawn.entry() == Entry.LAYER ? " layer" : ""),
              quantity,
              large ? drawn.input() : OurBatchNorm.parameters(drawn),
              OurBatchNorm.parameters(drawn),
              actual.get(quantity),
              values,
              of(quantity, roundings, drawn, data),
              of(quantity, sums, drawn, data),
              sums.largestSum);
        });
  }

  private static Conditions conditions(boolean ofSums, BatchNormCase drawn, BatchNormData data) {
    boolean own = drawn.usesBatchStatistics();
    return new Conditions(
        ofSums,
        Grouping.byChannel(data.channels, data::channelOf),
        data.input,
        data.gradient,
        data.weight,
        data.bias,
        drawn.eps().value,
        own ? null : data.runningMean,
        own ? null : data.runningVar);
  }

  private static double[] of(
      String quantity, Conditions conditions, BatchNormCase drawn, BatchNormData data) {
    return switch (quantity) {
      case "output" -> conditions.output;
      case "grad_input" -> conditions.gradInput;
      case "grad_weight" -> conditions.gradWeight;
      case "grad_bias" -> conditions.gradBias;
      case "running_mean" -> running(drawn, data.runningMean, conditions.mean, 1);
      case "running_var" ->
          running(
              drawn,
              data.runningVar,
              conditions.squares,
              Math.max(1, data.input.length / Math.max(1, data.channels) - 1));
      case "num_batches_tracked" -> new double[1];
      default -> throw new IllegalStateException(quantity);
    };
  }

  /** A layer saw two batches of equal statistics but for the sign of the mean. */
  private static double[] running(
      BatchNormCase drawn, double[] before, double[] batch, int divisor) {
    double momentum = drawn.momentum() == Momentum.CUMULATIVE ? 0.5 : drawn.momentum().value;
    double weight = drawn.entry() == Entry.LAYER ? momentum * (2 - momentum) : momentum;
    double[] condition = new double[before.length];
    Arrays.setAll(condition, c -> Math.abs(before[c]) + weight * batch[c] / divisor);
    return condition;
  }
}
