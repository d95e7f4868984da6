package org.batchnorm4j.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Metrics as a checkpoint holds them and as {@code metrics.csv} has them. */
final class MetricsTextFuzzTest {
  private static final List<EpochMetrics> ROWS =
      List.of(
          new EpochMetrics(1, 0.25, 0.5, 0.125, 0.75, 0.001, 1000, 2),
          new EpochMetrics(2, 0.125, 0.75, 0.0625, 1, 1e-5, 1500.5, 1.25));

  /** Both forms of two rows. */
  static Stream<byte[]> seeds() {
    return Stream.of(MetricsText.exact(ROWS), MetricsText.csv(ROWS))
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("seeds")
  @FuzzTest
  void rowsComeBackOrAreRefused(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    assertEquals(ROWS.size(), MetricsText.withTimesFrom(text, ROWS).size());
    List<EpochMetrics> rows;
    try {
      rows = MetricsText.parseExact(text);
    } catch (IllegalArgumentException refused) {
      return;
    }
    assertEquals(rows, MetricsText.parseExact(MetricsText.exact(rows)));
  }
}
