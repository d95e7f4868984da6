package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.batchnorm4j.peers.SampleNormCase.Family;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Layer, group, instance and root-mean-square norm on seeded cases, against libtorch in float64.
 */
final class SampleNormDifferentialTest {

  @BeforeAll
  static void loadsLibtorch() {
    Natives.needLibtorch();
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void everyCaseAgreesWithLibtorch(Family family) {
    int count = Integer.getInteger("libtorch.cases", 2000) / 4;
    OurBatchNorm backends = new OurBatchNorm();
    Comparison comparison = new Comparison();
    Map<String, Integer> refused = new TreeMap<>();
    Map<String, String> wrong = new LinkedHashMap<>();
    for (SampleNormCase drawn : SampleNormCase.first(family, count)) {
      SampleNormData data = new SampleNormData(drawn);
      try {
        Outcome judged = LibtorchSampleNorm.compute(drawn, data);
        Outcome computed =
            OurSampleNorm.compute(
                drawn,
                data,
                backends.backend(drawn.options().kernels(), drawn.options().threads()));
        compare(drawn, data, judged, computed, comparison, refused);
      } catch (AssertionError | RuntimeException e) {
        wrong.put(
            drawn + " " + Arrays.toString(data.base.shape), e + " at " + e.getStackTrace()[0]);
      }
    }
    comparison.print(family + " norm, " + count + " cases");
    refused.forEach((why, cases) -> System.out.println("  refused by " + why + ": " + cases));
    wrong.entrySet().stream()
        .limit(20)
        .forEach(entry -> System.out.println(entry.getValue() + "\n    " + entry.getKey()));
    if (!wrong.isEmpty()) {
      fail(
          wrong.size()
              + " of "
              + count
              + " cases differ from libtorch; the first: "
              + wrong.entrySet().iterator().next());
    }
  }

  private static void compare(
      SampleNormCase drawn,
      SampleNormData data,
      Outcome judged,
      Outcome computed,
      Comparison comparison,
      Map<String, Integer> refused) {
    switch (judged) {
      case Outcome.Refused(String theirs) -> {
        if (computed instanceof Outcome.Refused) {
          refused.merge("both: " + theirs.replaceAll(",? but got.*|, got.*", ""), 1, Integer::sum);
        } else if (hasNoInstances(drawn, data) || data.base.channels == 0) {
          refused.merge("libtorch alone: no channels or no samples", 1, Integer::sum);
        } else {
          fail("libtorch refuses and we do not: " + theirs);
        }
      }
      case Outcome.Computed(Map<String, double[]> expected) -> {
        switch (computed) {
          case Outcome.Refused(String ours) -> {
            // PyTorch's guard against it is in Python, outside of libtorch
            if (!ours.contains("expected more than 1")) {
              fail("we refuse and libtorch does not: " + ours);
            }
            refused.merge("us alone: " + ours.replaceAll(", got.*", ""), 1, Integer::sum);
          }
          case Outcome.Computed(Map<String, double[]> actual) ->
              compare(drawn, data, expected, actual, comparison);
        }
      }
    }
  }

  /** libtorch's instance norm makes one axis of samples and channels, here of size 0. */
  private static boolean hasNoInstances(SampleNormCase drawn, SampleNormData data) {
    return drawn.family() == Family.INSTANCE && data.base.shape[0] * data.base.channels == 0;
  }

  private static void compare(
      SampleNormCase drawn,
      SampleNormData data,
      Map<String, double[]> expected,
      Map<String, double[]> actual,
      Comparison comparison) {
    assertEquals(expected.keySet(), new TreeSet<>(actual.keySet()));
    if (data.base.input.length == 0) {
      // libtorch takes means over nothing: 0 / 0
      if (drawn.family() == Family.GROUP) {
        expected.computeIfPresent("grad_weight", (quantity, values) -> new double[values.length]);
      }
      if (hasNoInstances(drawn, data)) {
        expected.computeIfPresent("running_mean", (quantity, values) -> data.runningMean);
        expected.computeIfPresent("running_var", (quantity, values) -> data.runningVar);
      }
    }
    Conditions roundings = conditions(false, drawn, data);
    Conditions sums = conditions(true, drawn, data);
    BatchNormCase options = drawn.options();
    expected.forEach(
        (quantity, values) -> {
          boolean large = quantity.equals("output") || quantity.equals("grad_input");
          comparison.check(
              drawn.toString(),
              options.input().toString(),
              quantity,
              large ? options.input() : OurBatchNorm.parameters(options),
              OurBatchNorm.parameters(options),
              actual.get(quantity),
              values,
              of(quantity, roundings, drawn, data),
              of(quantity, sums, drawn, data),
              sums.largestSum);
        });
  }

  private static Conditions conditions(boolean ofSums, SampleNormCase drawn, SampleNormData data) {
    boolean given = drawn.family() == Family.INSTANCE && !drawn.usesInputStatistics();
    return new Conditions(
        ofSums,
        data.grouping,
        data.base.input,
        data.base.gradient,
        data.weight,
        data.bias,
        drawn.eps(),
        given ? data.runningMean : null,
        given ? data.runningVar : null);
  }

  private static double[] of(
      String quantity, Conditions conditions, SampleNormCase drawn, SampleNormData data) {
    return switch (quantity) {
      case "output" -> conditions.output;
      case "grad_input" -> conditions.gradInput;
      case "grad_weight" -> conditions.gradWeight;
      case "grad_bias" -> conditions.gradBias;
      case "running_mean" -> running(drawn, data, data.runningMean, conditions.mean, 1);
      case "running_var" ->
          running(
              drawn, data, data.runningVar, conditions.squares, Math.max(1, data.base.plane - 1));
      default -> throw new IllegalStateException(quantity);
    };
  }

  /** Of an average over the samples of the batch. */
  private static double[] running(
      SampleNormCase drawn,
      SampleNormData data,
      double[] before,
      double[] bySample,
      double divisor) {
    double[] condition = new double[before.length];
    int samples = (int) data.base.shape[0];
    for (int c = 0; c < condition.length; c++) {
      double sum = 0;
      for (int n = 0; drawn.usesInputStatistics() && n < samples; n++) {
        sum += bySample[n * before.length + c] / divisor;
      }
      condition[c] =
          Math.abs(before[c]) + drawn.options().momentum().value * sum / Math.max(1, samples);
    }
    return condition;
  }
}
