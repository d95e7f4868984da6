package org.batchnorm4j.nearmisses;

import java.util.List;

/** The faults as a page of the documentation. */
final class FaultTable {
  private static final String HEAD =
      """
      # Near misses

      Faults that are easily made and hardly seen. Each is planted in the production class, one at a time; the tests named \
      beside it must fail then, every one of them. Bold ones are planted in every `mvn verify`, all of them by `-Pnear-misses`, \
      which writes this page from `nearmisses/src/test/resources/org/batchnorm4j/nearmisses/faults.txt`.

      | fault | class | caught by |
      | --- | --- | --- |
      """;

  private FaultTable() {}

  static String markdown(List<Fault> faults) {
    StringBuilder page = new StringBuilder(HEAD);
    for (Fault fault : faults) {
      String mark = fault.often() ? "**" : "";
      page.append("| ").append(mark).append(fault.title()).append(mark);
      page.append(" | `").append(simple(fault.type())).append("` | ");
      page.append(
          String.join(
              ", ",
              fault.caughtBy().stream()
                  .map(test -> "`" + simple(test).replace('#', '.') + "`")
                  .toList()));
      page.append(" |\n");
    }
    return page.toString();
  }

  private static String simple(String name) {
    return name.replaceAll("^(?:[a-z0-9]+\\.)+", "");
  }
}
