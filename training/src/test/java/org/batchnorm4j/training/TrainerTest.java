package org.batchnorm4j.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.DigitImages;
import org.batchnorm4j.io.Disk;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.model.Network;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Backend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
  @TempDir Path directory;

  @Test
  void networkLearnsDigits() throws IOException {
    DataSplit data = new DataSplit(DigitImages.training(3, 600), DigitImages.test(3, 200));
    Module model = Network.MLP.build(data.training().shape(), 10, Norm.batch(), 1);
    TrainingOptions options = TrainingOptions.defaults().withEpochs(4).withBatchSize(32);
    TrainingResult result =
        new Trainer(model, data, options, Backend.standard())
            .run(RunDirectory.at(directory), new TrainingListener() {}, () -> false);
    assertTrue(result.finished());
    assertEquals(4, result.metrics().size());
    EpochMetrics first = result.metrics().getFirst();
    EpochMetrics last = result.lastEpoch();
    assertTrue(last.trainLoss() < first.trainLoss() / 2, result.toString());
    // ten classes: 0.1 by chance; a linear network comes to about 0.7 on so few pictures
    assertTrue(last.testAccuracy() > 0.6, result.toString());
    Evaluation again = new Evaluator(Backend.standard()).evaluate(model, data.test());
    assertEquals(last.testAccuracy(), again.accuracy());
    assertEquals(last.testLoss(), again.loss());
  }

  @Test
  void theOnlyStepOfARunHasTheFirstRateOfItsSchedule() throws IOException {
    // behind one step a cosine of one step is at 0, and nothing would move
    TrainingOptions options =
        SmallRun.standard()
            .options()
            .withEpochs(1)
            .withBatchSize(SmallRun.DATA.training().size())
            .withSchedule(ScheduleKind.COSINE);
    Trainer trainer = SmallRun.standard().with(options).trainer();
    TrainingResult result =
        trainer.run(RunDirectory.at(directory), new TrainingListener() {}, () -> false);
    assertEquals(1, trainer.position().step());
    assertEquals(options.learningRate(), result.lastEpoch().learningRate());
    Module untrained = SmallRun.network(options.seed());
    assertNotEquals(
        requireNonNull(untrained.stateDict().get("9.bias")).toString(),
        requireNonNull(trainer.checkpoint().model().get("9.bias")).toString());
  }

  @Test
  void checkpointsComeWhereTheOptionsSay() throws IOException {
    List<String> written = new ArrayList<>();
    TrainingOptions options = SmallRun.standard().options().withCheckpointEvery(4);
    SmallRun.standard()
        .with(options)
        .trainer()
        .run(
            RunDirectory.at(directory),
            new TrainingListener() {
              @Override
              public void checkpointWritten(Path file, Position position) {
                written.add(position.epoch() + "+" + position.batch());
              }
            },
            () -> false);
    // steps 4 and 8, and the ends of epochs of 6 batches; step 12 is such an end
    assertEquals(List.of("0+4", "1+0", "1+2", "2+0"), written);
  }

  @Test
  void metricsAreOnTheDiskBeforeTheCheckpointThatCountsThem() throws IOException {
    RecordingDisk disk = new RecordingDisk();
    SmallRun.standard()
        .with(SmallRun.standard().options().withEpochs(1))
        .trainer()
        .run(RunDirectory.at(directory, disk), new TrainingListener() {}, () -> false);
    List<String> file = List.of("create", "write", "force", "rename", "forceDirectory");
    List<String> expected = new ArrayList<>();
    for (String name : List.of("metrics.csv", "metrics.csv", "checkpoint.safetensors")) {
      file.forEach(step -> expected.add(step + " " + name));
    }
    assertEquals(expected, disk.steps);
  }

  @Test
  void failingDiskLeavesTheLastCheckpoint() throws IOException {
    SmallRun.standard().until(3, directory);
    byte[] before = Files.readAllBytes(RunDirectory.checkpointIn(directory));
    RecordingDisk disk = new RecordingDisk();
    disk.failAt = "force checkpoint.safetensors";
    Trainer trainer = SmallRun.standard().restored(directory);
    IOException e =
        assertThrows(
            IOException.class,
            () ->
                trainer.run(
                    RunDirectory.at(directory, disk), new TrainingListener() {}, () -> false));
    assertEquals("no space left", e.getMessage());
    assertArrayEquals(before, Files.readAllBytes(RunDirectory.checkpointIn(directory)));
  }

  @Test
  void lossThatIsNoNumberIsAnErrorAndLeavesTheLastCheckpoint() throws IOException {
    SmallRun.standard().until(3, directory);
    byte[] before = Files.readAllBytes(RunDirectory.checkpointIn(directory));
    Trainer trainer = SmallRun.standard().restored(directory);
    requireNonNull(trainer.checkpoint().model().get("9.bias")).fill(Double.NaN);
    ArithmeticException e =
        assertThrows(
            ArithmeticException.class,
            () -> trainer.run(RunDirectory.at(directory), new TrainingListener() {}, () -> false));
    assertEquals(
        "the loss became NaN at step 4 (epoch 1, batch 4); a learning rate below 0.001 may help",
        e.getMessage());
    assertArrayEquals(before, Files.readAllBytes(RunDirectory.checkpointIn(directory)));
  }

  @Test
  void stepsAfterTheFirstEpochTakeNoNewMemory() throws IOException {
    Trainer trainer = SmallRun.standard().with(KernelPreference.SCALAR).trainer();
    List<Long> bytes = new ArrayList<>();
    trainer.run(
        RunDirectory.at(directory),
        new TrainingListener() {
          @Override
          public void batchDone(Position position, int batches, double imagesPerSecond) {
            bytes.add(trainer.memoryTaken());
          }
        },
        () -> false);
    assertTrue(bytes.getFirst() > 0);
    assertEquals(bytes.get(0), bytes.get(4)); // batches of 16
    assertEquals(bytes.get(5), bytes.get(11)); // and one of 2 per epoch
  }

  @Test
  void setsWithoutABatchAreRefused() {
    DataSplit one = new DataSplit(DigitImages.training(7, 0), DigitImages.test(7, 2));
    assertEquals(
        "there is nothing to train on in digits: 0 pictures (1, 28, 28), 10 classes",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new Trainer(
                        SmallRun.network(1), one, TrainingOptions.defaults(), Backend.standard()))
            .getMessage());
  }

  /** Writes down each step with the file it is for; fails at one if asked to. */
  private static final class RecordingDisk implements Disk {
    final List<String> steps = new ArrayList<>();
    String failAt = "";
    private String file = "";

    private void step(String name) throws IOException {
      String step = name + " " + file;
      if (step.equals(failAt)) {
        throw new IOException("no space left");
      }
      if (steps.isEmpty() || !steps.getLast().equals(step)) { // several writes are one
        steps.add(step);
      }
    }

    @Override
    public FileChannel create(Path target) throws IOException {
      file = target.getFileName().toString().replaceAll("^\\.|\\.tmp-.*$", "");
      step("create");
      return Disk.system().create(target);
    }

    @Override
    public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
      step("write");
      Disk.system().write(channel, bytes);
    }

    @Override
    public void force(FileChannel channel) throws IOException {
      step("force");
      Disk.system().force(channel);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      step("rename");
      Disk.system().rename(from, to);
    }

    @Override
    public void forceDirectory(Path target) throws IOException {
      step("forceDirectory");
      Disk.system().forceDirectory(target);
    }

    @Override
    public void delete(Path target) throws IOException {
      Disk.system().delete(target);
    }
  }
}
