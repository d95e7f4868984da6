package org.batchnorm4j.nn.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.BatchNormDefinition;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNormFreeze;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Dropout;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Memory;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Micro-batches, ranks and the whole batch give the same; the first two give the same bits. */
class VirtualBatchTest {
  private static final int CLASSES = 4;

  /** Fused and unfused batch norms on pictures and features, one behind a shortcut. */
  private static Sequential network(DType dtype, double dropout) {
    BatchNormOptions norm = BatchNormOptions.defaults().withDtype(dtype);
    Conv2dOptions conv = Conv2dOptions.kernel(3).withPadding(1).withDtype(dtype);
    Sequential body =
        new Sequential(new Conv2d(4, 4, conv, RandomStream.of(1)), new BatchNorm2d(4, norm));
    return new Sequential(
        new Conv2d(2, 4, conv, RandomStream.of(2)),
        new BatchNorm2d(4, norm),
        new ReLU(),
        new Residual(body),
        new MaxPool2d(2),
        new Flatten(),
        new Dropout(dropout),
        new Linear(36, 8, true, dtype, RandomStream.of(3)),
        new BatchNorm1d(8, norm),
        new Linear(8, CLASSES, true, dtype, RandomStream.of(4)));
  }

  private static Tensor pictures(DType dtype) {
    return Tensor.randn(DType.FLOAT64, RandomStream.of(5), 10, 2, 6, 6).to(dtype);
  }

  private static Tensor labels() {
    long[] labels = new long[10];
    Arrays.setAll(labels, i -> i * 7 % CLASSES);
    return Tensor.of(labels, 10);
  }

  private static Tensor loss(Module model, Shard shard, DType dtype, Pass pass) {
    Tensor scores = model.forward(shard.of(pictures(dtype)), pass);
    return shard.part(Functional.crossEntropy(scores, shard.of(labels()), pass), pass);
  }

  private static Pass pass(int number) {
    return Pass.training().withRandom(11, number);
  }

  /** Everything that a step leaves behind, by name. */
  private record Outcome(Sequential model, Gradients gradients, double loss) {
    Map<String, Tensor> named() {
      Map<String, Tensor> named = model.members().namedBuffers();
      model.namedParameters().forEach((name, p) -> named.put(name, gradients.of(p.value())));
      return named;
    }
  }

