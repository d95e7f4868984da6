package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * How many times faster than a peer we want to be over some of the shapes.
 *
 * @param what in words
 * @param against the peer
 * @param operations whose times are added
 * @param among which results of theirs count
 * @param mean least geometric mean of the ratios
 * @param floor least ratio of any one shape; 0 for none
 */
record Target(
    String what,
    String against,
    List<Operation> operations,
    Predicate<Result> among,
    double mean,
    double floor) {

  private static final int NAMED = 3;

  /** One shape and layout: its results, one for each operation. */
  private record Group(List<Result> results, String against, int threads) {
    double ratio() {
      return results.size() == 1
          ? results.getFirst().faster(against, threads).orElseThrow().median()
          : theirs() / sum("SIMD");
    }

    private double theirs() {
      return sum(against);
    }

    private double sum(String name) {
      return results.stream().mapToDouble(r -> r.median(name, threads)).sum();
    }

    /** The ratio of who takes no longer than bare passes, or than a copy of what is moved. */
    double atBound() {
      return theirs() / results.stream().mapToDouble(r -> r.boundNanos(threads)).sum();
    }

    String name() {
      return results.getFirst().shape() + " " + results.getFirst().layout();
    }

    String traffic() {
      double bytes = results.stream().mapToDouble(Result::compulsoryBytes).sum();
      double least = results.stream().mapToDouble(r -> r.leastNanos(threads)).sum();
      return String.format(
          Locale.ROOT,
          "%.1f MB at %.1f GB/s, roof %.1f GB/s",
          bytes / 1e6,
          bytes / sum("SIMD"),
          bytes / least);
    }
  }

  /** The verdict at a number of threads; empty if nothing was measured that it speaks of. */
  Optional<Verdict> judge(List<Result> results, int threads) {
    List<Group> groups = groups(results, threads);
    if (groups.isEmpty()) {
      return Optional.empty();
    }
    Group worst = groups.getFirst();
    double geometric = mean(groups.stream().map(Group::ratio).toList());
    double possible = mean(groups.stream().map(Group::atBound).toList());
    List<Group> under = groups.stream().filter(g -> g.ratio() < floor).toList();
    String row =
        String.format(
            Locale.ROOT,
            "| %s | %s | %d | %d | %.2f | %.2f | %.2f (%s) | %s | ",
            what,
            against,
            threads,
            groups.size(),
            geometric,
            mean,
            worst.ratio(),
            worst.name(),
            floor == 0 ? "-" : String.format(Locale.ROOT, "%.2f", floor));
    if (geometric >= mean && under.isEmpty()) {
      return Optional.of(new Verdict(row + "met |", Optional.empty()));
    }
    boolean bounded =
        (geometric >= mean || possible < mean) && under.stream().allMatch(g -> g.atBound() < floor);
    String kind = bounded ? "bounded by roofline" : "below target";
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s: %s, %s, against %s: %.2fx, wanted %.2fx, %.2fx at the bound",
                kind,
                what,
                threads(threads),
                against,
                geometric,
                mean,
                possible));
    if (!under.isEmpty()) {
      line.append(
          String.format(
              Locale.ROOT, "; %d of %d shapes under %.2fx", under.size(), groups.size(), floor));
    }
    line.append("; worst:");
    for (Group group : groups.subList(0, Math.min(NAMED, groups.size()))) {
      line.append(
          String.format(
              Locale.ROOT, " %s %.2fx (%s);", group.name(), group.ratio(), group.traffic()));
    }
    line.setLength(line.length() - 1);
    return Optional.of(new Verdict(row + kind + " |", Optional.of(line.toString())));
  }

  /** The worst first. */
  private List<Group> groups(List<Result> results, int threads) {
    List<Group> groups = new ArrayList<>();
    for (Result result : results) {
      if (result.operation() == operations.getFirst() && among.test(result)) {
        List<Result> parts = new ArrayList<>();
        for (Operation operation : operations) {
          results.stream()
              .filter(r -> r.operation() == operation && r.isBeside(result))
              .filter(r -> r.find(against, threads).isPresent())
              .forEach(parts::add);
        }
        if (parts.size() == operations.size()) {
          groups.add(new Group(parts, against, threads));
        }
      }
    }
    groups.sort(Comparator.comparingDouble(Group::ratio));
    return groups;
  }

  static double mean(List<Double> ratios) {
    return Math.exp(ratios.stream().mapToDouble(Math::log).average().orElseThrow());
  }

  /** Whether it has a floor for this one result. */
  boolean hasFloorFor(Result result, String peer) {
    return operations.size() == 1
        && operations.getFirst() == result.operation()
        && against.equals(peer)
        && among.test(result);
  }

  static String threads(int threads) {
    return threads == 1 ? "1 thread" : threads + " threads";
  }
}
