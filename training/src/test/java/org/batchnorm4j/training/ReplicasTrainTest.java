package org.batchnorm4j.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.nn.parallel.CollectiveException;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches of 16 over replicas; the last one of 2 leaves the third replica, or more, without. */
class ReplicasTrainTest {
  @TempDir Path directory;

  private static SmallRun run(int replicas) {
    return SmallRun.standard().inParts(parts(replicas));
  }

  private static BatchParts parts(int replicas) {
    return BatchParts.whole().withReplicas(replicas);
  }

  @Test
  void threadsKernelsAndRepetitionChangeNoBit() {
    byte[] expected = run(3).straight(directory.resolve("one"));
    assertArrayEquals(expected, run(3).onThreads(2).straight(directory.resolve("two")));
    SmallRun scalar = run(3).onThreads(5).with(KernelPreference.SCALAR);
    assertArrayEquals(expected, scalar.straight(directory.resolve("scalar")));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 6, 8})
  void resumedRunHasTheBitsOfAnUndisturbedOne(long steps) {
    byte[] expected = run(3).straight(directory.resolve("straight"));
    run(3).until(steps, directory.resolve("stopped"));
    assertArrayEquals(expected, run(3).onThreads(2).resumed(directory.resolve("stopped")));
  }

  @Test
  void anotherNumberOfReplicasIsAnotherRun() {
    run(3).until(2, directory);
    assertEquals(
        "the checkpoint's run has replicas 3, these options have 2",
        assertThrows(IllegalArgumentException.class, () -> run(2).restored(directory))
            .getMessage());
  }

  @Test
  void stepsAfterTheFirstEpochTakeNoNewMemoryForActivations() throws IOException {
    Trainer trainer = run(3).with(KernelPreference.SCALAR).trainer();
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
    assertEquals(bytes.get(0), bytes.get(4));
    assertEquals(bytes.get(5), bytes.get(11));
  }

  @Test
  void lossThatIsNoNumberIsNamedAsWithoutReplicas() {
    run(3).until(3, directory);
    Trainer trainer = run(3).restored(directory);
    requireNonNull(trainer.checkpoint().model().get("9.bias")).fill(Double.NaN);
    ArithmeticException e =
        assertThrows(
            ArithmeticException.class,
            () -> trainer.run(RunDirectory.at(directory), new TrainingListener() {}, () -> false));
    assertEquals(
        "the loss became NaN at step 4 (epoch 1, batch 4); a learning rate below 0.001 may help",
        e.getMessage());
  }

  @Test
  void aReplicaThatFailsIsNamedWithTheReason() {
    Module wrong = new Sequential(new Flatten(), new BatchNorm1d(5));
    Trainer trainer =
        new Trainer(
            wrong,
            SmallRun.DATA,
            TrainingOptions.defaults().withParts(parts(2)),
            Backend.standard());
    CollectiveException e =
        assertThrows(
            CollectiveException.class,
            () -> trainer.run(RunDirectory.at(directory), new TrainingListener() {}, () -> false));
    assertTrue(
        requireNonNull(e.getMessage())
            .matches("rank [01] of 2 replicas failed: ShapeException: BatchNorm1d \"1\" was .*"),
        e.getMessage());
    assertInstanceOf(ShapeException.class, e.getCause());
  }

  @Test
  void tooLittleMemoryIsWhatItIsWithoutReplicas() {
    Sequential hungry = new Sequential(new Flatten(), new Linear(784, 10));
    Members members = new Members("Hungry");
    members.child("inner", hungry);
    Module model =
        new Module() {
          @Override
          public Tensor forward(Tensor input, Pass pass) {
            throw new OutOfMemoryError("pretended");
          }

          @Override
          public Members members() {
            return members;
          }
        };
    TrainingOptions options = TrainingOptions.defaults().withParts(parts(2));
    Trainer trainer = new Trainer(model, SmallRun.DATA, options, Backend.standard());
    OutOfMemoryError e =
        assertThrows(
            OutOfMemoryError.class,
            () -> trainer.run(RunDirectory.at(directory), new TrainingListener() {}, () -> false));
    assertEquals("pretended", e.getMessage());
  }
}
