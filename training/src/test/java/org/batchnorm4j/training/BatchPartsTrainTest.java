package org.batchnorm4j.training;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.Augmentation;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.data.Batches;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.DigitImages;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batches of 16 in micro-batches, in ghost batches and on replicas; the last batch has 2. */
class BatchPartsTrainTest {
  @TempDir Path directory;

  private static SmallRun run(int microBatches, int ghost) {
    return SmallRun.standard().inParts(new BatchParts(1, microBatches, ghost));
  }

  @ParameterizedTest
  @CsvSource({"3, 0", "1, 5"})
  void threadsKernelsAndRepetitionChangeNoBit(int microBatches, int ghost) {
    SmallRun run = run(microBatches, ghost);
    byte[] expected = run.straight(directory.resolve("one"));
    assertArrayEquals(expected, run.onThreads(2).straight(directory.resolve("two")));
    SmallRun scalar = run.onThreads(5).with(KernelPreference.SCALAR);
    assertArrayEquals(expected, scalar.straight(directory.resolve("scalar")));
  }

  @ParameterizedTest
  @CsvSource({"3, 0, 1", "3, 0, 8", "1, 5, 1", "1, 5, 8"})
  void resumedRunHasTheBitsOfAnUndisturbedOne(int microBatches, int ghost, long steps) {
    SmallRun run = run(microBatches, ghost);
    byte[] expected = run.straight(directory.resolve("straight"));
    run.until(steps, directory.resolve("stopped"));
    assertArrayEquals(expected, run.onThreads(2).resumed(directory.resolve("stopped")));
  }

  @Test
  void otherPartsAreAnotherRun() {
    run(3, 0).until(2, directory);
    assertEquals(
        "the checkpoint's run has micro-batches 3, these options have 2",
        assertThrows(IllegalArgumentException.class, () -> run(2, 0).restored(directory))
            .getMessage());
    assertEquals(
        "the checkpoint's run has micro-batches 3, these options have 1",
        assertThrows(IllegalArgumentException.class, () -> run(1, 4).restored(directory))
            .getMessage());
  }

  /** Dropout among it: micro-batch i draws what rank i draws. */
  @Test
  void microBatchesLearnTheBitsOfReplicas() throws IOException {
    SmallRun replicas = SmallRun.standard().inParts(BatchParts.whole().withReplicas(3));
    replicas.onThreads(2).straight(directory.resolve("replicas"));
    run(3, 0).straight(directory.resolve("parts"));
    Checkpoint expected = checkpoint("replicas");
    Checkpoint found = checkpoint("parts");
    assertSameBits(expected.model(), found.model());
    assertSameBits(expected.optimizer(), found.optimizer());
    assertEquals(MetricsText.exact(expected.metrics()), MetricsText.exact(found.metrics()));
  }

  private Checkpoint checkpoint(String name) throws IOException {
    return Checkpoint.read(RunDirectory.checkpointIn(directory.resolve(name)));
  }

  private static void assertSameBits(Map<String, Tensor> expected, Map<String, Tensor> found) {
    assertEquals(expected.keySet(), found.keySet());
    expected.forEach(
        (name, value) ->
            assertArrayEquals(value.toBytes(), requireNonNull(found.get(name)).toBytes(), name));
  }

  /** Without dropout, whose numbers are other ones for each part. */
  private static Sequential network() {
    return new Sequential(
        new Conv2d(1, 4, Conv2dOptions.kernel(5).withStride(3), RandomStream.of(1)),
        new BatchNorm2d(4),
        new ReLU(),
        new Flatten(),
        new Linear(256, 16, true, RandomStream.of(2)),
        new BatchNorm1d(16),
        new ReLU(),
        new Linear(16, 10, true, RandomStream.of(3)));
  }

  private static TrainingOptions options(BatchParts parts) {
    return TrainingOptions.defaults()
        .withEpochs(1)
        .withBatchSize(16)
        .withOptimizer(OptimizerKind.SGD)
        .withLearningRate(0.01)
        .withParts(parts);
  }

  private static Map<String, Tensor> trained(DataSplit data, BatchParts parts, Path directory)
      throws IOException {
    Sequential model = network();
    new Trainer(model, data, options(parts), Backend.standard())
        .run(RunDirectory.at(directory), new TrainingListener() {}, () -> false);
    return model.stateDict();
  }

