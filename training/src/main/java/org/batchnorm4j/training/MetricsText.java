package org.batchnorm4j.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.io.FormatException;

/**
 * Metrics as lines of comma-separated values. The file for people rounds and has times; the text
 * inside a checkpoint has every digit and no times, so that equal runs give equal bytes. Stateless
 * and safe for use by several threads.
 */
final class MetricsText {
  static final String HEADER =
      "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,images_per_second,seconds";

  private static final int EXACT_FIELDS = 6;
  private static final int FIELDS = 8;

  private MetricsText() {}

  /** Returns the file {@code metrics.csv}. Times that are not known are left empty. */
  static String csv(List<EpochMetrics> rows) {
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    for (EpochMetrics row : rows) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%.6f,%.6f,%.6f,%.6f,%s,%s,%s\n",
              row.epoch(),
              row.trainLoss(),
              row.trainAccuracy(),
              row.testLoss(),
              row.testAccuracy(),
              row.learningRate(),
              time(row.imagesPerSecond(), "%.1f"),
              time(row.seconds(), "%.3f")));
    }
    return text.toString();
  }

  private static String time(double value, String format) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
  }

  /** Returns what a checkpoint holds. */
  static String exact(List<EpochMetrics> rows) {
    StringBuilder text = new StringBuilder();
    for (EpochMetrics row : rows) {
      text.append(row.epoch());
      for (double value :
          new double[] {
            row.trainLoss(),
            row.trainAccuracy(),
            row.testLoss(),
            row.testAccuracy(),
            row.learningRate()
          }) {
        text.append(',').append(value);
      }
      text.append('\n');
    }
    return text.toString();
  }

  /**
   * Reads what {@link #exact} wrote; times are NaN.
   *
   * @throws IllegalArgumentException if it did not; the message says which line
   */
  static List<EpochMetrics> parseExact(String text) {
    List<EpochMetrics> rows = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] fields = line.split(",", -1);
      if (fields.length != EXACT_FIELDS) {
        throw new IllegalArgumentException(
            "line "
                + (rows.size() + 1)
                + " has "
                + fields.length
                + " values instead of "
                + EXACT_FIELDS);
      }
      EpochMetrics row = exactRow(fields, rows.size() + 1);
      if (row.epoch() != rows.size() + 1) {
        throw new IllegalArgumentException(
            "line " + (rows.size() + 1) + " is of epoch " + row.epoch());
      }
      rows.add(row);
    }
    return rows;
  }

  private static EpochMetrics exactRow(String[] fields, int line) {
    try {
      return new EpochMetrics(
          Integer.parseInt(fields[0]),
          Double.parseDouble(fields[1]),
          Double.parseDouble(fields[2]),
          Double.parseDouble(fields[3]),
          Double.parseDouble(fields[4]),
          Double.parseDouble(fields[5]),
          Double.NaN,
          Double.NaN);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "line "
              + line
              + " is "
              + FormatException.quote(String.join(",", fields))
              + ", expected an epoch and five numbers",
          e);
    }
  }

  /**
   * Gives rows the times that an earlier {@code metrics.csv} has for them. A row whose other
   * numbers differ, or a line that cannot be read, gives none: times are a comfort, never a reason
   * to stop.
   */
  static List<EpochMetrics> withTimesFrom(String csv, List<EpochMetrics> rows) {
    List<String> lines = csv.lines().toList();
    List<EpochMetrics> result = new ArrayList<>();
    for (EpochMetrics row : rows) {
      String line = row.epoch() < lines.size() ? lines.get(row.epoch()) : "";
      result.add(withTimes(row, line));
    }
    return result;
  }

  private static EpochMetrics withTimes(EpochMetrics row, String line) {
    String[] fields = line.split(",", -1);
    String known = csv(List.of(row)).lines().toList().get(1);
    if (fields.length != FIELDS
        || !line.startsWith(known.substring(0, known.length() - 1))
        || fields[6].isEmpty()
        || fields[7].isEmpty()) {
      return row;
    }
    try {
      return row.withTimes(Double.parseDouble(fields[6]), Double.parseDouble(fields[7]));
    } catch (NumberFormatException damaged) {
      return row;
    }
  }
}
