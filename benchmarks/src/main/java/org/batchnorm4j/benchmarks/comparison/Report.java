package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.batchnorm4j.tensor.DType;

/** Writes results as Markdown, CSV and a picture. */
final class Report {
  private final List<String> facts;
  private final List<Result> results;
  private final int[] threads;
  private final List<Target> targets;
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
    targets = new Targets(lastCache).againstPeers();
  }

  /** Writes {@code peers.md}, {@code peers.csv} and {@code peers.svg}, each whole or not at all. */
  void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    write(folder, "peers.md", markdown());
    write(folder, "peers.csv", csv());
    write(folder, "peers.svg", new Plot(results, threads[0]).svg());
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

  /** A line for each target that is missed, peers first. */
  List<String> missed() {
    return verdicts().stream().flatMap(verdict -> verdict.missed().stream()).toList();
  }

  private List<Verdict> verdicts() {
    List<Verdict> verdicts = new ArrayList<>();
    for (Target target : targets) {
      for (int n : threads) {
        target.judge(results, n).ifPresent(verdicts::add);
      }
    }
    verdicts.addAll(RoofTargets.judge(results, threads, lastCache));
    return verdicts;
  }

  List<String> markdown() {
    List<String> lines = new ArrayList<>();
    lines.add("## Batch norm side by side");
    lines.add("");
    facts.forEach(fact -> lines.add("- " + fact));
    lines.add("");
    lines.add("### Targets");
    lines.add("");
    lines.add(
        "Ratios are the peer's time by ours; the first is their geometric mean over the shapes."
            + " At the bound: if ours took no longer than the bare passes of training (the loads and"
            + " stores, with two sums in float64), or than a copy of what inference moves.");
    lines.add("");
    lines.add("| what | against | threads | shapes | ratio | wanted | least | wanted | |");
    lines.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    verdicts().forEach(verdict -> lines.add(verdict.row()));
    lines.add("");
    missed().forEach(line -> lines.add("- " + line));
    lines.add("");
    lines.add("### Every shape");
    lines.add("");
    lines.add(
        "Medians (quartiles). MB and GB/s are of the bytes that must be moved at least once; copies"
            + " are our time by that of the copy loop; other columns are a contender's time by ours."
            + " Bold: under the target's floor. Bold and °: so far under it that bare passes, or the"
            + " copy loop's speed where there is one pass, would not reach it either.");
    for (DType storage : List.of(DType.FLOAT32, DType.BFLOAT16)) {
      for (Operation operation : Operation.values()) {
        for (String layout : List.of("NCHW", "NHWC", "NC")) {
          table(lines, storage, operation, layout);
        }
      }
    }
    return lines;
  }

  private void table(List<String> lines, DType storage, Operation operation, String layout) {
    List<Result> rows =
        results.stream()
            .filter(r -> r.operation() == operation && r.layout().equals(layout))
            .filter(r -> r.storage() == storage)
            .toList();
    if (rows.isEmpty()) {
      return;
    }
    List<String> others =
        rows.stream()
            .flatMap(r -> r.series().stream())
            .map(Result.Series::name)
            .filter(name -> !name.equals("SIMD") && !name.equals("roof"))
            .distinct()
            .toList();
    String type = storage == DType.FLOAT32 ? "" : ", " + storage;
    lines.addAll(List.of("", "#### " + operation.title() + ", " + layout + type, ""));
    lines.add(
        "| shape | threads | MB | ours, ms | GB/s | of the roof | copies | "
            + String.join(" | ", others)
            + " |");
    lines.add("|" + " --- |".repeat(7 + others.size()));
    for (Result r : rows) {
      for (int n : threads) {
        lines.add(row(r, n, others));
      }
    }
  }

  private String row(Result r, int n, List<String> others) {
    Spread ours = r.find("SIMD", n).orElseThrow().time();
    return String.format(
            Locale.ROOT,
            "| %s | %d | %.1f | %.3f (%.3f-%.3f) | %.1f | %.2f | %s | ",
            r.shape(),
            n,
            r.compulsoryBytes() / 1e6,
            ours.median() / 1e6,
            ours.lower() / 1e6,
            ours.upper() / 1e6,
            r.compulsoryBytes() / ours.median(),
            r.leastNanos(n) / ours.median(),
            r.copies(n).text())
        + others.stream().map(name -> cell(r, n, name)).collect(Collectors.joining(" | "))
        + " |";
  }

  private String cell(Result r, int n, String name) {
    Spread ratio = r.faster(name, n).orElse(null);
    if (ratio == null) {
      return "-";
    }
    double floor =
        targets.stream()
            .filter(target -> target.hasFloorFor(r, name))
            .mapToDouble(Target::floor)
            .max()
            .orElse(0);
    if (ratio.median() >= floor) {
      return ratio.text();
    }
    boolean bounded = r.median(name, n) / r.boundNanos(n) < floor;
    return "**" + ratio.text() + "**" + (bounded ? " °" : "");
  }

  List<String> csv() {
    String header =
        "list,shape,layout,operation,storage,threads,contender,implementation,rounds,ns_q1,"
            + "ns_median,ns_q3,by_simd_q1,by_simd_median,by_simd_q3,compulsory_bytes,gb_per_s,"
            + "of_roof";
    return Stream.concat(
            Stream.of(header),
            results.stream().flatMap(r -> r.series().stream().map(s -> csv(r, s))))
        .toList();
  }

  private static String csv(Result r, Result.Series s) {
    Spread time = s.time();
    Spread ratio = r.faster(s.name(), s.threads()).orElseThrow();
    boolean copies = s.name().equals("roof") || s.name().equals("arraycopy");
    int widened = s.name().equals(Ours.WIDE) ? 2 : 1;
    long bytes = copies ? 2 * r.bytes() : widened * r.compulsoryBytes();
    return String.format(
        Locale.ROOT,
        "%s,%s,%s,%s,%s,%d,%s,\"%s\",%d,%.0f,%.0f,%.0f,%.4f,%.4f,%.4f,%d,%.3f,%.4f",
        r.list(),
        r.shape(),
        r.layout(),
        r.operation().label(),
        r.storage(),
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
        bytes / time.median() / r.roof(s.threads()));
  }
}
