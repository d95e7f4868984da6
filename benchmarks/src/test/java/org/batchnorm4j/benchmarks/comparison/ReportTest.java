package org.batchnorm4j.benchmarks.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.batchnorm4j.benchmarks.comparison.Result.Series;
import org.batchnorm4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the comparison makes of its times. */
class ReportTest {
  private static final Planes SHAPE = new Planes(50, 512, 7, 7);
  private static final long CACHE = 1 << 20;

  @TempDir Path folder;

  /** Milliseconds of one thread; two take half of that. */
  private static Result result(double simd, double roof, double libtorch, double oneDnn) {
    List<Series> series = new ArrayList<>();
    for (int threads = 1; threads <= 2; threads++) {
      series.add(series("SIMD", threads, simd));
      series.add(series("scalar", threads, 2 * simd));
      series.add(series("roof", threads, roof));
      series.add(series("libtorch", threads, libtorch));
      series.add(series("oneDNN", threads, oneDnn));
    }
    return result(series);
  }

  private static Result result(List<Series> series) {
    return new Result("l", SHAPE, "NCHW", Operation.FORWARD, DType.FLOAT32, series);
  }

  private static Series series(String name, int threads, double millis) {
    double nanos = millis * 1e6 / threads;
    return new Series(name, threads, "x", new double[] {nanos, nanos, nanos});
  }

  private static Report report(Result... results) {
    return new Report(List.of("a fact"), List.of(results), new int[] {1, 2}, CACHE);
  }

  @Test
  void quartilesInterpolateBetweenNeighbours() {
    assertEquals(new Spread(1.75, 2.5, 3.25), Spread.of(new double[] {4, 1, 3, 2}));
    assertEquals(new Spread(7, 7, 7), Spread.of(new double[] {7}));
  }

  @Test
  void whatIsFastEnoughMissesNothing() {
    assertEquals(List.of(), report(result(1, 0.9, 4, 4)).missed());
  }

  @Test
  void aMissedTargetIsALineWithRatioBytesAndBandwidth() {
    List<String> missed = report(result(1, 0.5, 1.4, 4)).missed();
    assertTrue(
        missed.contains(
            "below target: training forward, NCHW, 1 thread, against libtorch: 1.40x, wanted"
                + " 3.00x, 2.80x at the bound; 1 of 1 shapes under 1.50x; worst:"
                + " 50x512x7x7 NCHW 1.40x (10.0 MB at 10.0 GB/s, roof 20.1 GB/s)"),
        missed.toString());
    assertTrue(
        missed.stream()
            .anyMatch(
                l ->
                    l.startsWith(
                        "below target: training forward, NCHW, planes of 7x7 and 14x14, 1 thread,"
                            + " against libtorch: 1.40x, wanted 1.50x, 2.80x at the bound;"
                            + " worst:")),
        missed.toString());
    assertTrue(
        missed.contains(
            "below target: time in copies, training forward, NCHW, 2 threads: 2.00, wanted at most"
                + " 1.50, 1.00 at the bound; worst 50x512x7x7 2.00 (10.0 MB at 20.1 GB/s, roof 40.1 GB/s)"),
        missed.toString());
    assertEquals(6, missed.size());
  }

  @Test
  void aMissThatTheCopyLoopItselfWouldMissIsBoundedByIt() {
    List<String> missed = report(result(1, 0.95, 1.4, 4)).missed();
    assertTrue(missed.stream().allMatch(l -> l.startsWith("bounded by roofline: ")), missed + "");
    assertEquals(4, missed.size()); // all of NCHW and planes of 7x7, at 1 and 2 threads
  }

  /** They take longer than a copy of what is moved, and say what two passes can reach. */
  @Test
  void aMissThatTheBarePassesWouldMissIsBoundedByThem() {
    List<Series> series = new ArrayList<>(result(1, 0.5, 1.4, 4).series());
    series.add(series("passes", 1, 0.96));
    series.add(series("passes", 2, 0.96));
    List<String> missed = report(result(series)).missed();
    assertTrue(missed.stream().allMatch(l -> l.startsWith("bounded by roofline: ")), missed + "");
    assertEquals(6, missed.size());
    assertTrue(missed.getFirst().contains("wanted 3.00x, 1.46x at the bound;"), missed + "");
    assertTrue(missed.getLast().contains("wanted at most 1.50, 1.92 at the bound;"), missed + "");
    String table = String.join("\n", report(result(series)).markdown());
    assertTrue(table.contains(" | **1.40 (1.40-1.40)** ° | 4.00 (4.00-4.00) |"), table);
  }

