package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.batchnorm4j.training.Checkpoint;
import org.batchnorm4j.training.Position;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs that are killed lose nothing but the work since the last checkpoint. The system property
 * {@code batchnorm4j.kills} says how many runs are killed: 3 unless it is set.
 */
class KillTest {
  private static final int EPOCHS = 4;
  private static final int EVERY = 3;
  private static final List<String> FILE =
      List.of("create", "write", "force", "rename", "forceDirectory");

  @TempDir static Path directory;
  static List<String> arguments = List.of();
  static byte[] expected = {};
  static List<String> expectedMetrics = List.of();
  static List<String> expectedSteps = List.of();

  /** The checkpoints of an undisturbed run: every third step and the ends of epochs. */
  static List<Position> positions() {
    int batches = SmallPictures.BATCHES;
    return IntStream.rangeClosed(1, EPOCHS * batches)
        .filter(step -> step % batches == 0 || step % EVERY == 0)
        .mapToObj(step -> new Position(step / batches, step % batches, step, 0, 0, 0))
        .toList();
  }

  @BeforeAll
  static void undisturbedRun() throws Exception {
    String data = SmallPictures.writeTo(directory.resolve("pictures"));
    List<String> all = new ArrayList<>(List.of("train", "--data", data, "--epochs", "" + EPOCHS));
    all.addAll(List.of(SmallPictures.OPTIONS));
    all.addAll(List.of("--checkpoint-every", "" + EVERY, "--threads", "1"));
    arguments = List.copyOf(all);
    try (Child child = start("none", "straight")) {
      assertEquals(0, child.finish(), () -> child.lines().toString());
      expectedSteps = child.steps();
    }
    Path run = directory.resolve("straight");
    expected = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
    expectedMetrics = metrics(run);
  }

  private static Child start(String fault, String run) throws IOException {
    return Child.start(directory, fault, starting(run));
  }

  private static Child resume(String fault, String run) throws IOException {
    return Child.start(directory, fault, resuming(run));
  }

  /** In this process, whose kernels are the fast ones. */
  private static CommandResult startHere(String run) {
    return CommandResult.of(starting(run).toArray(String[]::new));
  }

  private static CommandResult resumeHere(String run) {
    return CommandResult.of(resuming(run).toArray(String[]::new));
  }

