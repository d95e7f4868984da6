package org.batchnorm4j.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Supplier;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.data.Normalisation;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.optim.LearningRateSchedule;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class TrainingValuesTest {

  @Test
  void optionsComeBackFromTheirTexts() {
    TrainingOptions options =
        TrainingOptions.defaults()
            .withEpochs(7)
            .withBatchSize(33)
            .withOptimizer(OptimizerKind.SGD)
            .withLearningRate(0.1 + 0.2)
            .withWeightDecay(1e-4)
            .withSchedule(ScheduleKind.ONECYCLE)
            .withSeed(-5)
            .withCrop(4)
            .withFlip(true)
            .withParts(new BatchParts(3, 5, 7))
            .withCheckpointEvery(9);
    assertEquals(options.toMap(), TrainingOptions.fromMap(options.toMap()).toMap());
    assertEquals("0.30000000000000004", options.toMap().get("lr"));
    Map<String, String> less = new HashMap<>(options.toMap());
    for (String name : List.of("ghost", "replicas", "micro-batches")) {
      less.remove(name); // as in checkpoints from before there were any
      TrainingOptions.fromMap(less);
    }
    assertEquals(BatchParts.whole(), TrainingOptions.fromMap(less).parts());
    less.remove("crop");
    assertEquals(
        "option \"crop\" is missing",
        assertThrows(NoSuchElementException.class, () -> TrainingOptions.fromMap(less))
            .getMessage());
  }

  @Test
  void numbersOutOfRangeAreNamed() {
    TrainingOptions options = TrainingOptions.defaults();
    assertRefused("epochs must be from 1 to 1000000, got 0", () -> options.withEpochs(0));
    assertRefused("batch size must be from 1 to 65536, got -1", () -> options.withBatchSize(-1));
    assertRefused(
        "learning rate must be a number above 0, got 0.0", () -> options.withLearningRate(0));
    assertRefused(
        "learning rate must be a number above 0, got NaN",
        () -> options.withLearningRate(Double.NaN));
    assertRefused("weight decay must be from 0 to 1, got 2.0", () -> options.withWeightDecay(2));
    BatchParts parts = BatchParts.whole();
    assertRefused("replicas must be from 1 to 64, got 0", () -> parts.withReplicas(0));
    assertRefused("micro-batches must be from 1 to 1024, got 0", () -> parts.withMicroBatches(0));
    assertRefused("ghost must be from 0 to 65536, got -1", () -> parts.withGhost(-1));
    assertRefused("crop must be from 0 to 64, got 65", () -> options.withCrop(65));
    assertRefused(
        "there is no optimizer \"adma\"; choose one of sgd, adam, adamw",
        () -> OptimizerKind.named("adma"));
    assertRefused(
        "there is no schedule \"linear\"; choose one of constant, step, cosine, onecycle",
        () -> ScheduleKind.named("linear"));
  }

  @Test
  void partsWithoutSenseAreNamedWithTheWayOut() {
    BatchParts parts = BatchParts.whole();
    assertSenseless(
        "a batch is divided in one way, but there are replicas 2 and ghost 16; leave one out",
        parts.withReplicas(2).withGhost(16));
    assertSenseless(
        "a batch is divided in one way, but there are replicas 2 and micro-batches 4 and ghost 1;"
            + " leave one out",
        new BatchParts(2, 4, 1));
    assertSenseless(
        "micro-batches 65 leave some without pictures in batches of 64; choose at most 64",
        parts.withMicroBatches(65));
    assertSenseless(
        "ghost batches of 33 do not divide batches of 64; choose at most 32, or leave ghost out",
        parts.withGhost(33));
    parts.withMicroBatches(64).requireSense(64);
    parts.withGhost(32).requireSense(64);
    parts.withReplicas(64).requireSense(2); // the rest of an epoch has fewer pictures as well
  }

  private static void assertSenseless(String message, BatchParts parts) {
    TrainingOptions options = TrainingOptions.defaults().withParts(parts);
    Sequential model = new Sequential(new Flatten(), new Linear(784, 10));
    assertRefused(message, () -> new Trainer(model, SmallRun.DATA, options, Backend.standard()));
  }

  private static void assertRefused(String message, Supplier<?> call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call::get).getMessage());
  }

  @Test
  void schedulesCoverTheRun() {
    LearningRateSchedule step = ScheduleKind.STEP.over(1, 9);
    assertEquals(
        List.of(1.0, 1.0, 0.1, 0.1), List.of(step.at(0), step.at(2), step.at(3), step.at(5)));
    LearningRateSchedule cosine = ScheduleKind.COSINE.over(1, 10);
    assertEquals(1, cosine.at(0));
    assertEquals(0.5, cosine.at(5), 1e-15);
    assertEquals(0, cosine.at(10), 1e-15);
    assertEquals(1, ScheduleKind.CONSTANT.over(1, 10).at(9));
    assertEquals(0.04, ScheduleKind.ONECYCLE.over(1, 10).at(0), 1e-15);
  }

  @Test
  void metricsAreRoundedForPeopleAndExactForCheckpoints() {
    List<EpochMetrics> rows =
        List.of(
            new EpochMetrics(1, 1.0 / 3, 0.9, 0.25, 0.975, 1e-3, 1234.56, 7.8912),
            new EpochMetrics(2, 0.1, 1, 0.2, 0.98, 5e-4, Double.NaN, Double.NaN));
    assertEquals(
        "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,images_per_second,"
            + "seconds\n"
            + "1,0.333333,0.900000,0.250000,0.975000,0.001,1234.6,7.891\n"
            + "2,0.100000,1.000000,0.200000,0.980000,5.0E-4,,\n",
        MetricsText.csv(rows));
    assertEquals(
        "1,0.3333333333333333,0.9,0.25,0.975,0.001\n2,0.1,1.0,0.2,0.98,5.0E-4\n",
        MetricsText.exact(rows));
    List<EpochMetrics> read = MetricsText.parseExact(MetricsText.exact(rows));
    assertEquals(MetricsText.exact(rows), MetricsText.exact(read));
    List<EpochMetrics> timed = MetricsText.withTimesFrom(MetricsText.csv(rows), read);
    assertEquals(MetricsText.csv(rows), MetricsText.csv(timed));
    assertEquals(read, MetricsText.withTimesFrom("nonsense\n1,2,3", read));
  }

  @Test
  void summaryIsJson() {
    TrainingResult result =
        new TrainingResult(
            new Position(1, 0, 5, 0, 0, 0),
            List.of(new EpochMetrics(1, 0.5, 0.75, 0.25, 0.875, 1e-3, 100, 2)),
            true);
    assertEquals(
        """
        {
          "test_accuracy": 0.875,
          "test_loss": 0.25,
          "train_accuracy": 0.75,
          "train_loss": 0.5,
          "epochs": 1,
          "seconds": 2.0,
          "images_per_second": 100.0,
          "parameters": 12,
          "command": "a \\"b\\" \\\\ \\u000a",
          "nothing": null
        }
        """,
        RunSummary.of(result, 12)
            .with("command", "a \"b\" \\ \n")
            .with("nothing", Double.NaN)
            .toJson());
  }

  @Test
  void evaluationCountsWhichClassIsReadAsWhich() {
    // one pixel of 0 or 255, normalised to -1 and 1; score of class 1 is the pixel, of class 0 is 0
    ImageShape pixel = new ImageShape(1, 1, 1);
    byte[] pixels = {0, 0, (byte) 255, (byte) 255, (byte) 255};
    byte[] labels = {0, 1, 1, 1, 0};
    Dataset data = Dataset.of("pixels", pixel, 2, Normalisation.grey(0.5, 0.5), pixels, labels);
    Linear linear = new Linear(1, 2, false, RandomStream.of(1));
    linear.weight().value().copyFrom(Tensor.of(new float[] {0, 1}, 2, 1));
    Evaluation evaluation =
        new Evaluator(Backend.standard()).evaluate(new Sequential(new Flatten(), linear), data);
    assertEquals(5, evaluation.count());
    assertEquals(3, evaluation.correct());
    assertEquals(0.6, evaluation.accuracy());
    assertEquals(1, evaluation.confusion(0, 0));
    assertEquals(1, evaluation.confusion(0, 1));
    assertEquals(1, evaluation.confusion(1, 0));
    assertEquals(2, evaluation.confusion(1, 1));
    // right answers lose log(1 + e^-1), wrong ones log(1 + e); float32 rounds the mean of 5
    double expected = (3 * Math.log1p(Math.exp(-1)) + 2 * Math.log1p(Math.E)) / 5;
    assertEquals(expected, evaluation.loss(), 1e-7);
  }

  @Test
  void evaluationRefusesWhatCannotBeCounted() {
    Dataset none =
        Dataset.of(
            "none", new ImageShape(1, 1, 1), 2, Normalisation.grey(0, 1), new byte[0], new byte[0]);
    Evaluator evaluator = new Evaluator(Backend.standard());
    Linear three = new Linear(1, 3, true, RandomStream.of(1));
    assertThrows(IllegalArgumentException.class, () -> evaluator.evaluate(three, none));
    Dataset one =
        Dataset.of(
            "one", new ImageShape(1, 1, 1), 2, Normalisation.grey(0, 1), new byte[1], new byte[1]);
    assertEquals(
        "the model gives scores of shape (1, 3) for data of 2 classes",
        assertThrows(
                IllegalArgumentException.class,
                () -> evaluator.evaluate(new Sequential(new Flatten(), three), one))
            .getMessage());
  }

  @Test
  void picturesAreSeenWithTheConstantsOfTheCheckpoint() {
    Dataset training =
        Dataset.of(
            "a", new ImageShape(1, 1, 1), 2, Normalisation.grey(0.25, 2), new byte[1], new byte[1]);
    Dataset other =
        Dataset.of(
            "b", new ImageShape(1, 1, 1), 2, Normalisation.grey(0, 1), new byte[1], new byte[] {1});
    Dataset seen = DataFacts.of(training).normalised(other);
    assertEquals(training.normalisation(), seen.normalisation());
    assertEquals(1, seen.label(0));
    assertEquals("b", seen.name());
  }
}