  @ParameterizedTest
  @CsvSource({"2, 1", "3, 1", "7, 1", "20, 1", "1, 2", "1, 4", "1, 7", "1, 16"})
  void partsLearnWhatTheWholeLearns(int replicas, int microBatches) throws IOException {
    Map<String, Tensor> whole =
        trained(SmallRun.DATA, BatchParts.whole(), directory.resolve("whole"));
    Map<String, Tensor> parts =
        trained(
            SmallRun.DATA, new BatchParts(replicas, microBatches, 0), directory.resolve("parts"));
    whole.forEach(
        (name, value) -> {
          double[] expected = value.toDoubles();
          double[] actual = requireNonNull(parts.get(name)).toDoubles();
          double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
          // gradients differ by some 100 float32 roundings of 6e-8 of their terms; six steps of
          // 0.01 with momentum add up 0.2 of that, and each passes it on at most tenfold as it is
          // small. Statistics of parts instead of batches move the parameters by more than 1e-3.
          double bound = 1e-5 * (largest + 1);
          for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], bound, name);
          }
        });
  }

  /** One step from one batch of 16, in ghost batches of 5, 5 and 6. */
  @Test
  void ghostBatchesGiveTheMeanOfWhatTheyGiveOnTheirOwn() throws IOException {
    DataSplit data = new DataSplit(DigitImages.training(7, 16), DigitImages.test(7, 4));
    BatchParts parts = BatchParts.whole().withGhost(5);
    Map<String, Tensor> trained = trained(data, parts, directory);
    Sequential model = network();
    Map<String, double[]> expected = descended(model, onlyBatch(data), 0, 5, 10, 16);
    model.namedParameters().keySet().forEach(name -> assertNear(name, expected, trained));
    model
        .members()
        .namedBuffers()
        .forEach((name, value) -> assertNear(name, Map.of(name, value.toDoubles()), trained));
    assertEquals(3, requireNonNull(trained.get("1.num_batches_tracked")).item());
  }

  private static Batch onlyBatch(DataSplit data) {
    DataLoader loader =
        new DataLoader(
            data.training(),
            LoaderOptions.training(16, 1).withAugmentation(new Augmentation(0, false)));
    try (Batches batches = loader.epoch(0, 0)) {
      return batches.next();
    }
  }

  /** Parameters behind one step of SGD along the weighted mean of the gradients of the parts. */
  private static Map<String, double[]> descended(Sequential model, Batch batch, int... cuts) {
    Map<String, double[]> values = new TreeMap<>();
    model.namedParameters().forEach((name, p) -> values.put(name, p.value().toDoubles()));
    double decay = OptimizerKind.SGD.defaultDecay();
    values.values().forEach(v -> Arrays.setAll(v, i -> v[i] - 1.9 * 0.01 * decay * v[i]));
    for (int part = 0; part + 1 < cuts.length; part++) {
      int from = cuts[part];
      int to = cuts[part + 1];
      Pass pass = Pass.training();
      Tensor scores = model.forward(batch.images().range(from, to), pass);
      Gradients gradients =
          pass.backward(Functional.crossEntropy(scores, batch.labels().range(from, to), pass));
      double weight = (to - from) / 16.0;
      for (Map.Entry<String, Parameter> parameter : model.namedParameters().entrySet()) {
        double[] g = gradients.of(parameter.getValue().value()).toDoubles();
        double[] v = requireNonNull(values.get(parameter.getKey()));
        // Nesterov momentum 0.9 makes 1.9 of the first gradient
        Arrays.setAll(v, i -> v[i] - 1.9 * 0.01 * weight * g[i]);
      }
    }
    return values;
  }

  private static void assertNear(
      String name, Map<String, double[]> expected, Map<String, Tensor> actual) {
    double[] wanted = requireNonNull(expected.get(name));
    double[] found = requireNonNull(actual.get(name)).toDoubles();
    double largest = Arrays.stream(wanted).map(Math::abs).max().orElse(0);
    for (int i = 0; i < wanted.length; i++) {
      // some 100 float32 roundings of 6e-8 of gradients near 1, times 0.019, and one of the result
      assertEquals(wanted[i], found[i], 2e-7 * (largest + 1), name);
    }
  }

  @Test
  void stepsOfMicroBatchesAfterTheFirstEpochTakeNoNewMemory() throws IOException {
    Trainer trainer = run(3, 0).with(KernelPreference.SCALAR).trainer();
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
}
