package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.training.Checkpoint;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainAndEvaluateTest {
  @TempDir static Path pictures;
  static String data = "";

  @TempDir Path directory;

  @BeforeAll
  static void writePictures() throws IOException {
    data = SmallPictures.writeTo(pictures);
  }

  private static String[] arguments(Path out, String... more) {
    List<String> all = new ArrayList<>(List.of("train", "--data", data, "--out", out.toString()));
    all.addAll(List.of(SmallPictures.OPTIONS));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static byte[] checkpoint(Path out) throws IOException {
    return Files.readAllBytes(out.resolve("checkpoint.safetensors"));
  }

  @Test
  void trainEndsWithFilesAndASummaryWhoseLastAccuracyIsThatOfTheTest() throws IOException {
    Path out = directory.resolve("a run");
    CommandResult result = CommandResult.of(arguments(out, "--epochs", "2"));
    assertEquals(0, result.exit(), result.err());
    String json = Files.readString(out.resolve("summary.json"));
    List<String> metrics = Files.readAllLines(out.resolve("metrics.csv"));
    assertEquals(3, metrics.size());
    double accuracy = Double.parseDouble(metrics.get(2).split(",", -1)[4]);
    assertEquals(
        String.format(java.util.Locale.ROOT, "test accuracy: %.2f %%", 100 * accuracy),
        result.accuracyLine());
    assertTrue(result.out().endsWith(result.accuracyLine() + "\n"));
    assertTrue(json.contains("\"test_accuracy\": " + accuracy + ",\n"), json);
    assertTrue(json.contains("\"epochs\": 2,\n"), json);
    assertTrue(json.contains("\"parameters\": 235530,\n"), json);
    assertTrue(json.contains("\"command\": \"batchnorm4j train --data "), json);
    for (String name :
        List.of("test_loss", "seconds", "images_per_second", "model", "norm", "data", "seed")) {
      assertTrue(json.contains("\"" + name + "\": "), name);
    }
    for (String file : List.of("checkpoint.safetensors", "metrics.csv", "summary.json")) {
      assertTrue(result.out().contains(out.resolve(file).toString()), result.out());
    }
    assertTrue(
        result.out().contains("mlp (norm batch, 235,530 parameters) on " + data), result.out());
    assertTrue(result.out().lines().count() <= 24, result.out());
    assertFalse(result.out().contains("\r"));
  }

  @Test
  void quietPrintsNothingAndWritesTheSame() throws IOException {
    CommandResult result =
        CommandResult.of(arguments(directory.resolve("q"), "--epochs", "1", "--quiet"));
    assertEquals(new CommandResult(0, "", ""), result);
    CommandResult.of(arguments(directory.resolve("r"), "--epochs", "1", "--threads", "1"));
    assertArrayEquals(checkpoint(directory.resolve("r")), checkpoint(directory.resolve("q")));
    assertTrue(Files.exists(directory.resolve("q/summary.json")));
  }

  @Test
  void terminalGetsOneLineThatIsDrawnAnew() {
    CommandResult result =
        CommandResult.of(true, () -> false, arguments(directory.resolve("t"), "--epochs", "1"));
    assertEquals(0, result.exit());
    assertTrue(result.out().contains("\repoch 1/1 [============] 8/8, "), result.out());
    assertTrue(result.out().contains(" images/s, loss "), result.out());
    assertTrue(result.out().contains(", ETA 0:0"), result.out());
    for (String drawn : result.out().split("\r", -1)) {
      if (drawn.contains("ETA")) {
        assertTrue(drawn.lines().findFirst().orElseThrow().length() <= 80, drawn);
      }
    }
  }

  @Test
  void interruptedRunSaysHowToGoOnAndDoesSoToTheSameBits() throws IOException {
    Path straight = directory.resolve("straight");
    CommandResult.of(arguments(straight, "--epochs", "2"));
    Path stopped = directory.resolve("stopped");
    AtomicInteger batches = new AtomicInteger();
    CommandResult result =
        CommandResult.of(
            false, () -> batches.getAndIncrement() >= 3, arguments(stopped, "--epochs", "2"));
    assertEquals(130, result.exit());
    Path file = stopped.resolve("checkpoint.safetensors");
    assertEquals(3, Checkpoint.read(file).position().step());
    assertTrue(
        result
            .err()
            .contains(
                "Stopped and saved behind batch 3 of 8 in epoch 1. Go on with:\n"
                    + "  cd "
                    + ShellWords.quote(Path.of("").toAbsolutePath().toString())
                    + " && ./batchnorm4j train --resume "
                    + file),
        result.err());
    assertFalse(Files.exists(stopped.resolve("summary.json")));
    CommandResult rest = CommandResult.of("train", "--resume", file.toString());
    assertEquals(0, rest.exit(), rest.err());
    assertTrue(rest.out().contains("from " + file + ", 0 epochs and 3 batches done"), rest.out());
    assertArrayEquals(checkpoint(straight), checkpoint(stopped));
    assertTrue(Files.exists(stopped.resolve("summary.json")));
  }

  @Test
  void optionsThatConflictWithTheCheckpointAreNamedWithBothValues() {
    Path out = directory.resolve("c");
    CommandResult.of(arguments(out, "--epochs", "1"));
    String resume = out.toString(); // the directory stands for its checkpoint
    assertConflict("--lr 0.5", "--lr 0.001", resume, "--lr", "0.5");
    assertConflict("--seed 2", "--seed 1", resume, "--seed", "2");
    assertConflict("--model resnet", "--model mlp", resume, "--model", "resnet");
    assertConflict("--norm none", "--norm batch", resume, "--norm", "none");
    assertConflict("--data digits", "--data " + data, resume, "--data", "digits");
    assertConflict("--optimizer sgd", "--optimizer adam", resume, "--optimizer", "sgd");
    assertConflict("--epochs 2", "--epochs 1", resume, "--epochs", "2");
    CommandResult same =
        CommandResult.of("train", "--resume", resume, "--lr", "1e-3", "--optimizer", "adam");
    assertEquals(0, same.exit(), same.err());
  }

  private static void assertConflict(String given, String had, String resume, String... more) {
    List<String> all = new ArrayList<>(List.of("train", "--resume", resume));
    all.addAll(List.of(more));
    CommandResult result = CommandResult.of(all.toArray(String[]::new));
    assertEquals(2, result.exit());
    assertTrue(
        result
            .err()
            .contains(given + " conflicts with the checkpoint, whose run has " + had + "; "),
        result.err());
  }

  @Test
  void aTakenDirectoryIsNeverOverwrittenUnasked() throws IOException {
    Path out = directory.resolve("taken");
    CommandResult.of(arguments(out, "--epochs", "1"));
    byte[] before = checkpoint(out);
    CommandResult refused = CommandResult.of(arguments(out, "--epochs", "1", "--seed", "2"));
    assertEquals(2, refused.exit());
    assertTrue(
        refused
            .err()
            .contains(
                out
                    + " holds a run already: go on with --resume "
                    + out.resolve("checkpoint.safetensors")
                    + ", choose another --out, or replace it with --overwrite"),
        refused.err());
    assertArrayEquals(before, checkpoint(out));
    CommandResult replaced =
        CommandResult.of(arguments(out, "--epochs", "1", "--seed", "2", "--overwrite"));
    assertEquals(0, replaced.exit(), replaced.err());
    assertEquals(2, Checkpoint.read(out.resolve("checkpoint.safetensors")).options().seed());
  }

  @Test
  void evaluateFindsTheAccuracyOfTheRun() {
    Path out = directory.resolve("e");
    CommandResult trained = CommandResult.of(arguments(out, "--epochs", "2"));
    CommandResult result = CommandResult.of("evaluate", out.toString());
    assertEquals(0, result.exit(), result.err());
    assertEquals("test " + result.accuracyLine(), trained.accuracyLine());
    assertTrue(result.out().contains("reading 40 pictures of MNIST"), result.out());
    assertEquals(
        10, result.out().lines().filter(line -> line.matches(" +\\d( +\\d+){10} .*%")).count());
    // another spelling of the same directory is the same data with the same holdout
    CommandResult again =
        CommandResult.of(
            "evaluate", out.toString(), "--data", data + "/../" + pictures.getFileName());
    assertTrue(again.out().contains("reading 40 pictures"), again.out());
    CommandResult all =
        CommandResult.of("evaluate", out.toString(), "--data", data, "--holdout", "0");
    assertTrue(all.out().contains("reading 160 pictures of MNIST"), all.out());
  }

  @Test
  void picturesThatTheNetworkCannotReadAreRefused() {
    CommandResult result =
        CommandResult.of(
            "train", "--data", data, "--holdout", "40", "--model", "labml-cifar10", "--out", "x");
    assertEquals(2, result.exit());
    assertTrue(
        result.err().contains("model labml-cifar10 needs pictures of at least 32x32"),
        result.err());
  }

  @Test
  void damagedCheckpointIsAFailureThatNamesTheFile() throws IOException {
    Path file = Files.write(directory.resolve("bad.safetensors"), new byte[] {1, 2, 3});
    for (CommandResult result :
        List.of(
            CommandResult.of("train", "--resume", file.toString()),
            CommandResult.of("evaluate", file.toString()))) {
      assertEquals(1, result.exit());
      assertTrue(result.err().contains(file.toString()), result.err());
      assertEquals(1, result.err().lines().count(), result.err());
    }
  }

  @Test
  void damagedTextsOfACheckpointAreNamedWithFileKeyAndValue() throws IOException {
    Path out = directory.resolve("d");
    CommandResult.of(arguments(out, "--epochs", "1"));
    Path file = out.resolve("checkpoint.safetensors");
    byte[] whole = checkpoint(out);
    for (String[] change :
        new String[][] {
          {"label.model", "mlp", "xyz", "one of labml-mnist, labml-cifar10, mlp, resnet"},
          {"label.norm", "batch", "lunch", String.join(" or ", Norm.names())},
          {"label.holdout", "40", "4a", "a whole number"},
          {"option.seed", "1", "x", "a whole number"}
        }) {
      Files.write(file, replaced(whole, change[0], change[1], change[2]));
      for (String command : List.of("train --resume", "evaluate")) {
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        words.add(file.toString());
        CommandResult result = CommandResult.of(words.toArray(String[]::new));
        assertEquals(1, result.exit(), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertTrue(result.err().contains(file + ": "), result.err());
        assertTrue(
            result
                .err()
                .contains(
                    "metadata \""
                        + change[0]
                        + "\" is \""
                        + change[2]
                        + "\", expected "
                        + change[3]),
            result.err());
      }
    }
    Files.write(file, replaced(whole, "position.step", "8", "9"));
    CommandResult result = CommandResult.of("train", "--resume", file.toString());
    assertEquals(1, result.exit());
    assertTrue(
        result.err().contains(file + ": the checkpoint is damaged: metadata \"position.step\" is"),
        result.err());
    Files.write(file, replaced(whole, "label.model", "mlp", "resnet"));
    result = CommandResult.of("evaluate", file.toString());
    assertEquals(1, result.exit());
    assertTrue(result.err().contains(" and 46 more; unexpected \"bn2.bias\", "), result.err());
  }

  /** The file with another value of a text in its header. */
  private static byte[] replaced(byte[] file, String key, String old, String value) {
    java.nio.ByteBuffer bytes =
        java.nio.ByteBuffer.wrap(file).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    int length = (int) bytes.getLong();
    String header = new String(file, Long.BYTES, length, java.nio.charset.StandardCharsets.UTF_8);
    String before = "\"" + key + "\":\"" + old + "\"";
    assertTrue(header.contains(before), header);
    byte[] changed =
        header
            .replace(before, "\"" + key + "\":\"" + value + "\"")
            .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    int data = file.length - Long.BYTES - length;
    return java.nio.ByteBuffer.allocate(Long.BYTES + changed.length + data)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putLong(changed.length)
        .put(changed)
        .put(file, Long.BYTES + length, data)
        .array();
  }

  @Test
  void summaryNamesTheCommandThatDidTheWork() throws IOException {
    Path out = directory.resolve("s");
    AtomicInteger batches = new AtomicInteger();
    CommandResult.of(
        false, () -> batches.getAndIncrement() >= 3, arguments(out, "--epochs", "2", "--flip"));
    CommandResult.of("train", "--resume", out.toString());
    Path file = out.resolve("summary.json");
    String json = Files.readString(file);
    assertTrue(json.contains("\"command\": \"batchnorm4j train --resume " + out + "\",\n"), json);
    assertTrue(json.contains("\"resumed_at_step\": 3\n"), json);
    for (String line :
        List.of(
            "\"holdout\": 40",
            "\"batch_size\": 16",
            "\"lr\": 0.001",
            "\"seed\": 1",
            "\"flip\": true",
            "\"checkpoint_every\": 0",
            "\"optimizer\": \"adam\"")) {
      assertTrue(json.contains("  " + line + ",\n"), line + " in " + json);
    }
    // a run that had finished did nothing when it was resumed again
    CommandResult again = CommandResult.of("train", "--resume", out.toString(), "--threads", "1");
    assertEquals(0, again.exit(), again.err());
    assertEquals(json, Files.readString(file));
    Files.delete(file); // killed between checkpoint and summary
    CommandResult.of("train", "--resume", out.toString());
    assertTrue(
        Files.readString(file).contains("\"resumed_at_step\": 16\n"), Files.readString(file));
  }

  @Test
  void aDeterministicRunMultipliesInPlainJava() throws IOException {
    Path out = directory.resolve("plain");
    CommandResult result = CommandResult.of(arguments(out, "--deterministic", "--epochs", "1"));
    assertEquals(0, result.exit(), result.err());
    assertTrue(result.out().contains("matrix multiplication java"), result.out());
    String elsewhere = CommandResult.of(arguments(directory.resolve("native"))).out();
    assertFalse(elsewhere.contains("matrix multiplication java"), elsewhere);
  }

  @Test
  void theCommandThatGoesOnRepeatsWhatACheckpointDoesNotHold() {
    Path out = directory.resolve("my run");
    CommandResult result =
        CommandResult.of(
            false,
            () -> true,
            arguments(
                out,
                "--threads",
                "1",
                "--kernels",
                "scalar",
                "--deterministic",
                "--quiet",
                "--epochs",
                "2"));
    assertEquals(130, result.exit());
    assertEquals(
        "  cd "
            + ShellWords.quote(Path.of("").toAbsolutePath().toString())
            + " && ./batchnorm4j train --resume '"
            + out.resolve("checkpoint.safetensors")
            + "' --threads 1 --kernels scalar --deterministic --quiet",
        result.err().lines().toList().getLast());
  }

  @Test
  void aRunInBatchesOfOneGoesOnWhenItsBatchSizeIsRepeated() throws IOException {
    Path out = directory.resolve("ones");
    String line = "train --data " + data + " --model mlp --norm none --holdout 40 --epochs 1";
    List<String> words = new ArrayList<>(List.of(line.split(" ", -1)));
    words.addAll(List.of("--batch-size", "1", "--out", out.toString()));
    AtomicInteger batches = new AtomicInteger();
    CommandResult result =
        CommandResult.of(false, () -> batches.getAndIncrement() >= 3, words.toArray(String[]::new));
    assertEquals(130, result.exit(), result.err());
    result = CommandResult.of("train", "--resume", out.toString(), "--batch-size", "1");
    assertEquals(0, result.exit(), result.err());
  }

  @Test
  void aLastBatchOfOnePictureIsSpokenOf() {
    // 120 pictures are 17 batches of 7 and one picture
    CommandResult result =
        CommandResult.of(arguments(directory.resolve("l"), "--epochs", "1", "--batch-size", "7"));
    assertEquals(2, result.exit(), "given twice");
    List<String> words =
        new ArrayList<>(
            List.of("train", "--data", data, "--model", "mlp", "--holdout", "40", "--epochs", "1"));
    words.addAll(List.of("--batch-size", "7", "--out", directory.resolve("m").toString()));
    result = CommandResult.of(words.toArray(String[]::new));
    assertEquals(0, result.exit(), result.err());
    assertTrue(
        result.out().contains("\neach epoch leaves one picture out, another one each time: 120"),
        result.out());
  }

  @Test
  void theHintAtALossThatLeftTheNumbersGivesTheRateWithAllItsDigits() {
    CommandResult result =
        CommandResult.of(
            arguments(directory.resolve("h"), "--lr", "12345678901.234567", "--optimizer", "sgd"));
    assertEquals(1, result.exit(), result.out());
    assertTrue(
        result.err().contains("; a learning rate below 1.2345678901234568E10 may help"),
        result.err());
  }
}