  /** Ours may be faster than passes that others disturbed. */
  @Test
  void whatWeReachIsWithinTheBound() {
    List<Series> series = new ArrayList<>(result(1, 0.5, 1.4, 4).series());
    series.add(series("passes", 1, 1.3));
    series.add(series("passes", 2, 1.3));
    String first = report(result(series)).missed().getFirst();
    assertTrue(first.contains("1.40x, wanted 3.00x, 1.40x at the bound;"), first);
  }

  @Test
  void timesOfTwoOperationsAreAddedBeforeTheyAreCompared() {
    List<Result> results = new ArrayList<>();
    for (Operation operation : List.of(Operation.FORWARD, Operation.BACKWARD)) {
      double simd = operation == Operation.FORWARD ? 1 : 3;
      double libtorch = operation == Operation.FORWARD ? 5 : 1.2;
      List<Series> series =
          List.of(series("SIMD", 1, simd), series("roof", 1, 0.5), series("libtorch", 1, libtorch));
      Planes rows = new Planes(1024, 512);
      results.add(new Result("nc", rows, "NC", operation, DType.FLOAT32, series));
    }
    Report report = new Report(List.of(), results, new int[] {1}, CACHE);
    assertTrue(
        report
            .markdown()
            .contains(
                "| (N, C) training forward + backward | libtorch | 1 | 1 | 1.55 | 1.50 | 1.55"
                    + " (1024x512 NC) | 1.00 | met |"),
        report.markdown().toString());
  }

  @Test
  void aRatioUnderItsFloorIsMarked() {
    String below = String.join("\n", report(result(1, 0.5, 1.4, 4)).markdown());
    assertTrue(below.contains(" | **1.40 (1.40-1.40)** | 4.00 (4.00-4.00) |"), below);
    String bounded = String.join("\n", report(result(1, 0.95, 1.4, 4)).markdown());
    assertTrue(bounded.contains(" | **1.40 (1.40-1.40)** ° | 4.00 (4.00-4.00) |"), bounded);
  }

  @Test
  void aSecondThreadThatBringsNothingIsSaid() {
    Result good = result(1, 0.9, 4, 4);
    List<Series> series = new ArrayList<>(good.series());
    series.replaceAll(
        s -> s.name().equals("SIMD") && s.threads() == 2 ? series("SIMD", 2, 1.3) : s);
    List<String> missed = report(result(series)).missed();
    assertTrue(
        missed.contains(
            "below target: 2 threads against 1: 1.54x, the roof 2.00x, share 0.77, wanted 0.95"),
        missed.toString());
  }

  @Test
  void bothFilesAreWrittenWholeAndNothingIsLeftBeside() throws IOException {
    report(result(1, 0.9, 4, 4)).write(folder);
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of("peers.csv", "peers.md", "peers.svg"),
          files.map(f -> f.getFileName().toString()).sorted().toList());
    }
    List<String> csv = Files.readAllLines(folder.resolve("peers.csv"));
    assertEquals(11, csv.size());
    assertTrue(
        csv.get(4).startsWith("l,50x512x7x7,NCHW,forward,float32,1,libtorch,\"x\",3,4000000"));
    String markdown = Files.readString(folder.resolve("peers.md"));
    assertTrue(
        markdown.contains(
            "| training forward, NCHW | libtorch | 1 | 1 | 4.00 | 3.00 | 4.00 (50x512x7x7 NCHW) |"
                + " 1.50 | met |"),
        markdown);
  }

  @Test
  void hugePagesAreCountedForBothSides() {
    List<String> smaps =
        List.of(
            "740000000-800000000 rw-p 00000000 00:00 0 ",
            "Anonymous:         4096 kB",
            "AnonHugePages:     2048 kB",
            "563c9d098000-563cd4000000 rw-p 00000000 00:00 0                          [heap]",
            "Anonymous:         3072 kB",
            "AnonHugePages:     1024 kB");
    assertEquals(
        "on huge pages: 1 of 3 MiB of the native heap, 2 of 4 MiB of the JVM",
        HugePages.of(smaps).text());
  }
}
