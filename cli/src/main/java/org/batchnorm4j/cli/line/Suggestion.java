package org.batchnorm4j.cli.line;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What somebody may have meant by a word that is unknown. Stateless. */
public final class Suggestion {
  /** What other programs call our options. */
  private static final Map<String, String> SYNONYMS =
      Map.ofEntries(
          Map.entry("--learning-rate", "--lr"),
          Map.entry("--learningrate", "--lr"),
          Map.entry("--rate", "--lr"),
          Map.entry("--output", "--out"),
          Map.entry("--output-dir", "--out"),
          Map.entry("--out-dir", "--out"),
          Map.entry("--dir", "--out"),
          Map.entry("-o", "--out"),
          Map.entry("--dataset", "--data"),
          Map.entry("--data-dir", "--data"),
          Map.entry("--input", "--data"),
          Map.entry("--batch", "--batch-size"),
          Map.entry("--bs", "--batch-size"),
          Map.entry("-b", "--batch-size"),
          Map.entry("-e", "--epochs"),
          Map.entry("--network", "--model"),
          Map.entry("--arch", "--model"),
          Map.entry("--net", "--model"),
          Map.entry("-m", "--model"),
          Map.entry("--normalization", "--norm"),
          Map.entry("--normalisation", "--norm"),
          Map.entry("--optim", "--optimizer"),
          Map.entry("--scheduler", "--schedule"),
          Map.entry("--lr-schedule", "--schedule"),
          Map.entry("--decay", "--weight-decay"),
          Map.entry("--wd", "--weight-decay"),
          Map.entry("--random-seed", "--seed"),
          Map.entry("--jobs", "--threads"),
          Map.entry("--workers", "--threads"),
          Map.entry("-j", "--threads"),
          Map.entry("--continue", "--resume"),
          Map.entry("--checkpoint", "--resume"),
          Map.entry("--from", "--resume"),
          Map.entry("--save-every", "--checkpoint-every"),
          Map.entry("--force", "--overwrite"),
          Map.entry("-f", "--overwrite"),
          Map.entry("--silent", "--quiet"),
          Map.entry("-q", "--quiet"),
          Map.entry("--debug", "--verbose"),
          Map.entry("-v", "--verbose"),
          Map.entry("--validation", "--holdout"),
          Map.entry("--test-size", "--holdout"));

  private Suggestion() {}

  /**
   * Returns {@code (did you mean it?)} with a space before it; empty if no known word is near to
   * {@code word} or means the same to other programs.
   */
  public static String of(String word, List<String> known) {
    Optional<String> synonym = Optional.ofNullable(SYNONYMS.get(word)).filter(known::contains);
    return synonym
        .or(() -> Nearest.of(word, known))
        .map(guess -> " (did you mean " + guess + "?)")
        .orElse("");
  }
}
