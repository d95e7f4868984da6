package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.tensor.DType;

/** What we want of our time in copies of the tensor, and of a second thread. */
final class RoofTargets {
  private static final double SCALING = 0.95;

  private static final Map<Operation, Double> MOST_COPIES =
      Map.of(Operation.FORWARD, 1.5, Operation.BACKWARD, 2.2, Operation.INFERENCE, 1.1);

  private RoofTargets() {}

  /** All that was measured. */
  static List<Verdict> judge(List<Result> results, int[] threads, long lastCache) {
    List<Verdict> verdicts = new ArrayList<>();
    for (Operation operation : Operation.values()) {
      for (String layout : List.of("NCHW", "NHWC")) {
        List<Result> large =
            results.stream()
                .filter(r -> r.operation() == operation && r.layout().equals(layout))
                .filter(r -> r.storage() == DType.FLOAT32 && r.bytes() > lastCache)
                .toList();
        if (MOST_COPIES.containsKey(operation) && !large.isEmpty()) {
          for (int n : threads) {
            verdicts.add(copies(operation, layout, large, n));
          }
        }
      }
    }
    for (int n : threads) {
      if (n > 1) {
        scaling(results, n).ifPresent(verdicts::add);
      }
    }
    return verdicts;
  }

  private static Verdict copies(Operation operation, String layout, List<Result> large, int n) {
    double most = MOST_COPIES.getOrDefault(operation, 0.0);
    List<Result> worstFirst =
        large.stream()
            .sorted(Comparator.comparingDouble((Result r) -> -r.copies(n).median()))
            .toList();
    double geometric = Target.mean(large.stream().map(r -> r.copies(n).median()).toList());
    Result worst = worstFirst.getFirst();
    String what = "time in copies, " + operation.title() + ", " + layout;
    boolean met = geometric <= most;
    double bound =
        Target.mean(large.stream().map(r -> r.boundNanos(n) / r.median("roof", n)).toList());
    String kind = met ? "met" : bound > most ? "bounded by roofline" : "below target";
    String row =
        String.format(
            Locale.ROOT,
            "| %s, past the last cache | roof | %d | %d | %.2f | at most %.2f | %.2f (%s) | - | %s"
                + " |",
            what,
            n,
            large.size(),
            geometric,
            most,
            worst.copies(n).median(),
            worst.shape(),
            kind);
    if (met) {
      return new Verdict(row, Optional.empty());
    }
    return new Verdict(
        row,
        Optional.of(
            String.format(
                Locale.ROOT,
                "%s: %s, %s: %.2f, wanted at most %.2f, %.2f at the bound; worst %s %.2f (%.1f MB"
                    + " at %.1f GB/s, roof %.1f GB/s)",
                kind,
                what,
                Target.threads(n),
                geometric,
                most,
                bound,
                worst.shape(),
                worst.copies(n).median(),
                worst.compulsoryBytes() / 1e6,
                worst.compulsoryBytes() / worst.median("SIMD", n),
                worst.roof(n))));
  }

  /** Over all results; empty without one thread to compare with. */
  private static Optional<Verdict> scaling(List<Result> results, int threads) {
    List<Result> both =
        results.stream()
            .filter(r -> r.find("SIMD", 1).isPresent() && r.find("SIMD", threads).isPresent())
            .toList();
    if (both.isEmpty()) {
      return Optional.empty();
    }
    double ours = gain("SIMD", both, threads);
    double roof = gain("roof", both, threads);
    double share = ours / roof;
    Result worst =
        both.stream().min(Comparator.comparingDouble(r -> share(r, threads))).orElseThrow();
    String text =
        String.format(
            Locale.ROOT,
            "%d threads against 1: %.2fx, the roof %.2fx, share %.2f, wanted %.2f",
            threads,
            ours,
            roof,
            share,
            SCALING);
    String row =
        String.format(
            Locale.ROOT,
            "| %d threads against 1, as a share of the roof's gain of %.2fx | roof | %d | %d | %.2f"
                + " | %.2f | %.2f (%s %s %s) | - | %s |",
            threads,
            roof,
            threads,
            both.size(),
            share,
            SCALING,
            share(worst, threads),
            worst.shape(),
            worst.layout(),
            worst.operation().label(),
            share < SCALING ? "below target" : "met");
    return Optional.of(
        new Verdict(
            row, share < SCALING ? Optional.of("below target: " + text) : Optional.empty()));
  }

  private static double gain(String name, List<Result> results, int threads) {
    return Target.mean(results.stream().map(r -> gain(name, r, threads)).toList());
  }

  private static double gain(String name, Result result, int threads) {
    return result.ratio(name, 1, name, threads).orElseThrow().median();
  }

  private static double share(Result result, int threads) {
    return gain("SIMD", result, threads) / gain("roof", result, threads);
  }
}
