package org.batchnorm4j.cli.apply;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.tensor.Tensor;

/**
 * What was computed, against the tensors under {@code expected.} of the same file. Immutable and
 * safe for use by many threads.
 *
 * @param comparisons one for each expected tensor, in the order of the file
 */
public record Verification(List<Comparison> comparisons) {
  private static final String EXPECTED = "expected.";

  /** Copies the list. */
  public Verification {
    comparisons = List.copyOf(comparisons);
  }

  /**
   * Compares.
   *
   * @param tensors what was read, with tensors under {@code expected.}
   * @param results what {@link AppliedNorm#compute} made of it
   * @param options how
   * @throws IllegalArgumentException if nothing is expected
   */
  public static Verification of(
      Map<String, Tensor> tensors, Map<String, Tensor> results, NormOptions options) {
    NormTensors inputs = NormTensors.of(tensors, options);
    Conditions conditions = new Conditions(inputs, options, false);
    Conditions ofSums = new Conditions(inputs, options, true);
    List<Comparison> comparisons = new ArrayList<>();
    tensors.forEach(
        (name, expected) -> {
          if (name.startsWith(EXPECTED)) {
            comparisons.add(
                compare(name.substring(EXPECTED.length()), expected, results, conditions, ofSums));
          }
        });
    if (comparisons.isEmpty()) {
      throw new IllegalArgumentException(
          "there is nothing to verify: no tensor is called expected.output or the like");
    }
    return new Verification(comparisons);
  }

  private static Comparison compare(
      String name,
      Tensor expected,
      Map<String, Tensor> results,
      Conditions conditions,
      Conditions ofSums) {
    Tensor actual = results.get(name);
    if (actual == null) {
      return Comparison.impossible(
          name, "is expected, but was not computed; computed were " + results.keySet());
    }
    double[] condition = conditions.of(name);
    double[] conditionOfSums = ofSums.of(name);
    if (condition == null || conditionOfSums == null) {
      return Comparison.ofCounter(name, actual, expected);
    }
    ErrorBound bound = new ErrorBound(actual.dtype(), ofSums.summands(name));
    return Comparison.of(
        name,
        actual,
        expected,
        (i, value) -> bound.of(value, condition[i], conditionOfSums[i], conditions.floor(name, i)));
  }

  /** Whether every comparison passed. */
  public boolean passed() {
    return comparisons.stream().allMatch(Comparison::passed);
  }

  /** The comparison with the largest share of its bound. */
  public Comparison worst() {
    return comparisons.stream().max((a, b) -> Double.compare(a.share(), b.share())).orElseThrow();
  }
}