  private static List<String> starting(String run) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("--out", directory.resolve(run).toString()));
    return all;
  }

  private static List<String> resuming(String run) {
    String file = directory.resolve(run).resolve("checkpoint.safetensors").toString();
    return List.of("train", "--resume", file, "--threads", "2");
  }

  @Test
  void everyFileIsWrittenForcedAndThenRenamed() {
    List<String> all = new ArrayList<>();
    String last = "";
    for (String step : expectedSteps) {
      if (!step.equals(last)) { // a file takes several writes
        all.add(step);
      }
      last = step;
    }
    List<String> files = new ArrayList<>();
    for (int i = 0; i < all.size(); i += FILE.size()) {
      String name = all.get(i).split(" ", -1)[1];
      files.add(name);
      assertEquals(FILE.stream().map(step -> step + " " + name).toList(), all.subList(i, i + 5));
    }
    assertEquals("metrics.csv", files.getFirst());
    assertEquals("summary.json", files.getLast());
    assertEquals(
        positions().size(), files.stream().filter("checkpoint.safetensors"::equals).count());
  }

  static IntStream runs() {
    return IntStream.range(0, Integer.getInteger("batchnorm4j.kills", 3));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void killedRunGoesOnToTheSameBits(int number) throws Exception {
    Random random = new Random(number);
    String run = "killed" + number;
    Path file = directory.resolve(run).resolve("checkpoint.safetensors");
    if (number % 3 == 2) {
      haltInsideAWrite(run, FILE.get(1 + number / 3 % 3), 2 + random.nextInt(8));
    } else {
      try (Child child = start("none", run)) {
        killAtRandom(child, random, file, 0);
      }
      if (number % 2 == 1 && Files.exists(file)) {
        int before = indexOf(Checkpoint.read(file).position()) + 1;
        try (Child child = resume("none", run)) {
          killAtRandom(child, random, file, before);
        }
      }
    }
    boolean any = Files.exists(file);
    String from = any ? "from " + file + ", " + reached(Checkpoint.read(file).position()) : "";
    CommandResult last = any ? resumeHere(run) : startHere(run);
    assertEquals(0, last.exit(), last::toString);
    assertTrue((last.out() + last.err()).lines().anyMatch(line -> line.startsWith(from)), from);
    assertArrayEquals(expected, Files.readAllBytes(file));
    assertEquals(expectedMetrics, metrics(directory.resolve(run)));
    assertTrue(leftovers(run, "checkpoint").isEmpty(), () -> leftovers(run, "").toString());
  }

  /** Kills after a random step of the disk; the checkpoint must be the last one renamed. */
  private static void killAtRandom(Child child, Random random, Path file, int before)
      throws Exception {
    // 4 of 5 after the first checkpoint, wherever the process has got to in the meantime
    int first = expectedSteps.indexOf("rename checkpoint.safetensors") + 1;
    int least = random.nextInt(5) == 0 ? 1 : first;
    child.awaitSteps(least + random.nextInt(expectedSteps.size() - least));
    Thread.sleep(random.nextInt(10));
    child.kill();
    child.finish();
    long renamed =
        before + child.steps().stream().filter("rename checkpoint.safetensors"::equals).count();
    if (renamed == 0 && !Files.exists(file)) {
      return;
    }
    // a rename just before the end may have gone unsaid
    int index = indexOf(Checkpoint.read(file).position()) + 1;
    assertTrue(index == renamed || index == renamed + 1, index + " of " + renamed + " renamed");
  }

  /** Halts inside a step of checkpoint {@code number}; the one before must be what is there. */
  private static void haltInsideAWrite(String run, String step, int number) throws Exception {
    try (Child child = start("halt:" + step + ":" + number, run)) {
      assertEquals(FaultyDisk.HALTED, child.finish(), () -> child.lines().toString());
      assertEquals("fault " + step + " checkpoint.safetensors", child.steps().getLast());
    }
    assertEquals(1, leftovers(run, "checkpoint").size());
    Path file = directory.resolve(run).resolve("checkpoint.safetensors");
    assertEquals(number - 2, indexOf(Checkpoint.read(file).position()));
  }

  /** Which checkpoint of an undisturbed run a position belongs to, from 0. */
  private static int indexOf(Position position) {
    List<Long> steps = positions().stream().map(Position::step).toList();
    int index = steps.indexOf(position.step());
    assertTrue(index >= 0, position.toString());
    assertEquals(positions().get(index).epoch(), position.epoch());
    assertEquals(positions().get(index).batch(), position.batch());
    return index;
  }

  private static String reached(Position position) {
    return RunReport.reached(position);
  }

  private static List<String> metrics(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.csv")).stream()
        .map(line -> line.replaceAll(",[^,]*,[^,]*$", ""))
        .toList();
  }

  private static List<Path> leftovers(String run, String name) {
    try (Stream<Path> files = Files.list(directory.resolve(run))) {
      return files.filter(f -> f.getFileName().toString().startsWith("." + name)).toList();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS) // it has no signals
  void interruptSavesAndSaysHowToGoOn() throws Exception {
    Interrupts.assumeHeard();
    try (Child child = start("none", "interrupted")) {
      child.await("@rename checkpoint.safetensors");
      child.signal("INT");
      assertEquals(130, child.finish(), () -> child.lines().toString());
      String file = directory.resolve("interrupted/checkpoint.safetensors").toString();
      assertEquals(
          "  cd "
              + ShellWords.quote(directory.toRealPath().toString())
              + " && ./batchnorm4j train --resume "
              + file
              + " --threads 1",
          child.lines().getLast());
    }
    CommandResult last = resumeHere("interrupted");
    assertEquals(0, last.exit(), last::toString);
    assertArrayEquals(
        expected, Files.readAllBytes(directory.resolve("interrupted/checkpoint.safetensors")));
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void secondInterruptEndsAtOnce() throws Exception {
    Interrupts.assumeHeard();
    try (Child child = start("stand:force:2", "stuck")) {
      child.await("@fault");
      child.signal("INT");
      child.signalUntilEnd("INT"); // a signal that comes while one is pending is lost
      assertEquals(130, child.finish());
      assertNotNull(child.lines());
      assertFalse(child.lines().toString().contains("Go on with"));
    }
  }
}
