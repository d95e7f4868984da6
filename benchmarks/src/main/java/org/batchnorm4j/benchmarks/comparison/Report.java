package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes results as Markdown and CSV. */
final class Report {
  private static final List<String> PEERS = List.of("libtorch", "oneDNN");

  private final List<String> facts;
  private final List<Result> results;
  private final int[] threads;
  private final long lastCache;

  /**
   * @param facts about machine and peers, one line each
   * @param results in the order of the table
   * @param threads the numbers of threads that were compared
   * @param lastCache bytes of the last cache
   */
  Report(List<String> facts, List<Result> results, int[] threads, long lastCache) {
    this.facts = List.copyOf(facts);
    this.results = List.copyOf(results);
    this.threads = threads.clone();
    this.lastCache = lastCache;
  }

  /** Writes {@code peers.md} and {@code peers.csv}, each whole or not at all. */
  void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    write(folder, "peers.md", markdown());
    write(folder, "peers.csv", csv());
  }

  private static void write(Path folder, String name, List<String> lines) throws IOException {
    Path aside = folder.resolve(name + "." + ProcessHandle.current().pid() + ".tmp");
    try {
      Files.write(aside, lines);
      Files.move(
          aside,
          folder.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(aside);
    }
  }

  /** The lines on what is missed, peers first. */
  List<String> missed() {
    List<String> lines = new ArrayList<>();
    verdicts().forEach(verdict -> lines.addAll(verdict.missed()));
    lines.addAll(RoofTargets.missed(results, threads, lastCache));
    return lines;
  }

  private List<Target.Verdict> verdicts() {
    List<Target.Verdict> verdicts = new ArrayList<>();
    for (Target target : Target.all(lastCache)) {
      for (int n : threads) {
        target.judge(results, n).ifPresent(verdicts::add);
      }
    }
    return verdicts;
  }

  List<String> markdown() {
    List<String> lines = new ArrayList<>();
    lines.add("# Batch norm side by side");
    lines.add("");
    facts.forEach(fact -> lines.add("- " + fact));
    lines.add("");
    lines.add("## Targets");
    lines.add("");
    lines.add(
        "| what | against | threads | shapes | geometric mean | wanted | least (shape) | wanted | |");
    lines.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    verdicts().forEach(verdict -> lines.add(verdict.row()));
    for (int n : threads) {
      RoofTargets.scaling(results, n)
          .filter(scaling -> scaling.threads() > 1)
          .ifPresent(
              s ->
                  lines.addAll(
                      List.of(
                          "",
                          String.format(
                              Locale.ROOT,
                              "%d threads against 1: %.2fx, the roof %.2fx, share %.2f.",
                              s.threads(),
                              s.ours(),
                              s.roof(),
                              s.share()))));
    }
    lines.add("");
    missed().forEach(line -> lines.add("- " + line));
    for (Direction direction : Direction.values()) {
      for (String layout : List.of("NCHW", "NHWC")) {
        for (int n : threads) {
          table(lines, direction, layout, n);
        }
      }
    }
    return lines;
  }

  private void table(List<String> lines, Direction direction, String layout, int n) {
    List<Result> rows =
        results.stream()
            .filter(r -> r.direction() == direction && r.layout().equals(layout))
            .toList();
    if (rows.isEmpty()) {
      return;
    }
    lines.add("");
    lines.add("## Training " + direction.lower() + ", " + layout + ", " + Target.threads(n));
    lines.add("");
    lines.add(
        "| shape | MB | ours, ms | GB/s | of the roof | copies | scalar | libtorch | oneDNN |"
            + " arraycopy |");
    lines.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (Result r : rows) {
      Spread ours = r.find("SIMD", n).orElseThrow().time();
      StringBuilder row = new StringBuilder();
      row.append(
          String.format(
              Locale.ROOT,
              "| %s | %.1f | %.3f (%.3f-%.3f) | %.1f | %.2f | %s | ",
              r.shape(),
              r.compulsoryBytes() / 1e6,
              ours.median() / 1e6,
              ours.lower() / 1e6,
              ours.upper() / 1e6,
              r.compulsoryBytes() / ours.median(),
              ofRoof(r, n, "SIMD"),
              r.copies(n).map(Spread::text).orElse("-")));
      row.append(r.faster("scalar", n).map(Spread::text).orElse("-"));
      for (String peer : PEERS) {
        row.append(" | ").append(r.faster(peer, n).map(Spread::text).orElse("-"));
      }
      row.append(" | ").append(r.faster("arraycopy", n).map(Spread::text).orElse("-"));
      lines.add(row.append(" |").toString());
    }
  }

  /** Bandwidth of compulsory bytes as a share of that of the copy loop. */
  private static double ofRoof(Result r, int n, String name) {
    double time = r.find(name, n).orElseThrow().time().median();
    double roof = r.find("roof", n).orElseThrow().time().median();
    return r.compulsoryBytes() / time / (2 * r.shape().bytes() / roof);
  }

  List<String> csv() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "n,c,h,w,layout,direction,threads,contender,implementation,rounds,ns_q1,ns_median,ns_q3,"
            + "by_simd_q1,by_simd_median,by_simd_q3,compulsory_bytes,gb_per_s,of_roof");
    for (Result r : results) {
      for (Result.Series s : r.series()) {
        Spread time = s.time();
        Spread ratio = r.faster(s.name(), s.threads()).orElseThrow();
        long bytes =
            s.name().equals("roof") || s.name().equals("arraycopy")
                ? 2 * r.shape().bytes()
                : r.compulsoryBytes();
        double roof =
            2 * r.shape().bytes() / r.find("roof", s.threads()).orElseThrow().time().median();
        lines.add(
            String.format(
                Locale.ROOT,
                "%d,%d,%d,%d,%s,%s,%d,%s,\"%s\",%d,%.0f,%.0f,%.0f,%.4f,%.4f,%.4f,%d,%.3f,%.4f",
                r.shape().batch(),
                r.shape().channels(),
                r.shape().height(),
                r.shape().width(),
                r.layout(),
                r.direction().lower(),
                s.threads(),
                s.name(),
                s.implementation(),
                s.nanos().length,
                time.lower(),
                time.median(),
                time.upper(),
                ratio.lower(),
                ratio.median(),
                ratio.upper(),
                bytes,
                bytes / time.median(),
                bytes / time.median() / roof));
      }
    }
    return lines;
  }
}
