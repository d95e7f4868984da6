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
import java.util.stream.Stream;
import org.batchnorm4j.training.Checkpoint;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** One directory belongs to one run at a time, and an earlier run is lost to none by accident. */
class ClaimTest {
  private static final String STANDS = "stand:force:2"; // with one checkpoint saved, and alive

  @TempDir Path directory;
  private String data = "";

  @BeforeEach
  void writePictures() throws IOException {
    data = SmallPictures.writeTo(directory.resolve("pictures"));
  }

  private Child start(String fault, String... more) throws IOException {
    return Child.start(directory, fault, smallRun(more));
  }

  private List<String> smallRun(String... more) {
    List<String> all = new ArrayList<>(List.of("train", "--data", data, "--epochs", "3"));
    all.addAll(List.of(SmallPictures.OPTIONS));
    all.addAll(List.of("--threads", "1"));
    all.addAll(List.of(more));
    return all;
  }

  /** A run in this process, which ends well. */
  private void run(String... more) {
    finish(0, CommandResult.of(smallRun(more).toArray(String[]::new)));
  }

  private static void finish(int exit, CommandResult result) {
    assertEquals(exit, result.exit(), result::toString);
  }

  private String path(String run) {
    return directory.resolve(run).toString();
  }

  private static void finish(int exit, Child child) throws Exception {
    assertEquals(exit, child.finish(), () -> child.lines().toString());
  }

  private byte[] checkpoint(String run) throws IOException {
    return Files.readAllBytes(directory.resolve(run).resolve("checkpoint.safetensors"));
  }

  private List<String> files(String run) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve(run))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void runsAtOnceGoIntoDirectoriesOfTheirOwn() throws Exception {
    // the first stands before it has any checkpoint, which alone would look like a free directory
    try (Child first = start("stand:force:1")) {
      first.await("@fault");
      try (Child second = start("none")) {
        finish(0, second);
      }
      assertEquals(
          List.of("checkpoint.safetensors", "metrics.csv", "summary.json"),
          files("runs/mlp-mnist-2"));
      assertFalse(Files.exists(directory.resolve("runs/mlp-mnist/checkpoint.safetensors")));
    }
    try (Child third = start("none")) { // the first was killed: its directory is free at once
      finish(0, third);
    }
    assertArrayEquals(checkpoint("runs/mlp-mnist-2"), checkpoint("runs/mlp-mnist"));
    assertFalse(files("runs/mlp-mnist").contains(".lock"));
  }

  @Test
  void aDirectoryInUseIsRefusedAndAKilledRunGoesOnAtOnce() throws Exception {
    String out = path("out");
    try (Child first = start(STANDS, "--out", "out")) {
      first.await("@fault");
      byte[] before = checkpoint("out");
      for (List<String> arguments :
          List.of(
              smallRun("--out", out, "--overwrite"),
              List.of("train", "--resume", out),
              smallRun("--out", out))) {
        CommandResult second = CommandResult.of(arguments.toArray(String[]::new));
        finish(1, second);
        assertTrue(
            second
                .err()
                .matches(
                    "batchnorm4j train: .*out is in use by another run \\(process \\d+\\); wait"
                        + " for its end or choose another --out\n"),
            second.toString());
        assertEquals("", second.out());
      }
      assertArrayEquals(before, checkpoint("out"));
      first.kill();
      first.finish();
    }
    finish(0, CommandResult.of("train", "--resume", out));
    run("--out", path("straight"));
    assertArrayEquals(checkpoint("straight"), checkpoint("out"));
    assertEquals(files("straight"), files("out"));
  }

  @Test
  void overwritingKeepsTheOldCheckpointUntilTheNewOneIsThere() throws Exception {
    run("--out", path("out"));
    byte[] before = checkpoint("out");
    List<String> metrics = withoutTimes("out");
    try (Child next = start("halt:write:1", "--out", "out", "--overwrite", "--seed", "2")) {
      finish(FaultyDisk.HALTED, next);
    }
    assertArrayEquals(before, checkpoint("out"));
    // nothing that was told of the old run may be taken for the new one's
    assertFalse(Files.exists(directory.resolve("out/summary.json")));
    List<String> begun = withoutTimes("out"); // its first epoch, saved before its checkpoint
    assertEquals(2, begun.size());
    assertFalse(metrics.contains(begun.getLast()));
    // the old run is whole but for its times
    finish(0, CommandResult.of("train", "--resume", path("out")));
    assertEquals(metrics, withoutTimes("out"));
    assertArrayEquals(before, checkpoint("out"));
    assertTrue(Files.exists(directory.resolve("out/summary.json")));
    run("--out", path("out"), "--overwrite", "--seed", "2");
    Checkpoint read = Checkpoint.read(directory.resolve("out/checkpoint.safetensors"));
    assertEquals(2, read.options().seed());
    assertEquals(3, read.metrics().size());
  }

  private List<String> withoutTimes(String run) throws IOException {
    return Files.readAllLines(directory.resolve(run).resolve("metrics.csv")).stream()
        .map(line -> line.replaceAll(",[^,]*,[^,]*$", ""))
        .toList();
  }

  @Test
  void aFileInPlaceOfTheDirectoryIsOneLineBeforeAnything() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "text");
    CommandResult result = CommandResult.of("train", "--data", data, "--out", file.toString());
    assertEquals(1, result.exit());
    assertEquals(
        "batchnorm4j train: cannot write a run into "
            + file
            + ": it is a file; choose another --out\n",
        result.err());
    Path below = file.resolve("run");
    CommandResult under = CommandResult.of("train", "--data", data, "--out", below.toString());
    assertEquals(1, under.exit());
    assertTrue(
        under.err().startsWith("batchnorm4j train: cannot write a run into " + below + ": "),
        under.err());
    assertEquals("", result.out() + under.out());
    assertEquals("text", Files.readString(file));
  }

  @Test
  @EnabledOnOs(OS.LINUX) // whose /proc takes no files, whoever asks
  void aDirectoryThatTakesNoFilesIsOneLineBeforeAnything() {
    CommandResult result = CommandResult.of("train", "--data", data, "--out", "/proc/run");
    assertEquals(1, result.exit());
    assertTrue(
        result.err().startsWith("batchnorm4j train: cannot write a run into /proc/run: "),
        result.err());
    assertTrue(result.err().endsWith("; choose another --out\n"), result.err());
    assertEquals(1, result.err().lines().count());
    assertEquals("", result.out());
  }

  @Test
  void aRunThatNeverBeginsLeavesNoDirectory() {
    CommandResult result =
        CommandResult.of(
            "train",
            "--data",
            "mnist:" + directory.resolve("none"),
            "--out",
            directory.resolve("a/b").toString());
    assertEquals(1, result.exit());
    assertFalse(Files.exists(directory.resolve("a")));
  }

  @Test
  void twoClaimsOfOneDirectoryExcludeEachOther() throws IOException {
    Path run = directory.resolve("run");
    try (RunClaim first = RunClaim.tryAt(run).orElseThrow()) {
      assertEquals(run, first.directory());
      assertTrue(RunClaim.tryAt(run).isEmpty());
    }
    try (RunClaim second = RunClaim.tryAt(run).orElseThrow()) {
      assertEquals(run, second.directory());
    }
    assertFalse(Files.exists(run));
  }
}
