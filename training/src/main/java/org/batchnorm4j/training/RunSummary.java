package org.batchnorm4j.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a finished run says about itself in {@code summary.json}: numbers and texts by name, in
 * order. Immutable and safe for use by several threads.
 */
public final class RunSummary {
  private final Map<String, Object> values;

  private RunSummary(Map<String, Object> values) {
    this.values = values;
  }

  /**
   * Returns the summary of a run that has finished: {@code test_accuracy} (0 to 1), {@code
   * test_loss}, {@code train_accuracy}, {@code train_loss}, {@code epochs}, {@code seconds}, {@code
   * images_per_second}, {@code parameters}.
   *
   * @throws IllegalArgumentException if the result has no epoch
   */
  public static RunSummary of(TrainingResult result, long parameters) {
    EpochMetrics last = result.lastEpoch();
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("test_accuracy", last.testAccuracy());
    values.put("test_loss", last.testLoss());
    values.put("train_accuracy", last.trainAccuracy());
    values.put("train_loss", last.trainLoss());
    values.put("epochs", last.epoch());
    values.put("seconds", result.seconds());
    values.put("images_per_second", result.imagesPerSecond());
    values.put("parameters", parameters);
    return new RunSummary(values);
  }

  /**
   * Returns this summary with another value: a {@link String}, {@link Boolean} or {@link Number}.
   */
  public RunSummary with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(values);
    more.put(name, value);
    return new RunSummary(more);
  }

  /** Returns the values by name. */
  public Map<String, Object> values() {
    return Collections.unmodifiableMap(values);
  }

  /** Returns a JSON object with one value on each line; numbers that are not finite become null. */
  public String toJson() {
    StringBuilder json = new StringBuilder("{");
    String separator = "\n  ";
    for (Map.Entry<String, Object> entry : values.entrySet()) {
      json.append(separator);
      quote(entry.getKey(), json);
      json.append(": ");
      value(entry.getValue(), json);
      separator = ",\n  ";
    }
    return json.append("\n}\n").toString();
  }

  private static void value(Object value, StringBuilder json) {
    if (value instanceof Double number && !Double.isFinite(number)) {
      json.append("null");
    } else if (value instanceof Number || value instanceof Boolean) {
      json.append(value);
    } else {
      quote(value.toString(), json);
    }
  }

  private static void quote(String text, StringBuilder json) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }
}
