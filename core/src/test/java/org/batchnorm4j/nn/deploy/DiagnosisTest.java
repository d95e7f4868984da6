package org.batchnorm4j.nn.deploy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNorm3d;
import org.batchnorm4j.nn.BatchNormFreeze;
import org.batchnorm4j.nn.BatchNormNd;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.BatchNormReLU;
import org.batchnorm4j.nn.Conv1d;
import org.batchnorm4j.nn.Conv1dOptions;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.Conv3dOptions;
import org.batchnorm4j.nn.ConvTranspose2d;
import org.batchnorm4j.nn.ConvTranspose2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.optim.SGD;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DiagnosisTest {
  private static final int CLASSES = 4;

  private final RandomStream random = RandomStream.of(3);
  private final float[][] centres = new float[CLASSES][];
  private final BatchNorm2d bn1 = new BatchNorm2d(6);
  private final BatchNorm1d bn2 = new BatchNorm1d(16);
  private final Sequential model =
      new Sequential()
          .add("conv", new Conv2d(1, 6, Conv2dOptions.kernel(3).withBias(false), random))
          .add("bn1", bn1)
          .add("relu1", new ReLU())
          .add("flatten", new Flatten())
          .add("fc1", new Linear(6 * 16, 16, false, random))
          .add("bn2", bn2)
          .add("relu2", new ReLU())
          .add("fc2", new Linear(16, CLASSES, true, random));
  private Tensor batch;

  /** A network that really trains: pictures are noise around one of four patterns. */
  @BeforeEach
  void train() {
    for (int k = 0; k < CLASSES; k++) {
      centres[k] = Tensor.randn(random, 36).toFloats();
    }
    SGD optimizer = new SGD(model.parameters(), 0.05, 0.9, 0, false);
    double loss = 0;
    for (int step = 0; step < 80; step++) {
      Pass pass = Pass.training();
      Tensor x = pictures(32);
      Tensor value = Functional.crossEntropy(model.forward(x, pass), labels(32), pass);
      optimizer.step(pass.backward(value));
      loss = value.item();
    }
    assertTrue(loss < 0.3, "it did not learn: " + loss);
    batch = pictures(32);
  }

  private Tensor pictures(int count) {
    float[] values = Tensor.randn(random, count, 36).toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] += centres[i / 36 % CLASSES][i % 36];
    }
    return Tensor.of(values, count, 1, 6, 6);
  }

  private static Tensor labels(int count) {
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % CLASSES;
    }
    return Tensor.of(labels, count);
  }

  private static Set<Symptom> symptoms(Module model, Tensor batch) {
    return Diagnosis.diagnose(model, batch).findings().stream()
        .map(Finding::symptom)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Symptom.class)));
  }

  private Finding only() {
    List<Finding> findings = Diagnosis.diagnose(model, batch).findings();
    assertEquals(1, findings.size(), findings::toString);
    return findings.getFirst();
  }

  private static void check(Finding found, Symptom symptom, String path, double number, double at) {
    assertEquals(symptom, found.symptom());
    assertEquals(path, found.path());
    assertEquals(number, found.number());
    assertEquals(at, found.threshold());
  }

  @Test
  void aHealthyNetworkHasNoFindingsForAnyOfItsBatches() {
    for (int count : new int[] {8, 12, 16, 32, 64}) {
      Diagnosis found = Diagnosis.diagnose(model, pictures(count));
      assertEquals(List.of(), found.findings());
      assertEquals(2, found.batchNorms());
    }
  }

  @Test
  void lookingChangesNothing() {
    byte[][] before =
        model.stateDict().values().stream().map(Tensor::toBytes).toArray(byte[][]::new);
    byte[] picture = batch.toBytes();
    Diagnosis.diagnose(model, batch);
    byte[][] after =
        model.stateDict().values().stream().map(Tensor::toBytes).toArray(byte[][]::new);
    assertArrayEquals(before, after);
    assertArrayEquals(picture, batch.toBytes());
  }

  @Test
  void statisticsThatNoBatchMovedAreFound() {
    bn2.resetRunningStats();
    Finding found = only();
    check(found, Symptom.NEVER_UPDATED, "bn2", 0, 1);
    assertEquals(
        "running mean 0 and variance 1 in every channel, 0 batches counted", found.detail());
    assertEquals("load the statistics with the weights, train, or recalibrate", found.remedy());
  }

  @Test
  void statisticsOfOtherDataAreFound() {
    double[] mean = bn1.runningMean().orElseThrow().toDoubles();
    double[] variance = bn1.runningVar().orElseThrow().toDoubles();
    for (int c = 0; c < 2; c++) {
      mean[c] += 4 * Math.sqrt(variance[c]); // 0.5 + 4 / sqrt(32) is 1.2
    }
    bn1.runningMean().orElseThrow().copyFrom(Tensor.of(mean, 6));
    Finding found =
        Diagnosis.diagnose(model, batch).findings().stream()
            .filter(f -> f.path().equals("bn1"))
            .findFirst()
            .orElseThrow();
    check(found, Symptom.FAR_STATISTICS, "bn1", 2 / 6.0, 0.1);
    assertTrue(found.detail().startsWith("2 of 6 channels; channel "), found.detail());
  }

  @Test
  void aVarianceOfOtherDataIsFoundEitherWay() {
    double[] variance = bn1.runningVar().orElseThrow().toDoubles();
    variance[3] *= 50; // deviation times 7; 2 e^(2 / sqrt(32)) is 2.8
    variance[4] /= 50;
    bn1.runningVar().orElseThrow().copyFrom(Tensor.of(variance, 6));
    Finding found =
        Diagnosis.diagnose(model, batch).findings().stream()
            .filter(f -> f.path().equals("bn1"))
            .findFirst()
            .orElseThrow();
    check(found, Symptom.FAR_STATISTICS, "bn1", 2 / 6.0, 0.1);
  }

  @Test
  void dataThatAreNotScaledAsInTrainingAreFound() {
    assertTrue(symptoms(model, batch.mul(255)).contains(Symptom.FAR_STATISTICS));
  }

  @Test
  void aVarianceBelowEpsIsFound() {
    double[] variance = bn2.runningVar().orElseThrow().toDoubles();
    variance[5] = 1e-6;
    bn2.runningVar().orElseThrow().copyFrom(Tensor.of(variance, 16));
    check(only(), Symptom.TINY_VARIANCE, "bn2", (float) 1e-6, 1e-5);
    assertEquals("channel 5 has running variance 1.00e-06", only().detail());
  }

  @Test
  void nanInAParameterABufferOrTheBatchIsFound() {
    Tensor weight = model.stateDict().get("fc2.weight");
    byte[] before = weight.toBytes();
    weight.range(0, 1).fill(Double.NaN);
    check(only(), Symptom.NOT_FINITE, "fc2.weight", 16, 0);
    assertEquals("16 of 64 values are NaN or infinite", only().detail());
    weight.copyFrom(Tensor.fromBytes(before, weight.dtype(), 4, 16));

    bn2.runningVar().orElseThrow().range(2, 3).fill(Double.POSITIVE_INFINITY);
    assertEquals("bn2.running_var", Diagnosis.diagnose(model, batch).findings().getFirst().path());
    bn2.runningVar().orElseThrow().range(2, 3).fill(1);

    batch.range(3, 4).fill(Double.NaN);
    List<Finding> found = Diagnosis.diagnose(model, batch).findings();
    check(found.getFirst(), Symptom.NOT_FINITE, "input", 36, 0);
  }

  @Test
  void nanThatArisesOnTheWayIsFoundWhereItFirstReachesANormOrTheOutput() {
    model.stateDict().get("fc1.weight").range(0, 1).fill(3e38);
    Finding first = Diagnosis.diagnose(model, batch).findings().getFirst();
    check(first, Symptom.NOT_FINITE, "bn2", 32, 0);

    model.stateDict().get("fc1.weight").range(0, 1).fill(0.1);
    model.stateDict().get("fc2.weight").fill(3e38);
    List<Finding> found = Diagnosis.diagnose(model, batch).findings();
    assertTrue(
        found.stream()
            .anyMatch(f -> f.symptom() == Symptom.NOT_FINITE && f.path().equals("output")),
        found::toString);
  }

  @Test
  void aChannelThatNothingWakesIsFound() {
    bn2.bias().orElseThrow().value().range(7, 8).fill(-100);
    check(only(), Symptom.DEAD_CHANNELS, "bn2", 1 / 16.0, 0.05);
    assertEquals(
        "1 of 16 channels give one number for the whole batch, channel 7 first", only().detail());
  }

  @Test
  void aChannelWithoutGammaIsDeadWithoutAReluToo() {
    BatchNorm1d norm = new BatchNorm1d(4);
    norm.forward(Tensor.randn(random, 16, 4), Pass.training());
    norm.weight().orElseThrow().value().range(1, 3).fill(0);
    Finding found =
        Diagnosis.diagnose(
                norm,
                Tensor.randn(random, 16, 4),
                DiagnosisLimits.defaults().withFarShare(2),
                Backend.standard())
            .findings()
            .getFirst();
    check(found, Symptom.DEAD_CHANNELS, "", 0.5, 0.05);
  }

  @Test
  void aSmallBatchIsFoundOnceWithTheNormThatNeedsNone() {
    batch = pictures(7);
    check(only(), Symptom.SMALL_BATCH, "bn1", 7, 8);
    assertEquals("7 samples, 112 values per channel", only().detail());
    assertTrue(only().remedy().startsWith("use GroupNorm, which needs no batch"));
    Sequential features = new Sequential(new Linear(3, 4, false, random), bn(4));
    Finding found = Diagnosis.diagnose(features, Tensor.randn(random, 2, 3)).findings().getLast();
    assertTrue(found.remedy().startsWith("use LayerNorm"), found.remedy());
  }

  private BatchNorm1d bn(int channels) {
    BatchNorm1d norm = new BatchNorm1d(channels);
    norm.runningMean().orElseThrow().fill(0.01);
    return norm;
  }

  @Test
  void frozenStatisticsNeedNoBatch() {
    bn1.freeze(BatchNormFreeze.NORMALISATION);
    bn2.freeze(BatchNormFreeze.NORMALISATION);
    assertEquals(Set.of(), symptoms(model, pictures(7)));
  }

  @Test
  void aMomentumThatWasMeantTheOtherWayRoundIsFound() {
    BatchNormOptions options = BatchNormOptions.defaults();
    assertInverted(options.withMomentum(0.9), 0.9);
    assertInverted(options.withDecay(0.1), 0.9);
    assertInverted(options.withFactors(1, 0.9), 0.9);
    for (BatchNormOptions usual :
        List.of(
            options,
            options.withCumulativeAverage(),
            BatchNormOptions.puzzleLib(),
            BatchNormOptions.onnx())) {
      assertEquals(
          EnumSet.of(Symptom.NEVER_UPDATED),
          symptoms(new BatchNorm1d(3, usual), Tensor.randn(random, 16, 3)));
    }
  }

  private void assertInverted(BatchNormOptions options, double weight) {
    BatchNorm1d norm = new BatchNorm1d(3, options);
    norm.forward(Tensor.randn(random, 64, 3), Pass.training());
    Finding found = Diagnosis.diagnose(norm, Tensor.randn(random, 64, 3)).findings().getFirst();
    check(found, Symptom.INVERTED_MOMENTUM, "", weight, 0.5);
    assertEquals("each new batch weighs 0.9, all before it 0.100", found.detail());
  }

  @Test
  void aBiasThatTheNormTakesAwayIsFoundInChainsAndBlocks() {
    Sequential chain = new Sequential(new Linear(3, 4, true, random), new BatchNormReLU(bn(4)));
    assertCancelled(chain, Tensor.randn(random, 16, 3), "0", 4);
    Residual block =
        new Residual(new Sequential(new Conv2d(2, 2, Conv2dOptions.kernel(1), random), lived2d()));
    assertCancelled(new Sequential(block), Tensor.randn(random, 16, 2, 3, 3), "0.body.0", 2);
  }

  @Test
  void aBiasBeforeANormOfLinesIsFound() {
    Conv1d layer = new Conv1d(2, 4, Conv1dOptions.kernel(2), random);
    assertCancelled(new Sequential(layer, bn(4)), Tensor.randn(random, 16, 2, 3), "0", 4);
  }

  @Test
  void aBiasBeforeANormOfVolumesIsFound() {
    Conv3d layer = new Conv3d(1, 3, Conv3dOptions.kernel(2), random);
    BatchNorm3d norm = new BatchNorm3d(3);
    norm.runningMean().orElseThrow().fill(0.01);
    assertCancelled(new Sequential(layer, norm), Tensor.randn(random, 16, 1, 3, 3, 3), "0", 3);
  }

  @Test
  void aBiasOfATransposedConvolutionIsFound() {
    ConvTranspose2d layer = new ConvTranspose2d(4, 2, ConvTranspose2dOptions.kernel(2), random);
    assertCancelled(
        new Sequential(layer, new BatchNormReLU(lived2d())),
        Tensor.randn(random, 16, 4, 2, 2),
        "0",
        2);
  }

  private static BatchNorm2d lived2d() {
    BatchNorm2d norm = new BatchNorm2d(2);
    norm.runningMean().orElseThrow().fill(0.01);
    return norm;
  }

  private static void assertCancelled(Module model, Tensor batch, String path, int values) {
    DiagnosisLimits limits = DiagnosisLimits.defaults().withFarShare(2); // untrained statistics
    List<Finding> found = Diagnosis.diagnose(model, batch, limits, Backend.standard()).findings();
    assertEquals(1, found.size(), found::toString);
    check(found.getFirst(), Symptom.CANCELLED_BIAS, path, values, 0);
  }

  @Test
  void aBiasThatIsNotTakenAwayIsNoFinding() {
    Linear biased = new Linear(3, 4, true, random);
    // over (N, C, L) the bias of the last axis is not what the norm's mean is taken of
    assertNotCancelled(new Sequential(biased, new BatchNorm1d(4)), Tensor.randn(random, 16, 4, 3));
    BatchNorm1d constant = new BatchNorm1d(4);
    constant.freeze(BatchNormFreeze.NORMALISATION);
    assertNotCancelled(new Sequential(biased, constant), Tensor.randn(random, 16, 3));
    assertNotCancelled(
        new Sequential(new Conv2d(1, 5, Conv2dOptions.kernel(1), random), lastAxis(5)),
        Tensor.randn(random, 16, 1, 5, 5));
    assertNotCancelled(
        new Sequential(new Conv1d(1, 5, Conv1dOptions.kernel(1), random), lastAxis(5)),
        Tensor.randn(random, 16, 1, 5));
    assertNotCancelled(
        new Sequential(new Conv3d(1, 5, Conv3dOptions.kernel(1), random), lastAxis(2)),
        Tensor.randn(random, 16, 1, 3, 3, 2));
    ConvTranspose2d unbiased =
        new ConvTranspose2d(1, 4, ConvTranspose2dOptions.kernel(1).withBias(false), random);
    assertNotCancelled(
        new Sequential(unbiased, new BatchNorm2d(4)), Tensor.randn(random, 16, 1, 3, 3));
    assertNotCancelled(
        new Sequential(biased, new ReLU(), new BatchNorm1d(4)), Tensor.randn(random, 16, 3));
  }

  private static BatchNorm lastAxis(int channels) {
    return new BatchNormNd(channels, BatchNormOptions.defaults().withAxis(-1));
  }

  private static void assertNotCancelled(Module model, Tensor batch) {
    assertTrue(!symptoms(model, batch).contains(Symptom.CANCELLED_BIAS));
  }

  @Test
  void theGravestComesFirstAndLimitsCanBeMoved() {
    bn1.resetRunningStats();
    bn2.bias().orElseThrow().value().range(7, 8).fill(-100);
    Diagnosis found = Diagnosis.diagnose(model, pictures(4));
    List<Symptom> order = found.findings().stream().map(Finding::symptom).toList();
    assertEquals(order.stream().sorted().toList(), order);
    assertTrue(order.containsAll(List.of(Symptom.NEVER_UPDATED, Symptom.SMALL_BATCH)));
    DiagnosisLimits none =
        DiagnosisLimits.defaults()
            .withLeastSamples(0)
            .withFarShare(2)
            .withDeadShare(2)
            .withMostMomentum(2);
    assertEquals(
        List.of(Symptom.NEVER_UPDATED),
        Diagnosis.diagnose(model, pictures(4), none, Backend.standard()).findings().stream()
            .map(Finding::symptom)
            .toList());
  }
}
