package org.batchnorm4j.nn.deploy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNorm3d;
import org.batchnorm4j.nn.BatchNormFreeze;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.Conv3dOptions;
import org.batchnorm4j.nn.Dropout;
import org.batchnorm4j.nn.InstanceNorm1d;
import org.batchnorm4j.nn.InstanceNormOptions;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecalibrationTest {
  // sums of 16 rows and products of 4 values: fewer than 100 roundings of 2^-53, each of a number
  // below 100 times the result
  private static final double TOLERANCE = 100 * 100 * 0x1p-53;
  private static final int[] SIZES = {7, 2, 6, 1}; // unequal, a single row last

  private final RandomStream random = RandomStream.of(5);
  private final List<Tensor> batches = batches(SIZES);

  private List<Tensor> batches(int... sizes) {
    List<Tensor> made = new ArrayList<>();
    for (int size : sizes) {
      // each batch has a mean of its own, so that weighing batches alike would show
      made.add(Tensor.randn(DType.FLOAT64, random, size, 4).add(made.size() * 1.5));
    }
    return made;
  }

  private static double[][] rows(List<Tensor> tensors) {
    List<double[]> rows = new ArrayList<>();
    for (Tensor tensor : tensors) {
      double[] values = tensor.toDoubles();
      int width = tensor.axis(1);
      for (int n = 0; n < tensor.axis(0); n++) {
        rows.add(Arrays.copyOfRange(values, n * width, (n + 1) * width));
      }
    }
    return rows.toArray(double[][]::new);
  }

  private static BatchNorm1d norm(int channels) {
    return new BatchNorm1d(channels, BatchNormOptions.defaults().withDtype(DType.FLOAT64));
  }

  private Linear linear(int in, int out) {
    return new Linear(in, out, true, DType.FLOAT64, random);
  }

  private Sequential twoNorms() {
    return new Sequential(linear(4, 3), norm(3), new ReLU(), linear(3, 2), norm(2));
  }

  private static double[] state(Module model, String name) {
    return model.stateDict().get(name).toDoubles();
  }

  private static Map<String, Tensor> copy(Module model) {
    Map<String, Tensor> copies = new LinkedHashMap<>();
    model.stateDict().forEach((name, tensor) -> copies.put(name, tensor.detach()));
    return copies;
  }

  private static void assertSame(Map<String, Tensor> expected, Module model) {
    Map<String, Tensor> now = model.stateDict();
    expected.forEach(
        (name, tensor) -> assertArrayEquals(tensor.toBytes(), now.get(name).toBytes(), name));
  }

  @Test
  void layerByLayerGivesTheStatisticsOfAllRowsAtOnceBehindLayersThatAreDone() {
    Sequential model = twoNorms();
    RecalibrationReport report = Recalibration.recalibrate(model, batches);

    double[][] first =
        Definition.linear(rows(batches), state(model, "0.weight"), state(model, "0.bias"));
    assertArrayEquals(Definition.means(first), state(model, "1.running_mean"), TOLERANCE);
    assertArrayEquals(Definition.variances(first, 1), state(model, "1.running_var"), TOLERANCE);
    double[][] hidden =
        Definition.normalisedRelu(first, Definition.means(first), Definition.variances(first, 1));
    double[][] second = Definition.linear(hidden, state(model, "3.weight"), state(model, "3.bias"));
    assertArrayEquals(Definition.means(second), state(model, "4.running_mean"), TOLERANCE);
    assertArrayEquals(Definition.variances(second, 1), state(model, "4.running_var"), TOLERANCE);

    assertEquals(List.of("1", "4"), report.changed().stream().map(c -> c.path()).toList());
    assertEquals(16, report.changed().getLast().values());
    assertEquals(4, report.batches());
    assertEquals(List.of(), report.kept());
  }

  @Test
  void volumesAreTakenInAsWell() {
    // the window is as large as each volume of 2 x 2 x 1, so the convolution is one product a row
    Conv3dOptions whole = Conv3dOptions.kernel(2, 2, 1).withDtype(DType.FLOAT64);
    Sequential model =
        new Sequential(
            new Conv3d(1, 3, whole, random),
            new BatchNorm3d(3, BatchNormOptions.defaults().withDtype(DType.FLOAT64)));
    List<Tensor> given = batches(7, 2, 6);
    List<Tensor> volumes = given.stream().map(b -> b.reshape(-1, 1, 2, 2, 1)).toList();
    for (RecalibrationOrder order : RecalibrationOrder.values()) {
      model.stateDict().get("1.running_mean").fill(9);
      Recalibration.recalibrate(model, volumes, order, Backend.standard());
      double[][] rows =
          Definition.linear(rows(given), state(model, "0.weight"), state(model, "0.bias"));
      assertArrayEquals(Definition.means(rows), state(model, "1.running_mean"), TOLERANCE);
      assertArrayEquals(Definition.variances(rows, 1), state(model, "1.running_var"), TOLERANCE);
    }
  }

  @Test
  void onePassMergesWhatBatchesGiveWhenEachIsNormalisedByItself() {
    Sequential model = twoNorms();
    List<Tensor> larger = batches(7, 2, 5);
    Recalibration.recalibrate(model, larger, RecalibrationOrder.ONE_PASS, Backend.standard());

    double[][] first =
        Definition.linear(rows(larger), state(model, "0.weight"), state(model, "0.bias"));
    assertArrayEquals(Definition.means(first), state(model, "1.running_mean"), TOLERANCE);
    assertArrayEquals(Definition.variances(first, 1), state(model, "1.running_var"), TOLERANCE);
    List<double[]> second = new ArrayList<>();
    for (Tensor batch : larger) {
      double[][] own =
          Definition.linear(rows(List.of(batch)), state(model, "0.weight"), state(model, "0.bias"));
      double[][] hidden =
          Definition.normalisedRelu(own, Definition.means(own), Definition.variances(own, 0));
      second.addAll(
          List.of(Definition.linear(hidden, state(model, "3.weight"), state(model, "3.bias"))));
    }
    double[][] all = second.toArray(double[][]::new);
    assertArrayEquals(Definition.means(all), state(model, "4.running_mean"), TOLERANCE);
    assertArrayEquals(Definition.variances(all, 1), state(model, "4.running_var"), TOLERANCE);
    assertEquals(3, state(model, "4.num_batches_tracked")[0]);
  }

  @Test
  void storedVarianceFollowsTheOptionsOfTheLayer() {
    BatchNormOptions biased =
        BatchNormOptions.defaults()
            .withDtype(DType.FLOAT64)
            .withRunningVariance(VarianceEstimator.BIASED);
    BatchNorm1d layer = new BatchNorm1d(4, biased);
    Recalibration.recalibrate(layer, batches);
    assertArrayEquals(
        Definition.variances(rows(batches), 0), state(layer, "running_var"), TOLERANCE);
  }

  @Test
  void theOrderOfBatchesAndTheirCutsMakeNoDifferenceBeyondRounding() {
    BatchNorm1d whole = norm(4);
    BatchNorm1d cut = norm(4);
    double[][] rows = rows(batches);
    double[] flat = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    Recalibration.recalibrate(whole, List.of(Tensor.of(flat, rows.length, 4)));
    Recalibration.recalibrate(cut, batches.reversed());
    assertArrayEquals(state(whole, "running_mean"), state(cut, "running_mean"), TOLERANCE);
    assertArrayEquals(state(whole, "running_var"), state(cut, "running_var"), TOLERANCE);
  }

  @Test
  void imagesCountEveryPosition() {
    BatchNorm2d layer = new BatchNorm2d(1, BatchNormOptions.defaults().withDtype(DType.FLOAT64));
    Tensor one = Tensor.of(new double[] {1, 2, 3, 4}, 1, 1, 2, 2);
    Tensor two = Tensor.of(new double[] {5, 6, 7, 8}, 1, 1, 2, 2);
    RecalibrationReport report = Recalibration.recalibrate(layer, List.of(one, two));
    assertEquals(4.5, state(layer, "running_mean")[0]);
    assertEquals(6, state(layer, "running_var")[0], 2 * Math.ulp(6.0)); // 42 / 7
    assertEquals(8, report.changed().getFirst().values());
  }

  @Test
  void theReportSaysHowFarStatisticsMoved() {
    BatchNorm1d layer = norm(1);
    Tensor batch = Tensor.of(new double[] {10, 14}, 2, 1); // mean 12, unbiased variance 8
    RecalibrationReport.Change change =
        Recalibration.recalibrate(layer, List.of(batch)).changed().getFirst();
    assertEquals(12 / Math.sqrt(8 + 1e-5), change.meanShift(), 1e-15 * 5);
    assertEquals((8 + 1e-5) / (1 + 1e-5), change.varianceRatio(), 1e-15 * 10);
    Tensor narrow = Tensor.of(new double[] {1, 2}, 2, 1); // variance 1/2
    change = Recalibration.recalibrate(layer, List.of(narrow)).changed().getFirst();
    assertEquals((0.5 + 1e-5) / (8 + 1e-5), change.varianceRatio(), 1e-16);
  }

  @ParameterizedTest
  @EnumSource(RecalibrationOrder.class)
  void nothingButStatisticsOfBatchNormsChanges(RecalibrationOrder order) {
    InstanceNorm1d other =
        new InstanceNorm1d(1, InstanceNormOptions.defaults().withTrackRunningStats(true));
    BatchNorm1d frozen = new BatchNorm1d(4);
    frozen.freeze(BatchNormFreeze.RUNNING_STATISTICS, BatchNormFreeze.AFFINE);
    BatchNorm1d untracked =
        new BatchNorm1d(4, BatchNormOptions.defaults().withTrackRunningStats(false));
    BatchNorm1d layer = new BatchNorm1d(4);
    Sequential model = new Sequential(frozen, untracked, layer, new Instances(other));
    Map<String, Tensor> before = copy(model);
    List<Tensor> floats = batches(8, 4).stream().map(t -> t.to(DType.FLOAT32)).toList();
    RecalibrationReport report =
        Recalibration.recalibrate(model, floats, order, Backend.standard());

    before.keySet().removeIf(name -> name.startsWith("2.running") || name.startsWith("2.num"));
    assertSame(before, model);
    assertEquals(
        Set.of(BatchNormFreeze.RUNNING_STATISTICS, BatchNormFreeze.AFFINE), frozen.frozen());
    assertEquals(BatchNormOptions.defaults().averaging(), layer.options().averaging());
    assertEquals(2, layer.numBatchesTracked());
    assertEquals(
        List.of(
            new KeptBatchNorm(
                "0",
                "its running statistics are frozen; thaw(BatchNormFreeze.RUNNING_STATISTICS)"
                    + " first"),
            new KeptBatchNorm(
                "1", "it tracks no running statistics; build it with withTrackRunningStats(true)")),
        report.kept());
  }

  /** An instance norm on (N, C) seen as (N, 1, C). */
  private static final class Instances implements Module {
    private final Members members = new Members("Instances");
    private final InstanceNorm1d norm;

    Instances(InstanceNorm1d norm) {
      this.norm = members.child("norm", norm);
    }

    @Override
    public Tensor forward(Tensor input, Pass pass) {
      return norm.forward(pass.reshape(input, input.axis(0), 1, input.axis(1)), pass);
    }

    @Override
    public Members members() {
      return members;
    }
  }

  @Test
  void layersThatNormaliseWithFrozenStatisticsInTrainingDoSoInOnePass() {
    BatchNorm1d constant = norm(4);
    constant.freeze(BatchNormFreeze.NORMALISATION);
    BatchNorm1d next = norm(4);
    Sequential model = new Sequential(constant, next);
    List<Tensor> two = batches(3, 4);
    Recalibration.recalibrate(model, two, RecalibrationOrder.ONE_PASS, Backend.standard());
    // mean 0 and variance 1 normalised throughout: the next layer saw x / sqrt(1 + 1e-5)
    double[] expected = Definition.variances(rows(two), 1);
    for (int c = 0; c < 4; c++) {
      expected[c] /= 1 + 1e-5;
    }
    assertArrayEquals(expected, state(model, "1.running_var"), TOLERANCE);
  }

  @Test
  void dropoutDropsNothingLayerByLayer() {
    BatchNorm1d layer = norm(4);
    Recalibration.recalibrate(new Sequential(new Dropout(0.9), layer), batches);
    assertArrayEquals(Definition.means(rows(batches)), state(layer, "running_mean"), TOLERANCE);
  }

  @Test
  void aLayerUsedTwiceTakesTheValuesOfBothPlaces() {
    BatchNorm1d shared = norm(4);
    Sequential model = new Sequential(shared, shared);
    List<Tensor> one = List.of(batches.getFirst());
    RecalibrationReport report = Recalibration.recalibrate(model, one);
    assertEquals(1, report.changed().size());
    assertEquals(14, report.changed().getFirst().values());
  }

  @ParameterizedTest
  @EnumSource(RecalibrationOrder.class)
  void noBatchesAreRefusedAndNothingChanges(RecalibrationOrder order) {
    Sequential model = trained();
    Map<String, Tensor> before = copy(model);
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Recalibration.recalibrate(model, List.of(), order, Backend.standard()));
    assertEquals(
        "recalibrate: there are no batches to take statistics from; give at least one",
        e.getMessage());
    assertSame(before, model);
  }

  private Sequential trained() {
    Sequential model = twoNorms();
    model.forward(batches.getFirst(), Pass.training());
    return model;
  }

  @ParameterizedTest
  @EnumSource(RecalibrationOrder.class)
  void aFailureInTheMiddlePutsEverythingBack(RecalibrationOrder order) {
    // run 1 is made here; layer by layer fails in its second pass, one pass in its second batch,
    // each time behind a layer that has new statistics
    int last = order == RecalibrationOrder.ONE_PASS ? 3 : 5;
    Sequential model =
        new Sequential(linear(4, 3), norm(3), new Failing(last), linear(3, 2), norm(2));
    model.forward(batches.getFirst(), Pass.training());
    Map<String, Tensor> before = copy(model);
    List<Tensor> two = batches.subList(0, 2);
    assertThrows(
        IllegalStateException.class,
        () -> Recalibration.recalibrate(model, two, order, Backend.standard()));
    assertSame(before, model);
  }

  /** Passes its input on a few times and fails then. */
  private static final class Failing implements Module {
    private final Members members = new Members("Failing");
    private final int last;
    private int runs;

    Failing(int last) {
      this.last = last;
    }

    @Override
    public Tensor forward(Tensor input, Pass pass) {
      if (++runs == last) {
        throw new IllegalStateException("run " + runs);
      }
      return input;
    }

    @Override
    public Members members() {
      return members;
    }
  }

  @Test
  void aFailureInTheLastLayerPutsTheFirstOneBack() {
    Sequential model = trained();
    Map<String, Tensor> before = copy(model);
    int[] passes = {0};
    Iterable<Tensor> spoiltLater =
        () -> ++passes[0] == 2 ? spoilt().iterator() : batches.iterator();
    Exception e =
        assertThrows(
            ArithmeticException.class, () -> Recalibration.recalibrate(model, spoiltLater));
    assertEquals(
        "recalibrate: BatchNorm1d \"4\": the mean of channel 0 is NaN; look for NaN or infinite"
            + " values in the batches",
        e.getMessage());
    assertSame(before, model);
  }

  private List<Tensor> spoilt() {
    return List.of(batches.getFirst(), Tensor.full(Double.NaN, DType.FLOAT64, 2, 4));
  }

  @Test
  void batchesThatComeOnlyOnceAreNamed() {
    Iterator<Tensor> once = batches.iterator();
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> Recalibration.recalibrate(trained(), () -> once));
    assertTrue(e.getMessage().startsWith("recalibrate: the batches came 4 times and then no more"));
  }

  @Test
  void tooFewValuesAndStatisticsBeyondTheTypeAreRefused() {
    assertRefused(
        layer -> List.of(Tensor.zeros(1, 2)),
        "recalibrate: BatchNorm1d got 1 value per channel, but its variance needs at least 2; give"
            + " more or larger batches");
    assertRefused(
        layer -> List.of(Tensor.of(new float[] {0x1p100f, 0, -0x1p100f, 0}, 2, 2)),
        "recalibrate: BatchNorm1d: the variance of channel 0 is 3.214e+60, beyond"
            + " float32; scale the input or keep statistics in float64");
  }

  private static void assertRefused(Function<BatchNorm1d, List<Tensor>> given, String message) {
    BatchNorm1d layer = new BatchNorm1d(2);
    Exception e =
        assertThrows(
            RuntimeException.class, () -> Recalibration.recalibrate(layer, given.apply(layer)));
    assertEquals(message, e.getMessage());
  }

  @Test
  void aBatchNormThatNoBatchReachesIsKeptAndNamed() {
    Sequential model = new Sequential(new Unused(norm(3)), norm(4));
    RecalibrationReport report = Recalibration.recalibrate(model, batches);
    assertEquals(List.of(new KeptBatchNorm("0.spare", "no batch came through it")), report.kept());
  }

  /** Has a batch norm that it does not use. */
  private static final class Unused implements Module {
    private final Members members = new Members("Unused");

    Unused(BatchNorm1d spare) {
      members.child("spare", spare);
    }

    @Override
    public Tensor forward(Tensor input, Pass pass) {
      return input;
    }

    @Override
    public Members members() {
      return members;
    }
  }

  @Test
  void aLayerThatWorksInPlaceShowsWhatItWasGiven() {
    BatchNorm1d inplace =
        new BatchNorm1d(4, BatchNormOptions.defaults().withDtype(DType.FLOAT64).withInplace(true));
    double[][] rows = rows(batches);
    List<Tensor> copies = batches.stream().map(Tensor::detach).toList();
    Recalibration.recalibrate(inplace, copies);
    assertArrayEquals(Definition.means(rows), state(inplace, "running_mean"), TOLERANCE);
  }
}
