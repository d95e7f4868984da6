package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How many times faster than a peer we want to be over some of the shapes.
 *
 * @param what in words
 * @param against the peer
 * @param among which results count
 * @param mean least geometric mean of the ratios
 * @param floor least ratio of any one
 */
record Target(String what, String against, Predicate<Result> among, double mean, double floor) {
  /** Times within this of a copy's bandwidth are bounded by it. */
  private static final double AT_ROOF = 1.1;

  /** The targets that the work list can answer. */
  static List<Target> all(long lastCache) {
    Predicate<Result> first = r -> r.layout().equals("NCHW");
    Predicate<Result> last = r -> r.layout().equals("NHWC");
    Predicate<Result> even = last.and(r -> r.shape().channels() % 16 == 0);
    Predicate<Result> cached = r -> r.compulsoryBytes() <= lastCache;
    Predicate<Result> small = r -> r.shape().plane() == 49 || r.shape().plane() == 196;
    List<Target> all = new ArrayList<>();
    for (Direction direction : Direction.values()) {
      boolean forward = direction == Direction.FORWARD;
      Predicate<Result> half = r -> r.direction() == direction;
      String name = "training " + direction.lower();
      all.add(
          new Target(
              name + ", NCHW", "libtorch", half.and(first), forward ? 3 : 2, forward ? 1.5 : 1.2));
      all.add(
          new Target(
              name + ", NCHW", "oneDNN", half.and(first), forward ? 2.5 : 3, forward ? 1.2 : 1.5));
      all.add(
          new Target(
              name + ", NHWC, C a multiple of 16, beyond the caches",
              "oneDNN",
              half.and(even).and(cached.negate()),
              1,
              0.8));
      all.add(
          new Target(
              name + ", NHWC, C a multiple of 16, in cache",
              "oneDNN",
              half.and(even).and(cached),
              1.1,
              0.8));
      for (String peer : List.of("libtorch", "oneDNN")) {
        all.add(
            new Target(
                name + ", NCHW, planes of 7x7 and 14x14",
                peer,
                half.and(first).and(small),
                1.5,
                1));
        all.add(
            new Target(
                name + ", NHWC, C no multiple of 16",
                peer,
                half.and(last).and(even.negate()),
                1.5,
                1));
      }
    }
    return all;
  }

  /**
   * What came out.
   *
   * @param row of the Markdown table of targets
   * @param missed a line for each part that was missed
   */
  record Verdict(String row, List<String> missed) {}

  /** The verdict at a number of threads; empty if nothing was measured that it speaks of. */
  Optional<Verdict> judge(List<Result> results, int threads) {
    List<Result> counted =
        results.stream().filter(among).filter(r -> r.faster(against, threads).isPresent()).toList();
    if (counted.isEmpty()) {
      return Optional.empty();
    }
    double logs = 0;
    double least = Double.POSITIVE_INFINITY;
    Result worst = counted.getFirst();
    List<String> missed = new ArrayList<>();
    boolean bounded = true;
    String title = what + ", " + threads(threads) + ", against " + against;
    for (Result result : counted) {
      double ratio = result.faster(against, threads).orElseThrow().median();
      logs += Math.log(ratio);
      if (ratio < least) {
        least = ratio;
        worst = result;
      }
      bounded &= ratio >= mean || atRoof(result, threads);
      if (ratio < floor) {
        missed.add(
            line(
                atRoof(result, threads),
                title + ", " + result.shape(),
                ratio,
                floor,
                "; " + traffic(result, threads)));
      }
    }
    double geometric = Math.exp(logs / counted.size());
    if (geometric < mean) {
      missed.addFirst(line(bounded, title + ", geometric mean", geometric, mean, ""));
    }
    String row =
        String.format(
            Locale.ROOT,
            "| %s | %s | %d | %d | %.2f | %.2f | %.2f (%s) | %.2f | %s |",
            what,
            against,
            threads,
            counted.size(),
            geometric,
            mean,
            least,
            worst.shape(),
            floor,
            missed.isEmpty() ? "met" : "missed");
    return Optional.of(new Verdict(row, missed));
  }

  private static String line(
      boolean bounded, String what, double ratio, double wanted, String traffic) {
    return String.format(
        Locale.ROOT,
        "%s: %s: %.2fx, wanted %.2fx%s",
        bounded ? "bounded by roofline" : "below target",
        what,
        ratio,
        wanted,
        traffic);
  }

  /** Whether our time is that of reading and writing what must be, at the roof's bandwidth. */
  private static boolean atRoof(Result result, int threads) {
    double copies = result.direction().tensors / 2.0;
    return result.copies(threads).map(c -> c.median() <= AT_ROOF * copies).orElse(false);
  }

  /** Compulsory bytes, and their bandwidth beside that of the roof. */
  static String traffic(Result result, int threads) {
    double ours = result.find("SIMD", threads).orElseThrow().time().median();
    double roof = result.find("roof", threads).orElseThrow().time().median();
    return String.format(
        Locale.ROOT,
        "%.1f MB at %.1f GB/s, roof %.1f GB/s",
        result.compulsoryBytes() / 1e6,
        result.compulsoryBytes() / ours,
        2 * result.shape().bytes() / roof);
  }

  static String threads(int threads) {
    return threads == 1 ? "1 thread" : threads + " threads";
  }
}
