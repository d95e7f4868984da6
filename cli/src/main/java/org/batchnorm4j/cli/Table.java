package org.batchnorm4j.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns of text, the first to the left, the others to the right. Used from one thread. */
final class Table {
  private final List<String[]> rows = new ArrayList<>();
  private final int[] widths;

  /** A table with a heading. */
  Table(String... heading) {
    widths = new int[heading.length];
    row(heading);
  }

  /** Adds a row of as many cells as the heading has. */
  void row(String... cells) {
    rows.add(cells);
    for (int i = 0; i < cells.length; i++) {
      widths[i] = Math.max(widths[i], cells[i].length());
    }
  }

  /** The rows, each with an end of line. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.length; i++) {
        String room = " ".repeat(widths[i] - row[i].length());
        line.append(i == 0 ? row[i] + room : "  " + room + row[i]);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