  private static Outcome inMicroBatches(DType dtype, double dropout, int parts) {
    Sequential model = network(dtype, dropout);
    List<Pass> passes = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      passes.add(pass(i));
    }
    VirtualBatch.Result result =
        new VirtualBatch()
            .gradients(
                passes,
                (i, pass) -> loss(model, Shard.of(i, parts, 10), dtype, pass),
                Memory.heap());
    assertEquals(7, result.sweeps(), "3 forward, 3 backward, 1");
    return new Outcome(model, result.gradients(), result.loss());
  }

  private static Outcome onRanks(DType dtype, double dropout, int size) {
    Sequential model = network(dtype, dropout);
    double[] losses = new double[size];
    List<Gradients> gradients =
        Replicas.of(size)
            .run(
                ranks -> {
                  Pass pass = pass(ranks.rank()).withStatistics(SyncBatchNorm.over(ranks));
                  Tensor loss = loss(model, Shard.of(ranks, 10), dtype, pass);
                  losses[ranks.rank()] = loss.item();
                  return pass.backward(loss);
                });
    return new Outcome(model, GradientTotal.of(gradients), Arrays.stream(losses).sum());
  }

  private static Outcome whole(DType dtype) {
    Sequential model = network(dtype, 0);
    Pass pass = Pass.training();
    Tensor loss = loss(model, new Shard(0, 10, 10), dtype, pass);
    return new Outcome(model, pass.backward(loss), loss.item());
  }

  @ParameterizedTest
  @CsvSource({"2, FLOAT32", "3, FLOAT64", "7, FLOAT32", "7, FLOAT64", "12, FLOAT64"})
  void microBatchesAndRanksGiveTheSameBits(int parts, DType dtype) {
    Map<String, Tensor> expected = inMicroBatches(dtype, 0.5, parts).named();
    for (int repetition = 0; repetition < 3; repetition++) {
      Map<String, Tensor> found = onRanks(dtype, 0.5, parts).named();
      assertEquals(expected.keySet(), found.keySet());
      expected.forEach(
          (name, value) -> assertArrayEquals(value.toBytes(), found.get(name).toBytes(), name));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 12})
  void aNetworkLearnsFromPartsWhatItLearnsFromTheWhole(int parts) {
    Outcome whole = whole(DType.FLOAT64);
    for (Outcome found :
        List.of(
            parts == 1 ? whole : inMicroBatches(DType.FLOAT64, 0, parts),
            onRanks(DType.FLOAT64, 0, parts))) {
      assertEquals(whole.loss(), found.loss(), 1e-12 * whole.loss());
      Map<String, Tensor> named = found.named();
      whole
          .named()
          .forEach(
              (name, value) -> {
                double[] expected = value.toDoubles();
                double[] actual = named.get(name).toDoubles();
                double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
                // sums of up to 360 float64 terms in another order, 360 * 1.1e-16 of sizes some ten
                // times the sums, through ten layers: 4e-12. A bias in front of a batch norm has a
                // gradient of 0, whose terms are of size 1 at most.
                double bound = 1e-11 * (largest + 1);
                for (int i = 0; i < expected.length; i++) {
                  assertEquals(expected[i], actual[i], bound, name);
                }
              });
    }
  }

  @Test
  void oneLayerInMicroBatchesIsThatOfTheWholeBatchByDefinition() {
    Tensor x = Tensor.randn(RandomStream.of(1), 9, 3, 5).mul(2).add(-7);
    Tensor g = Tensor.randn(RandomStream.of(2), 9, 3, 5);
    BatchNorm1d norm = new BatchNorm1d(3);
    int[] cuts = {0, 4, 4, 9};
    Tensor[] parts = new Tensor[3];
    Arrays.setAll(parts, i -> x.range(cuts[i], cuts[i + 1]));
    VirtualBatch.Result result =
        new VirtualBatch()
            .gradients(
                3,
                (i, pass) -> {
                  Tensor y = norm.forward(pass.watch(parts[i]), pass);
                  return pass.sum(pass.mul(y, g.range(cuts[i], cuts[i + 1])));
                });
    assertEquals(3, result.sweeps());
    BatchNormDefinition defined =
        new BatchNormDefinition(x, g, Tensor.ones(3), Tensor.zeros(3), 1e-5, false);
    for (int part = 0; part < 3; part++) {
      double[] dx = result.gradients().of(parts[part]).toDoubles();
      for (int i = 0; i < dx.length; i++) {
        int at = cuts[part] * 15 + i;
        assertEquals(defined.inputGradient(at), dx[i], defined.inputGradientBound(at));
      }
    }
    Tensor gamma = norm.weight().orElseThrow().value();
    for (int c = 0; c < 3; c++) {
      // three parts and the total round once each
      double rounded = 4 * 0x1p-24 * 45 * 4;
      assertEquals(
          defined.weightGradient(c),
          result.gradients().of(gamma).at(c),
          defined.weightGradientBound(c) + rounded);
    }
    assertEquals(1, norm.numBatchesTracked());
    assertEquals(
        0.1 * defined.mean[0],
        norm.runningMean().orElseThrow().at(0),
        1.01 * 0x1p-24 * Math.abs(defined.mean[0]));
  }

  @Test
  void statisticsThatNormaliseMoveOnlyAtTheEnd() {
    Tensor x = Tensor.of(new float[] {1, 2, 6}, 3, 1);
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withEps(0).withMomentum(0.5));
    norm.freeze(BatchNormFreeze.NORMALISATION);
    VirtualBatch.Result result =
        new VirtualBatch()
            .gradients(3, (i, pass) -> pass.sum(norm.forward(x.range(i, i + 1), pass)));
    assertEquals(9, result.loss(), "normalised with mean 0 and variance 1 throughout");
    assertEquals(1.5, norm.runningMean().orElseThrow().at(0));
    assertEquals(4, norm.runningVar().orElseThrow().at(0));
    assertEquals(1, norm.numBatchesTracked());
  }

  @Test
  void aFailureMovesNothing() {
    Tensor x = Tensor.randn(RandomStream.of(1), 6, 2);
    BatchNorm1d norm = new BatchNorm1d(2);
    int[] calls = {0};
    VirtualBatch batch = new VirtualBatch();
    VirtualBatch.Loss fragile =
        (i, pass) -> {
          Tensor y = norm.forward(x.range(3 * i, 3 * i + 3), pass);
          if (++calls[0] == 2) {
            throw new IllegalArgumentException("no such picture");
          }
          return pass.sum(y);
        };
    assertThrows(IllegalArgumentException.class, () -> batch.gradients(2, fragile));
    assertEquals(0, norm.numBatchesTracked());
    assertEquals(1, norm.runningVar().orElseThrow().at(0));
    batch.gradients(2, fragile); // the second time it goes through, with memory used before
    assertEquals(1, norm.numBatchesTracked());
  }

  @Test
  void microBatchesAtDifferentLayersAreNamed() {
    Tensor x = Tensor.randn(RandomStream.of(1), 6, 2);
    BatchNorm1d first = new BatchNorm1d(2);
    BatchNorm1d second = new BatchNorm1d(2);
    assertEquals(4, new Sequential().add("first", first).add("second", second).parameters().size());
    assertApart(
        "micro-batches do different things: number 1 is at BatchNorm1d \"second\" forward of 2"
            + " channels, the ones before were at BatchNorm1d \"first\" forward of 2 channels;"
            + " every micro-batch must run the same layers, also in each repetition",
        (i, pass) -> pass.sum((i == 0 ? first : second).forward(x, pass)));
    assertApart(
        "micro-batches do different things: number 1 is at its end, the ones before were at"
            + " BatchNorm1d \"first\" forward of 2 channels; every micro-batch must run the same"
            + " layers, also in each repetition",
        (i, pass) -> pass.sum(i == 0 ? first.forward(x, pass) : pass.watch(x)));
    assertApart(
        "micro-batches do different things: number 1 is at BatchNorm1d \"first\" forward of 2"
            + " channels, the ones before were at their end; every micro-batch must run the same"
            + " layers, also in each repetition",
        (i, pass) -> pass.sum(i == 1 ? first.forward(x, pass) : pass.watch(x)));
    assertEquals(
        "a virtual batch has at least 1 micro-batch, got 0",
        assertThrows(
                IllegalArgumentException.class,
                () -> new VirtualBatch().gradients(0, (i, pass) -> x))
            .getMessage());
  }

  private static void assertApart(String message, VirtualBatch.Loss loss) {
    VirtualBatch batch = new VirtualBatch();
    assertEquals(
        message,
        assertThrows(IllegalStateException.class, () -> batch.gradients(2, loss)).getMessage());
  }
}
