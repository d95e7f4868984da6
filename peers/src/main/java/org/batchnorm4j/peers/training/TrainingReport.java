package org.batchnorm4j.peers.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.io.DurableFile;

/** Collects rows, judges them and writes them as Markdown and CSV. Belongs to one thread. */
final class TrainingReport {
  private static final double LEAST_RATIO = 1.0;
  private static final double MOST_MEMORY = 1.25;

  private final List<String> facts;
  private final List<StepComparison.Row> steps = new ArrayList<>();
  private final List<PeakMemory.Row> peaks = new ArrayList<>();

  TrainingReport(List<String> facts) {
    this.facts = List.copyOf(facts);
  }

  void add(StepComparison.Row row) {
    steps.add(row);
  }

  void add(PeakMemory.Row row) {
    peaks.add(row);
  }

  /** Whether libtorch's faster layout is channels last, at the first number of threads. */
  boolean channelsLastIsFaster(TrainedNetwork network) {
    return steps.stream()
        .filter(row -> row.network() == network)
        .findFirst()
        .map(StepComparison.Row::channelsLast)
        .orElse(false);
  }

  /** One line for each target that is missed. */
  List<String> missed() {
    List<String> lines = new ArrayList<>();
    for (StepComparison.Row row : steps) {
      if (row.ratio().median() < LEAST_RATIO) {
        lines.add(
            String.format(
                Locale.ROOT,
                "below target: %s, %d thread(s): %.2f of libtorch's speed, at least %.1f wanted",
                row.network().option(),
                row.threads(),
                row.ratio().median(),
                LEAST_RATIO));
      }
    }
    for (PeakMemory.Row row : peaks) {
      if (row.network() == TrainedNetwork.LABML_CIFAR10 && row.ratio() > MOST_MEMORY) {
        lines.add(
            String.format(
                Locale.ROOT,
                "below target: peak memory of %s: %.2f times libtorch's, at most %.2f wanted",
                row.network().option(),
                row.ratio(),
                MOST_MEMORY));
      }
    }
    return lines;
  }

  /** Writes {@code training.md} and {@code training.csv}, each whole or not at all. */
  void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    DurableFile.write(folder.resolve("training.md"), text(markdown()));
    DurableFile.write(folder.resolve("training.csv"), text(csv()));
  }

  private static String text(List<String> lines) {
    return String.join("\n", lines) + "\n";
  }

  private List<String> markdown() {
    List<String> lines = new ArrayList<>();
    lines.add("# Training steps side by side");
    lines.add("");
    facts.forEach(fact -> lines.add("- " + fact));
    lines.add("");
    lines.add(
        "| network | threads | ours, ms | libtorch, ms | its channels | libtorch / ours | our heap"
            + " allocation per step |");
    lines.add("| --- | --- | --- | --- | --- | --- | --- |");
    steps.forEach(row -> lines.add(row.markdown()));
    if (!peaks.isEmpty()) {
      lines.add("");
      lines.add("| network | peak memory, ours, MiB | libtorch, MiB | ours / libtorch |");
      lines.add("| --- | --- | --- | --- |");
      peaks.forEach(row -> lines.add(row.markdown()));
    }
    lines.add("");
    missed().forEach(line -> lines.add("- " + line));
    return lines;
  }

  private List<String> csv() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "network,threads,ours_ms,libtorch_ms,libtorch_channels_last,ratio,ratio_lower,ratio_upper,"
            + "heap_kib");
    for (StepComparison.Row row : steps) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s,%d,%.3f,%.3f,%b,%.4f,%.4f,%.4f,%.0f",
              row.network().option(),
              row.threads(),
              row.ours().median(),
              row.theirs().median(),
              row.channelsLast(),
              row.ratio().median(),
              row.ratio().lower(),
              row.ratio().upper(),
              row.kibibytes()));
    }
    return lines;
  }
}
