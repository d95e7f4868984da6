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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        file
            + ": metadata \"batchnorm4j.checkpoint\" is \"2\", expected \"1\"; was it written by a"
            + " newer batchnorm4j?",
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "position.step | eight | a whole number from 0 to 9223372036854775807",
        "position.epoch | 99999999999 | a whole number from 0 to 2147483647",
        "position.loss-sum | much | a number",
        "option.optimizer | magic | one of sgd, adam, adamw",
        "option.schedule | never | one of constant, step, cosine, onecycle",
        "option.lr | fast | a number",
        "option.seed | 1.5 | a whole number",
        "option.flip | yes | true or false",
        "data.shape | 28x28 | sizes such as 1x28x28",
        "data.mean | a b | numbers with a space between",
        "data.deviation | 0 | numbers above 0 with a space between, as many as in \"data.mean\"",
        "data.fingerprint | abc | 64 hexadecimal digits"
      })
  void damagedTextsAreNamedWithValueAndWhatWasExpected(String key, String value, String expected)
      throws IOException {
    rewrite(texts -> texts.put(key, value));
    assertEquals(
        file
            + ": the checkpoint is damaged: metadata \""
            + key
            + "\" is \""
            + value
            + "\", expected "
            + expected,
        message());
  }

  @Test
  void damagedTextsAreCut() throws IOException {
    rewrite(texts -> texts.put("option.epochs", "9".repeat(5000) + "\n"));
    assertEquals(
        file
            + ": the checkpoint is damaged: metadata \"option.epochs\" is \""
            + "9".repeat(60)
            + "\"..., expected a whole number",
        message());
    rewrite(texts -> texts.put("option.epochs", "0"));
    assertEquals(
        file
            + ": the checkpoint is damaged: metadata \"option.epochs\": epochs must be from 1 to"
            + " 1000000, got 0",
        message());
    rewrite(texts -> texts.put("option.epochs", "2"));
    rewrite(texts -> texts.put("metrics", "1,a,b,c,d,e\n"));
    assertEquals(
        file
            + ": the checkpoint is damaged: metadata \"metrics\": line 1 is \"1,a,b,c,d,e\", expected"
            + " an epoch and five numbers",
        message());
  }

  @Test
  void namesThatAreNotTheModelsAreListedUpToFive() throws IOException {
    Checkpoint whole = Checkpoint.read(file);
    Map<String, Tensor> foreign = new LinkedHashMap<>();
    for (int i = 0; i < 8; i++) {
      foreign.put("other." + i, Tensor.ones(1));
    }
    Checkpoint other =
        new Checkpoint(
            whole.labels(),
            whole.options(),
            whole.data(),
            whole.position(),
            whole.metrics(),
            foreign,
            whole.optimizer());
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> other.loadInto(SmallRun.network(1)))
                .getMessage());
    assertTrue(
        message.startsWith("its tensors are not those of the model: missing \"0.weight\", "),
        message);
    assertTrue(
        message.endsWith(
            "unexpected \"other.0\", \"other.1\", \"other.2\", \"other.3\", \"other.4\" and 3 more"),
        message);
  }

  @Test
  void stepsMustFitEpochsAndBatches() throws IOException {
    rewrite(texts -> texts.put("position.step", "9"));
    Checkpoint read = Checkpoint.read(file);
    assertEquals(
        "metadata \"position.step\" is \"9\", expected 8: 1 epochs of 6 batches, and 2 batches",
        assertThrows(
                IllegalArgumentException.class, () -> SmallRun.standard().trainer().restore(read))
            .getMessage());
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
