package org.batchnorm4j.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.DigitImages;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Dropout;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.RandomStream;

/** A run of a second: few digits and a small network with everything random that a run can have. */
record SmallRun(TrainingOptions options, int threads, KernelPreference kernels) {
  /** 82 pictures in batches of 16 are five batches and one of 2. */
  static final DataSplit DATA = new DataSplit(DigitImages.training(7, 82), DigitImages.test(7, 30));

  static final int BATCHES = 6;

  static SmallRun standard() {
    return new SmallRun(
        TrainingOptions.defaults().withEpochs(2).withBatchSize(16).withCrop(2).withFlip(true),
        1,
        KernelPreference.AUTO);
  }

  SmallRun with(TrainingOptions other) {
    return new SmallRun(other, threads, kernels);
  }

  SmallRun inParts(BatchParts parts) {
    return with(options.withParts(parts));
  }

  SmallRun onThreads(int other) {
    return new SmallRun(options, other, kernels);
  }

  SmallRun with(KernelPreference other) {
    return new SmallRun(options, threads, other);
  }

  static Module network(long seed) {
    return new Sequential(
        new Conv2d(
            1, 4, Conv2dOptions.kernel(5).withStride(2).withBias(false), RandomStream.of(seed, 1)),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Dropout(0.2),
        new Linear(144, 16, false, RandomStream.of(seed, 2)),
        new BatchNorm1d(16),
        new ReLU(),
        new Linear(16, 10, true, RandomStream.of(seed, 3)));
  }

  Trainer trainer() {
    return new Trainer(
            network(options.seed()), DATA, options, CpuBackend.of(kernels, threads, line -> {}))
        .withLabels(Map.of("model", "small"));
  }

  /** Runs to the end in a directory; returns the bytes of its checkpoint. */
  byte[] straight(Path directory) {
    return run(trainer(), directory, () -> false);
  }

  /** Runs until {@code steps} batches are done and saves. */
  void until(long steps, Path directory) {
    Trainer trainer = trainer();
    run(trainer, directory, () -> trainer.position().step() >= steps);
  }

  /** Goes on from the checkpoint in a directory to the end; returns the bytes of its checkpoint. */
  byte[] resumed(Path directory) {
    return run(restored(directory), directory, () -> false);
  }

  Trainer restored(Path directory) {
    try {
      Trainer trainer = trainer();
      trainer.restore(Checkpoint.read(RunDirectory.checkpointIn(directory)));
      return trainer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] run(Trainer trainer, Path directory, BooleanSupplier stop) {
    try {
      trainer.run(RunDirectory.at(directory), new TrainingListener() {}, stop);
      return Files.readAllBytes(RunDirectory.checkpointIn(directory));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
