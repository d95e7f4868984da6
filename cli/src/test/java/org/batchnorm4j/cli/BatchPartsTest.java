package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.training.BatchParts;
import org.batchnorm4j.training.Checkpoint;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code train} with {@code --replicas}, {@code --micro-batches} and {@code --ghost}. */
class BatchPartsTest {
  @TempDir static Path pictures;
  static String data = "";

  @TempDir Path directory;

  @BeforeAll
  static void writePictures() throws IOException {
    data = SmallPictures.writeTo(pictures);
  }

  private String[] arguments(String out, String options) {
    List<String> all = new ArrayList<>(List.of("train", "--data", data));
    all.addAll(List.of("--out", directory.resolve(out).toString()));
    all.addAll(List.of(SmallPictures.OPTIONS));
    all.addAll(List.of(options.split(" ")));
    return all.toArray(String[]::new);
  }

  private Path file(String out, String name) {
    return directory.resolve(out).resolve(name);
  }

  private Checkpoint checkpoint(String out) throws IOException {
    return Checkpoint.read(file(out, "checkpoint.safetensors"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--replicas 3      | 3 | 1 | 0 | 3 replicas",
        "--micro-batches 3 | 1 | 3 | 0 | 3 micro-batches",
        "--ghost 8         | 1 | 1 | 8 | ghost batches of 8"
      })
  void anInterruptedRunKeepsItsPartsAndGoesOnToTheSameBits(
      String option, int replicas, int microBatches, int ghost, String said) throws IOException {
    CommandResult straight =
        CommandResult.of(arguments("straight", option + " --epochs 1 --threads 1"));
    assertEquals(0, straight.exit(), straight.err());
    assertTrue(straight.out().contains("(cosine), " + said + ", seed 1; "), straight.out());
    AtomicInteger batches = new AtomicInteger();
    CommandResult stopped =
        CommandResult.of(
            false,
            () -> batches.getAndIncrement() >= 3,
            arguments("stopped", option + " --epochs 1"));
    assertEquals(130, stopped.exit(), stopped.err());
    assertEquals(
        new BatchParts(replicas, microBatches, ghost), checkpoint("stopped").options().parts());
    String resume = directory.resolve("stopped").toString();
    CommandResult other = CommandResult.of("train", "--resume", resume, "--ghost", "4");
    assertEquals(2, other.exit());
    assertTrue(
        other
            .err()
            .contains(
                "--ghost 4 conflicts with the checkpoint, whose run has --ghost " + ghost + "; "),
        other.err());
    CommandResult rest = CommandResult.of("train", "--resume", resume, "--threads", "3");
    assertEquals(0, rest.exit(), rest.err());
    assertArrayEquals(
        Files.readAllBytes(file("straight", "checkpoint.safetensors")),
        Files.readAllBytes(file("stopped", "checkpoint.safetensors")));
    String json = Files.readString(file("stopped", "summary.json"));
    assertTrue(json.contains("\"micro_batches\": " + microBatches + ",\n"), json);
    assertTrue(json.contains("\"ghost\": " + ghost + ",\n"), json);
  }

  @Test
  void microBatchesLearnTheBitsOfReplicas() throws IOException {
    CommandResult.of(arguments("replicas", "--replicas 4 --epochs 1"));
    CommandResult.of(arguments("micro", "--micro-batches 4 --epochs 1"));
    Map<String, Tensor> replicas = checkpoint("replicas").model();
    Map<String, Tensor> micro = checkpoint("micro").model();
    assertEquals(replicas.keySet(), micro.keySet());
    replicas.forEach(
        (name, value) -> assertArrayEquals(value.toBytes(), micro.get(name).toBytes(), name));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--replicas 2 --ghost 16  | a batch is divided in one way, but there are replicas 2 and"
            + " ghost 16; leave one out",
        "--micro-batches 2 --replicas 3 | a batch is divided in one way, but there are replicas 3"
            + " and micro-batches 2; leave one out",
        "--micro-batches 0        | micro-batches must be from 1 to 1024, got 0",
        "--micro-batches 9 --batch-size 8 | micro-batches 9 leave some without pictures in batches"
            + " of 8; choose at most 8",
        "--ghost 64               | ghost batches of 64 do not divide batches of 64; choose at most"
            + " 32, or leave ghost out",
        "--ghost 1                | --ghost 1 leaves batch norm one picture to take mean and"
            + " variance from; choose --ghost 2 or more",
        "--ghost 8 --norm layer   | --ghost 8 changes nothing with --norm layer, which looks at one"
            + " picture at a time; leave it out"
      })
  void partsWithoutSenseAreRefusedWithTheWayOut(String options, String message) {
    CommandResult result = CommandResult.of(("train " + options).split(" "));
    assertEquals(2, result.exit());
    assertEquals(
        "batchnorm4j train: " + message + "; try batchnorm4j train --help", result.err().strip());
  }
}
