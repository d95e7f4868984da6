package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The least that whole runs must reach, on three seeds, below the figures of the README; runs with
 * {@code -Paccuracy} only. That the digits are not easy (softmax regression stays below 92 %) every
 * build tests, beside them.
 */
@Tag("accuracy")
class AccuracyTest {
  private static final List<String> SEEDS = List.of("1", "2", "3");

  @TempDir Path directory;

  @Test
  void everyRunOfTheMainJobReadsNinetySevenOfAHundredDigits() throws IOException {
    for (String seed : SEEDS) {
      double accuracy = accuracy(seed, List.of());
      assertTrue(accuracy >= 0.97, "seed " + seed + ": " + accuracy);
    }
  }

  @Test
  void labmlsNetworkReadsNinetyEightOfAHundredOfMnist() throws IOException {
    Path mnist = SharedFiles.path("data/mnist");
    double sum = 0;
    for (String seed : SEEDS) {
      sum += accuracy(seed, List.of("--data", "mnist:" + mnist, "--holdout", "2000"));
    }
    double mean = sum / SEEDS.size();
    assertTrue(mean >= 0.98, "mean of the seeds: " + mean);
  }

  @Test
  void networkTrainedOnTheDigitsAloneReadsNinetyOfAHundredOfRealMnist() throws IOException {
    Path mnist = SharedFiles.path("data/mnist");
    accuracy("1", List.of());
    String checkpoint = directory.resolve("seed1/checkpoint.safetensors").toString();
    CommandResult result = CommandResult.of("evaluate", checkpoint, "--data", "mnist:" + mnist);
    assertEquals(0, result.exit(), result.err());
    System.out.println("accuracy: digits to MNIST: " + result.accuracyLine());
    double percent = Double.parseDouble(result.accuracyLine().replaceAll("[^0-9.]", ""));
    assertTrue(percent >= 90, result.accuracyLine());
  }

  private double accuracy(String seed, List<String> data) throws IOException {
    Path out = directory.resolve("seed" + seed);
    List<String> words = new ArrayList<>(List.of("train", "--model", "labml-mnist"));
    words.addAll(List.of("--epochs", "5", "--seed", seed, "--out", out.toString()));
    words.addAll(data);
    CommandResult result = CommandResult.of(words.toArray(String[]::new));
    assertEquals(0, result.exit(), result.err());
    System.out.println("accuracy: seed " + seed + " " + data + ": " + result.accuracyLine());
    try (Stream<String> lines = Files.lines(out.resolve("summary.json"))) {
      return lines
          .filter(line -> line.startsWith("  \"test_accuracy\": "))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll(".*: |,", "")))
          .findFirst()
          .orElseThrow();
    }
  }
}
