package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Bandwidths as a picture: a panel for each operation and layout, a column for each shape, a dot
 * for each contender at its compulsory bytes per second as a share of the copy loop's. Plain SVG.
 */
final class Plot {
  private static final List<String> NAMES =
      List.of("SIMD", "scalar", "libtorch", "oneDNN", "ONNX Runtime", "ND4J", Ours.WIDE);

  private static final List<String> COLOURS =
      List.of("#d62728", "#ff9896", "#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#7f7f7f");

  private static final int COLUMN = 22;
  private static final int LEFT = 60;
  private static final int HEIGHT = 150;
  private static final int PANEL = 280;

  /** Shares beyond it are drawn at the upper edge. */
  private static final double MOST = 1.25;

  private final List<Result> results;
  private final int threads;
  private final List<String> lines = new ArrayList<>();

  /**
   * @param results what to draw
   * @param threads the number of threads to draw
   */
  Plot(List<Result> results, int threads) {
    this.results = results;
    this.threads = threads;
  }

  /** The picture, line by line. */
  List<String> svg() {
    List<List<Result>> panels = panels();
    int columns = panels.stream().mapToInt(List::size).max().orElse(1);
    int width = Math.max(720, LEFT + columns * COLUMN + 20);
    lines.add(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " font-family=\"sans-serif\" font-size=\"10\">",
            width,
            40 + panels.size() * PANEL));
    lines.add("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
    for (int i = 0; i < NAMES.size(); i++) {
      dot(LEFT + 95 * i, 16, i);
      text(LEFT + 8 + 95 * i, 20, NAMES.get(i), "");
    }
    for (int i = 0; i < panels.size(); i++) {
      panel(panels.get(i), 50 + i * PANEL, width);
    }
    lines.add("</svg>");
    return List.copyOf(lines);
  }

  private List<List<Result>> panels() {
    List<List<Result>> panels = new ArrayList<>();
    for (Result result : results) {
      if (panels.stream().noneMatch(p -> isOf(p.getFirst(), result))) {
        panels.add(results.stream().filter(r -> isOf(r, result)).toList());
      }
    }
    return panels;
  }

  private static boolean isOf(Result a, Result b) {
    return a.operation() == b.operation()
        && a.layout().equals(b.layout())
        && a.storage() == b.storage();
  }

  private void panel(List<Result> panel, int top, int width) {
    Result first = panel.getFirst();
    String title = first.operation().title() + ", " + first.layout() + ", " + first.storage();
    text(LEFT, top, title + ", " + Target.threads(threads) + ": share of the roof", "");
    for (double share = 0; share <= MOST; share += 0.25) {
      int y = y(top, share);
      String colour = share == 1 ? "black" : "#dddddd";
      lines.add(
          String.format(
              Locale.ROOT,
              "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>",
              LEFT,
              width - 10,
              y,
              y,
              colour));
      text(LEFT - 30, y + 3, String.format(Locale.ROOT, "%.2f", share), "");
    }
    for (int i = 0; i < panel.size(); i++) {
      column(panel.get(i), LEFT + COLUMN / 2 + i * COLUMN, top);
    }
  }

  private void column(Result result, int x, int top) {
    for (Result.Series series : result.series()) {
      int kind = NAMES.indexOf(series.name());
      if (kind >= 0 && series.threads() == threads) {
        dot(x, y(top, result.leastNanos(threads) / series.time().median()), kind);
      }
    }
    int y = top + HEIGHT + 20;
    text(
        x + 3,
        y,
        result.shape().toString(),
        String.format(
            Locale.ROOT, " transform=\"rotate(-60 %d %d)\" text-anchor=\"end\"", x + 3, y));
  }

  private static int y(int top, double share) {
    return top + 10 + (int) Math.round(HEIGHT * (1 - Math.min(share, MOST) / MOST));
  }

  private void dot(int x, int y, int kind) {
    lines.add(
        String.format(
            Locale.ROOT,
            "<circle cx=\"%d\" cy=\"%d\" r=\"%s\" fill=\"%s\" fill-opacity=\"0.8\"/>",
            x,
            y,
            kind == 0 ? "4" : "3",
            COLOURS.get(kind)));
  }

  private void text(int x, int y, String text, String attributes) {
    lines.add(
        String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\"%s>%s</text>", x, y, attributes, text));
  }
}
