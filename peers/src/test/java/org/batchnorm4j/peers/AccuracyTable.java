package org.batchnorm4j.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The table of docs/accuracy.md: one row for each quantity of each data set. */
final class AccuracyTable {
  private static final String BEGIN = "<!-- measured: begin -->";
  private static final String END = "<!-- measured: end -->";
  private static final List<String> HEAD =
      List.of(
          "| data | quantity | ours | libtorch, NCHW | oneDNN, NCHW | libtorch, NHWC | oneDNN, NHWC"
              + " | ours is |",
          "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |");

  private final List<Row> rows = new ArrayList<>();

  /** Errors in units of rounding; {@code peers} in the order of the columns. */
  record Row(String data, String quantity, double ours, double... peers) {

    String verdict() {
      double least = Double.POSITIVE_INFINITY;
      double most = 0;
      for (double peer : peers) {
        least = Math.min(least, peer);
        most = Math.max(most, peer);
      }
      return ours < least ? "best" : ours == least ? "level" : ours <= most ? "between" : "worst";
    }

    String markdown() {
      StringBuilder line = new StringBuilder("| " + data + " | " + quantity + " | " + shown(ours));
      for (double peer : peers) {
        line.append(" | ").append(shown(peer));
      }
      return line.append(" | ").append(verdict()).append(" |").toString();
    }

    private static String shown(double error) {
      if (Double.isInfinite(error)) {
        return "lost";
      }
      return String.format(Locale.ROOT, error < 1000 ? "%.2f" : "%.0e", error);
    }
  }

  void add(Row row) {
    rows.add(row);
  }

  List<String> markdown() {
    List<String> lines = new ArrayList<>(HEAD);
    rows.forEach(row -> lines.add(row.markdown()));
    return lines;
  }

  /** What must be the same on every machine: data, quantity and verdict. */
  static List<String> claims(List<String> markdown) {
    return cells(markdown).stream()
        .map(cells -> String.join(" | ", cells[1], cells[2], cells[cells.length - 1]))
        .toList();
  }

  /** Our figures, in the order of the rows. */
  static List<Double> ours(List<String> markdown) {
    return cells(markdown).stream().skip(2).map(cells -> Double.valueOf(cells[3])).toList();
  }

  private static List<String[]> cells(List<String> markdown) {
    return markdown.stream()
        .filter(line -> line.startsWith("| "))
        .map(line -> line.split(" *\\| *"))
        .toList();
  }

  /** The table that a page holds. */
  static List<String> read(Path page) throws IOException {
    List<String> lines = Files.readAllLines(page);
    return lines.subList(lines.indexOf(BEGIN) + 1, lines.indexOf(END));
  }

  /** Puts the table in the place of the one that a page holds. */
  void write(Path page) throws IOException {
    List<String> lines = Files.readAllLines(page);
    List<String> changed = new ArrayList<>(lines.subList(0, lines.indexOf(BEGIN) + 1));
    changed.addAll(markdown());
    changed.addAll(lines.subList(lines.indexOf(END), lines.size()));
    Files.write(page, changed);
  }
}
