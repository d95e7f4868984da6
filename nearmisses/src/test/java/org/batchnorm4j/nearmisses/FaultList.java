package org.batchnorm4j.nearmisses;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Reads {@code faults.txt}, whose first lines explain its form. */
final class FaultList {
  private final List<Fault> faults = new ArrayList<>();
  private String title = "";
  private boolean often;
  private String module = "";
  private String type = "";
  private String after = "";
  private String text = "";
  private List<Fault.Edit> edits = new ArrayList<>();

  private FaultList() {}

  static List<Fault> read() throws IOException {
    try (InputStream in = FaultList.class.getResourceAsStream("faults.txt")) {
      String all = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      FaultList list = new FaultList();
      all.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).forEach(list::take);
      return List.copyOf(list.faults);
    }
  }

  private void take(String line) {
    int colon = line.indexOf(": ");
    String field = colon < 0 ? line : line.substring(0, colon);
    String value = colon < 0 ? "" : line.substring(colon + 2);
    switch (field) {
      case "fault", "fault!" -> {
        title = value;
        often = field.endsWith("!");
        after = "";
        edits = new ArrayList<>();
      }
      case "in" -> {
        int slash = value.indexOf('/');
        module = value.substring(0, slash);
        type = "org.batchnorm4j." + value.substring(slash + 1);
      }
      case "after" -> after = value;
      case "replace" -> text = value;
      case "by" -> edits.add(new Fault.Edit(text, value));
      case "caught by" -> {
        List<String> tests = new ArrayList<>();
        for (String test : value.split(", ")) {
          tests.add("org.batchnorm4j." + test);
        }
        faults.add(
            new Fault(title, often, module, type, after, List.copyOf(edits), List.copyOf(tests)));
      }
      default -> throw new IllegalArgumentException("faults.txt: unknown field in: " + line);
    }
  }
}
