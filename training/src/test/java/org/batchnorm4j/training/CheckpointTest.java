package org.batchnorm4j.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  @TempDir Path directory;
  Path file;

  @BeforeEach
  void write() {
    SmallRun.standard().until(8, directory);
    file = RunDirectory.checkpointIn(directory);
  }

  @Test
  void everythingComesBack() throws IOException {
    Checkpoint read = Checkpoint.read(file);
    assertEquals(Map.of("model", "small"), read.labels());
    assertEquals(SmallRun.standard().options().toMap(), read.options().toMap());
    assertEquals(DataFacts.of(SmallRun.DATA.training()), read.data());
    assertEquals(1, read.position().epoch());
    assertEquals(2, read.position().batch());
    assertEquals(8, read.position().step());
    assertEquals(32, read.position().seen());
    assertEquals(1, read.metrics().size());
    assertEquals(8, requireNonNull(read.optimizer().get("step")).itemAsLong());
    assertEquals(8, requireNonNull(read.model().get("1.num_batches_tracked")).itemAsLong());
    assertEquals(
        SmallRun.network(1).stateDict().keySet(), new java.util.TreeMap<>(read.model()).keySet());
  }

  @Test
  void tensorsHaveTheNamesOfTheModelAndOfTheOptimizer() throws IOException {
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      assertTrue(tensors.names().contains("0.weight"));
      assertTrue(tensors.names().contains("1.running_mean"));
      assertTrue(tensors.names().contains("optimizer.exp_avg.0.weight"));
    }
  }

  @Test
  void otherTensorsAreNoCheckpoint() throws IOException {
    SafetensorsWriter.write(file, Map.of("x", Tensor.ones(2)), Map.of());
    assertEquals(
        file
            + ": these are tensors, but no checkpoint: metadata \"batchnorm4j.checkpoint\" is"
            + " missing",
        message());
  }

  @Test
  void newerVersionsAreNamed() throws IOException {
    rewrite(texts -> texts.put("batchnorm4j.checkpoint", "2"));
    assertEquals(
        file + ": checkpoint version \"2\", expected 1; was it written by a newer batchnorm4j?",
        message());
  }

  @Test
  void damagedTextsAreNamed() throws IOException {
    rewrite(texts -> texts.remove("position.step"));
    assertEquals(
        file + ": the checkpoint is damaged: metadata \"position.step\" is missing", message());
    rewrite(texts -> texts.put("position.step", "-1"));
    assertTrue(message().contains("damaged"), message());
    rewrite(texts -> texts.put("position.step", "eight"));
    assertTrue(message().contains("\"eight\""), message());
    rewrite(texts -> texts.put("position.step", "8"));
    rewrite(texts -> texts.put("metrics", "1,2\n"));
    assertTrue(message().contains("line 1 has 2 values instead of 6"), message());
    rewrite(texts -> texts.put("metrics", ""));
    rewrite(texts -> texts.put("option.batch-size", "0"));
    assertTrue(message().contains("batch size must be from 1 to 65536, got 0"), message());
  }

  @Test
  void cutFilesAreNamed() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    assertTrue(message().startsWith(file + ": "), message());
  }

  private void rewrite(Consumer<Map<String, String>> change) throws IOException {
    Map<String, String> texts;
    Map<String, Tensor> tensors;
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      texts = new LinkedHashMap<>(open.metadata());
      tensors = open.readAll();
    }
    change.accept(texts);
    SafetensorsWriter.write(file, tensors, texts);
  }

  private String message() {
    return String.valueOf(
        assertThrows(FormatException.class, () -> Checkpoint.read(file)).getMessage());
  }
}
