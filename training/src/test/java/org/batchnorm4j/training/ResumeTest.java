package org.batchnorm4j.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.DigitImages;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.RandomStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResumeTest {
  @TempDir static Path shared;
  static byte[] straight = {};

  @TempDir Path directory;

  @BeforeAll
  static void undisturbedRun() {
    straight = SmallRun.standard().straight(shared);
  }

  /**
   * Epochs have 6 batches: within the first, before its test, between the two, within the second.
   */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 5, 6, 7, 11, 12})
  void resumedRunHasTheBitsOfAnUndisturbedOne(long steps) {
    for (int threads : new int[] {1, 2}) {
      Path stopped = directory.resolve("stopped" + threads);
      SmallRun.standard().onThreads(threads).until(steps, stopped);
      assertArrayEquals(straight, SmallRun.standard().onThreads(3 - threads).resumed(stopped));
    }
  }

  @Test
  void interruptionAfterEachBatchChangesNoBit() {
    Path stopped = directory.resolve("stopped");
    SmallRun.standard().until(1, stopped);
    for (int step = 2; step < 2 * SmallRun.BATCHES; step++) {
      Trainer trainer = SmallRun.standard().restored(stopped);
      long next = step;
      assertFalse(Arrays.equals(straight, bytes(stopped)));
      run(trainer, stopped, next);
    }
    assertArrayEquals(straight, SmallRun.standard().resumed(stopped));
  }

  private static void run(Trainer trainer, Path directory, long steps) {
    try {
      trainer.run(
          RunDirectory.at(directory),
          new TrainingListener() {},
          () -> trainer.position().step() >= steps);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] bytes(Path directory) {
    try {
      return Files.readAllBytes(RunDirectory.checkpointIn(directory));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(OptimizerKind.class)
  void everyOptimizerResumes(OptimizerKind kind) {
    SmallRun run = SmallRun.standard().with(SmallRun.standard().options().withOptimizer(kind));
    byte[] expected = run.straight(directory.resolve("straight"));
    run.until(8, directory.resolve("stopped"));
    assertArrayEquals(expected, run.resumed(directory.resolve("stopped")));
  }

  @ParameterizedTest
  @EnumSource(ScheduleKind.class)
  void everyScheduleResumes(ScheduleKind kind) {
    SmallRun run = SmallRun.standard().with(SmallRun.standard().options().withSchedule(kind));
    byte[] expected = run.straight(directory.resolve("straight"));
    run.until(8, directory.resolve("stopped"));
    assertArrayEquals(expected, run.resumed(directory.resolve("stopped")));
  }

  @ParameterizedTest
  @CsvSource({"2,AUTO", "5,AUTO", "1,SCALAR", "2,SCALAR"})
  void threadsAndKernelsChangeNoBit(int threads, KernelPreference kernels) {
    SmallRun other = SmallRun.standard().onThreads(threads).with(kernels);
    assertArrayEquals(straight, other.straight(directory.resolve("other")));
  }

  @Test
  void anotherSeedGivesOtherBits() {
    SmallRun other = SmallRun.standard().with(SmallRun.standard().options().withSeed(2));
    assertFalse(Arrays.equals(straight, other.straight(directory.resolve("other"))));
  }

  @Test
  void moreEpochsWithoutScheduleGoOnAsIfAskedForAtOnce() throws IOException {
    TrainingOptions two = SmallRun.standard().options().withSchedule(ScheduleKind.CONSTANT);
    TrainingOptions three = two.withEpochs(3);
    byte[] expected = SmallRun.standard().with(three).straight(directory.resolve("straight"));
    SmallRun.standard().with(two).straight(directory.resolve("two"));
    assertArrayEquals(expected, SmallRun.standard().with(three).resumed(directory.resolve("two")));
  }

  @Test
  void optionsThatWouldChangeStepsAlreadyDoneAreRefused() {
    SmallRun.standard().until(3, directory);
    TrainingOptions options = SmallRun.standard().options();
    assertEquals(
        "the checkpoint's run has epochs 2, these options have 3",
        refusal(SmallRun.standard().with(options.withEpochs(3)).trainer()));
    assertEquals(
        "the checkpoint's run has seed 1, these options have 2",
        refusal(SmallRun.standard().with(options.withSeed(2)).trainer()));
    assertEquals(
        List.of("batch-size", "lr", "crop"),
        options.withBatchSize(8).withLearningRate(1).withCrop(0).conflictsWith(options));
    assertEquals(List.of(), options.withCheckpointEvery(8).conflictsWith(options));
  }

  @Test
  void resumingAFinishedRunTrainsNothing() throws IOException {
    SmallRun.standard().straight(directory);
    Trainer trainer = SmallRun.standard().restored(directory);
    TrainingResult result =
        trainer.run(RunDirectory.at(directory), new TrainingListener() {}, () -> false);
    assertTrue(result.finished());
    assertEquals(12, result.position().step());
    assertEquals(2, result.metrics().size());
    assertArrayEquals(straight, bytes(directory));
  }

  @Test
  void metricsHaveEachEpochOnceWhateverTheFileHadBefore() throws IOException {
    List<String> expected = withoutTimes(shared);
    Path stopped = directory.resolve("stopped");
    SmallRun.standard().until(8, stopped);
    // killed between the metrics of epoch 2 and its checkpoint: one row more than the checkpoint
    Path file = stopped.resolve("metrics.csv");
    String one = Files.readString(file);
    assertEquals(2, one.lines().count());
    Files.writeString(file, one + "2,9.000000,0.100000,9.000000,0.100000,0.001,1.0,1.000\n");
    SmallRun.standard().restored(stopped);
    SmallRun.standard().resumed(stopped);
    assertEquals(expected, withoutTimes(stopped));
    assertEquals(one.lines().toList(), Files.readAllLines(file).subList(0, 2)); // times included
    // lost altogether: rows come from the checkpoint, their times are empty
    Files.delete(file);
    SmallRun.standard().resumed(stopped);
    assertEquals(expected, withoutTimes(stopped));
    assertTrue(Files.readAllLines(file).get(1).endsWith(",,"), Files.readString(file));
  }

  private static List<String> withoutTimes(Path directory) throws IOException {
    return Files.readAllLines(directory.resolve("metrics.csv")).stream()
        .map(line -> line.replaceAll(",[^,]*,[^,]*$", ""))
        .toList();
  }

  @Test
  void otherPicturesAreRefused() {
    SmallRun.standard().until(3, directory);
    DataSplit others = new DataSplit(DigitImages.training(8, 82), DigitImages.test(7, 30));
    Trainer trainer =
        new Trainer(SmallRun.network(1), others, SmallRun.standard().options(), Backend.standard());
    String message = refusal(trainer);
    assertTrue(
        message.startsWith(
            "the training pictures are not those of the checkpoint: these are (1, 28, 28) of"
                + " 10 classes, SHA-256 "),
        message);
  }

  @Test
  void anotherModelOrOptimizerIsRefused() {
    SmallRun.standard().until(3, directory);
    Sequential linear =
        new Sequential(new Flatten(), new Linear(784, 10, true, RandomStream.of(1)));
    Trainer other =
        new Trainer(linear, SmallRun.DATA, SmallRun.standard().options(), Backend.standard());
    String message = refusal(other);
    assertTrue(message.startsWith("its tensors are not those of the model: "), message);
    TrainingOptions sgd = SmallRun.standard().options().withOptimizer(OptimizerKind.SGD);
    assertThrows(
        IllegalArgumentException.class, () -> restore(SmallRun.standard().with(sgd).trainer()));
  }

  private String refusal(Trainer trainer) {
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> restore(trainer)).getMessage());
  }

  private void restore(Trainer trainer) throws IOException {
    trainer.restore(Checkpoint.read(RunDirectory.checkpointIn(directory)));
  }
}
