package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What we want of our time in copies of the tensor, and of a second thread. */
final class RoofTargets {
  private static final double SCALING = 0.95;

  private RoofTargets() {}

  /** A line for each problem that needs too many copies or gains too little by more threads. */
  static List<String> missed(List<Result> results, int[] threads, long lastCache) {
    List<String> lines = new ArrayList<>();
    for (Result result : results) {
      double most = result.direction() == Direction.FORWARD ? 1.5 : 2.2;
      for (int n : threads) {
        double copies = result.copies(n).orElseThrow().median();
        if (result.shape().bytes() > lastCache && copies > most) {
          lines.add(
              String.format(
                  Locale.ROOT,
                  "below target: time in copies, %s, %s: %.2f, wanted at most %.2f; %s",
                  name(result),
                  Target.threads(n),
                  copies,
                  most,
                  Target.traffic(result, n)));
        }
      }
    }
    for (int n : threads) {
      if (n > 1) {
        scaling(results, n)
            .filter(s -> s.share() < SCALING)
            .map(Scaling::line)
            .ifPresent(lines::add);
      }
    }
    return lines;
  }

  /**
   * What more threads bring.
   *
   * @param threads how many
   * @param ours times as fast as one thread, geometric mean
   * @param roof the same of the copy loop
   */
  record Scaling(int threads, double ours, double roof) {
    double share() {
      return ours / roof;
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "below target: %d threads against 1: %.2fx, the roof %.2fx, share %.2f, wanted %.2f",
          threads,
          ours,
          roof,
          share(),
          SCALING);
    }
  }

  /** Over all results; empty without one thread to compare with. */
  static Optional<Scaling> scaling(List<Result> results, int threads) {
    double ours = 0;
    double roof = 0;
    for (Result result : results) {
      Optional<Spread> gain = result.ratio("SIMD", 1, "SIMD", threads);
      Optional<Spread> possible = result.ratio("roof", 1, "roof", threads);
      if (gain.isEmpty() || possible.isEmpty()) {
        return Optional.empty();
      }
      ours += Math.log(gain.get().median());
      roof += Math.log(possible.get().median());
    }
    return Optional.of(
        new Scaling(threads, Math.exp(ours / results.size()), Math.exp(roof / results.size())));
  }

  private static String name(Result result) {
    return result.shape() + " " + result.layout() + " " + result.direction().lower();
  }
}
