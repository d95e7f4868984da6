package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BatchNormPoliciesTest {
  private final Tensor x = Tensor.of(new float[] {1, 2, 3, 2, 5, 2, 7, 2}, 4, 2);

  private static BatchNorm1d layer(BatchNormOptions options) {
    return new BatchNorm1d(2, options);
  }

  private static double[] statistics(BatchNorm layer) {
    double[] mean = layer.runningMean().orElseThrow().toDoubles();
    double[] variance = layer.runningVar().orElseThrow().toDoubles();
    return new double[] {mean[0], mean[1], variance[0], variance[1], layer.numBatchesTracked()};
  }

  // ---- batch of one

  @Test
  void acceptedBatchOfOneGivesBetaAndAVarianceOfZero() {
    BatchNorm1d layer = layer(BatchNormOptions.puzzleLib().withMomentum(0.5));
    layer.bias().orElseThrow().value().fill(3);
    Pass pass = Pass.training();
    Tensor one = pass.watch(Tensor.of(new float[] {8, -2}, 1, 2));
    Tensor y = layer.forward(one, pass);
    assertArrayEquals(new float[] {3, 3}, y.toFloats());
    assertArrayEquals(new double[] {4, -1, 0.5, 0.5, 1}, statistics(layer));
    Gradients gradients = pass.backward(y, Tensor.of(new float[] {0.3f, 7}, 1, 2), false);
    assertArrayEquals(new float[] {0, 0}, gradients.of(one).toFloats());
    assertArrayEquals(
        new float[] {0.3f, 7}, gradients.of(layer.bias().orElseThrow().value()).toFloats());
  }

  @Test
  void batchOfOneCanLeaveTheStatisticsAlone() {
    BatchNorm1d layer =
        layer(BatchNormOptions.pytorch().withBatchOfOne(BatchOfOne.KEEP_STATISTICS));
    assertArrayEquals(
        new float[] {0, 0},
        layer.forward(Tensor.full(8, DType.FLOAT32, 1, 2), Pass.training()).toFloats());
    assertArrayEquals(new double[] {0, 0, 1, 1, 0}, statistics(layer));
  }

  @Test
  void withoutStatisticsABatchOfOneIsRefusedInInferenceToo() {
    BatchNorm1d layer = layer(BatchNormOptions.pytorch().withTrackRunningStats(false));
    assertThrows(ShapeException.class, () -> layer.forward(Tensor.zeros(1, 2), Pass.inference()));
  }

  // ---- freezing

  @Test
  void frozenNormalisationUsesTheStatisticsFromBeforeTheBatchAndMayMoveThem() {
    BatchNorm1d layer = layer(BatchNormOptions.pytorch().withEps(0));
    layer.freeze(BatchNormFreeze.NORMALISATION);
    layer.runningVar().orElseThrow().fill(4);
    Pass pass = Pass.training();
    Tensor y = layer.forward(pass.watch(x), pass);
    assertArrayEquals(new float[] {0.5f, 1, 1.5f, 1, 2.5f, 1, 3.5f, 1}, y.toFloats());
    assertArrayEquals(
        new double[] {0.4, 0.2, 3.6 + 2 / 3.0, 3.6, 1}, statistics(layer), Math.ulp(4f));
    float[] dx = pass.backward(pass.sum(y)).of(x).toFloats();
    assertArrayEquals(new float[] {.5f, .5f, .5f, .5f, .5f, .5f, .5f, .5f}, dx);
  }

  @Test
  void frozenStatisticsDoNotMoveOrCountWhileTheBatchNormalises() {
    BatchNorm1d frozen =
        layer(BatchNormOptions.pytorch().withFrozen(BatchNormFreeze.RUNNING_STATISTICS));
    BatchNorm1d free = layer(BatchNormOptions.pytorch());
    assertArrayEquals(
        free.forward(x, Pass.training()).toFloats(), frozen.forward(x, Pass.training()).toFloats());
    assertArrayEquals(new double[] {0, 0, 1, 1, 0}, statistics(frozen));
    frozen.thaw(BatchNormFreeze.RUNNING_STATISTICS);
    frozen.forward(x, Pass.training());
    assertArrayEquals(statistics(free), statistics(frozen));
  }

  @Test
  void trackingSwitchedOffLaterKeepsTheBuffersForInference() {
    BatchNorm1d layer = layer(BatchNormOptions.pytorch());
    layer.forward(x, Pass.training());
    double[] before = statistics(layer);
    float[] inference = layer.forward(x, Pass.inference()).toFloats();
    layer.setTrackRunningStats(false);
    layer.forward(x.mul(3), Pass.training());
    assertArrayEquals(before, statistics(layer));
    assertArrayEquals(inference, layer.forward(x, Pass.inference()).toFloats());
  }

  @Test
  void frozenAffineGetsNoGradientAndThawsAgain() {
    BatchNorm1d layer = layer(BatchNormOptions.pytorch().withFrozen(BatchNormFreeze.AFFINE));
    Pass pass = Pass.training();
    pass.watch(x);
    Gradients gradients = pass.backward(pass.sum(pass.square(layer.forward(x, pass))));
    assertTrue(layer.parameters().stream().allMatch(p -> gradients.find(p.value()).isEmpty()));
    layer.thaw(BatchNormFreeze.AFFINE);
    assertTrue(layer.parameters().stream().allMatch(Parameter::isTrainable));
  }

  @Test
  void withoutStatisticsThereIsNothingToNormaliseWith() {
    BatchNorm1d layer = layer(BatchNormOptions.pytorch().withTrackRunningStats(false));
    assertThrows(IllegalStateException.class, () -> layer.freeze(BatchNormFreeze.NORMALISATION));
    assertThrows(IllegalStateException.class, () -> layer.setTrackRunningStats(true));
  }

  // ---- NaN, infinity, overflow

  @ParameterizedTest
  @EnumSource(Layout.class)
  void badValuesSpoilTheirChannelAloneAndItsStatisticsStay(Layout layout) {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      Tensor input = Tensor.randn(RandomStream.of(2), 4, 2, 3, 3);
      Tensor clean = input.detach();
      input.unsafeFloatArray()[5] = bad;
      BatchNorm2d layer = new BatchNorm2d(2);
      BatchNorm2d reference = new BatchNorm2d(2);
      List<String> lines = new ArrayList<>();
      layer.warnTo(lines::add);
      float[] y = layer.forward(input.to(layout), Pass.training()).toFloats();
      float[] expected = reference.forward(clean.to(layout), Pass.training()).toFloats();
      for (int i = 0; i < y.length; i++) {
        if (i / 9 % 2 == 0) {
          assertTrue(Float.isNaN(y[i]));
        } else {
          assertEquals(expected[i], y[i]);
        }
      }
      double[] moved = statistics(reference);
      assertArrayEquals(new double[] {0, moved[1], 1, moved[3], 1}, statistics(layer));
      layer.forward(input.to(layout), Pass.training());
      assertEquals(1, lines.size(), "said once");
      assertTrue(lines.get(0).startsWith("BatchNorm2d: channel 0 of the batch has mean "));
      float[] later = layer.forward(clean, Pass.inference()).toFloats();
      assertTrue(java.util.stream.IntStream.range(0, 9).allMatch(i -> Float.isFinite(later[i])));
    }
  }

  @Test
  void firstBatchOfWeightOneForgetsWhatWasThere() {
    BatchNorm1d layer = layer(BatchNormOptions.puzzleLib());
    layer.runningVar().orElseThrow().fill(Double.POSITIVE_INFINITY);
    layer.runningMean().orElseThrow().fill(Double.NaN);
    layer.forward(x, Pass.training());
    assertArrayEquals(new double[] {4, 2, 20 / 3.0, 0, 1}, statistics(layer), Math.ulp(7f));
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void outputsAndGradientsOfHugeDataAreThoseOfDataNearOne(Layout layout) {
    double scale = 0x1p100; // about 1e30, exact
    Tensor small = Tensor.randn(RandomStream.of(5), 6, 2, 3, 3);
    Tensor g = Tensor.randn(RandomStream.of(6), 6, 2, 3, 3);
    BatchNormOptions options = BatchNormOptions.pytorch().withEps(0x1p-200);
    for (boolean createGraph : new boolean[] {false, true}) {
      for (boolean relu : new boolean[] {false, true}) {
        BatchNorm2d layer = new BatchNorm2d(2, options);
        List<String> lines = new ArrayList<>();
        layer.warnTo(lines::add);
        Pass pass = Pass.training();
        Tensor huge = pass.watch(small.mul(scale).to(layout));
        Tensor y = relu ? layer.forwardRelu(huge, pass) : layer.forward(huge, pass);
        Gradients gradients = pass.backward(y, g, createGraph);

        BatchNorm2d plain =
            new BatchNorm2d(
                2, BatchNormOptions.pytorch().withDtype(DType.FLOAT64).withEps(0x1p-400));
        Pass exact = Pass.training();
        Tensor near = exact.watch(small.to(DType.FLOAT64));
        Tensor expected = relu ? plain.forwardRelu(near, exact) : plain.forward(near, exact);
        Gradients wanted = exact.backward(expected, g.to(DType.FLOAT64), false);

        // float32: some ten roundings of values up to 4
        assertArrayEquals(expected.toDoubles(), y.toDoubles(), 1e-5);
        double[] dx = gradients.of(huge).toDoubles();
        for (int i = 0; i < dx.length; i++) {
          dx[i] *= scale;
        }
        assertArrayEquals(wanted.of(near).toDoubles(), dx, 1e-5);
        assertArrayEquals(
            wanted.of(plain.weight().orElseThrow().value()).toDoubles(),
            gradients.of(layer.weight().orElseThrow().value()).toDoubles(),
            1e-4);
        assertTrue(
            Arrays.stream(layer.runningVar().orElseThrow().toDoubles())
                .allMatch(v -> v == Double.POSITIVE_INFINITY));
        assertEquals(1, lines.size());
        assertTrue(lines.get(0).contains("is beyond float32 and is stored as Infinity"));
      }
    }
  }

  // ---- float64, in place, empty, names, lazy channels

  @Test
  void float64LayersKeepFloat64AndRefuseFloat32() {
    BatchNorm1d layer = layer(BatchNormOptions.pytorch().withDtype(DType.FLOAT64));
    assertEquals(DType.FLOAT64, layer.forward(x.to(DType.FLOAT64), Pass.training()).dtype());
    layer
        .stateDict()
        .forEach(
            (name, t) ->
                assertEquals(name.startsWith("num") ? DType.INT64 : DType.FLOAT64, t.dtype()));
    assertEquals(1, layer.numBatchesTracked());
    assertThrows(IllegalArgumentException.class, () -> layer.forward(x, Pass.training()));
    assertEquals(1, layer.numBatchesTracked());
  }

  @ParameterizedTest
  @EnumSource(Layout.class)
  void inPlaceInferenceOverwritesTheInput(Layout layout) {
    Tensor input = Tensor.randn(RandomStream.of(9), 5, 3, 200, 300).to(layout); // several ranges
    for (boolean tracked : new boolean[] {true, false}) {
      BatchNormOptions options = BatchNormOptions.pytorch().withTrackRunningStats(tracked);
      Tensor expected = new BatchNorm2d(3, options).forwardRelu(input, Pass.inference());
      Tensor target = input.detach();
      Tensor y =
          new BatchNorm2d(3, options.withInplace(true)).forwardRelu(target, Pass.inference());
      assertSame(target, y);
      assertArrayEquals(expected.toFloats(), target.toFloats());
    }
  }

  @Test
  void inPlaceIsRefusedWhereTheInputIsStillNeeded() {
    BatchNorm1d layer = layer(BatchNormOptions.puzzleLib().withInplace(true));
    assertThrows(IllegalStateException.class, () -> layer.forward(x, Pass.training()));
    assertThrows(IllegalStateException.class, () -> layer.forward(x, Pass.inference().recording()));
    assertEquals(0, layer.numBatchesTracked());
    assertThrows(IllegalArgumentException.class, () -> new Residual(new Sequential(layer)));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Residual(
                new Sequential(
                    new Flatten(), layer(BatchNormOptions.puzzleLib().withInplace(true)))));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Residual(
                new Sequential(
                    new Sequential(new Dropout(0.5)),
                    layer(BatchNormOptions.puzzleLib().withInplace(true)))));
  }

  @Test
  void shortcutsThatWorkInPlaceAreRefusedBecauseTheBodyReadsTheInputToo() {
    // with a batch norm as its whole body, a block normalises after the shortcut has run
    assertEquals(
        "Residual: the shortcut starts with BatchNorm1d \"shortcut\", which works in place and"
            + " would overwrite the input that the body still needs; build it with"
            + " withInplace(false)",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new Residual(
                        layer(BatchNormOptions.pytorch()),
                        layer(BatchNormOptions.puzzleLib().withInplace(true))))
            .getMessage());
  }

  @Test
  void emptyLayersWaitForTheirState() {
    BatchNorm1d empty = layer(BatchNormOptions.puzzleLib().withEmpty(true));
    assertThrows(IllegalStateException.class, () -> empty.forward(x, Pass.inference()));
    BatchNorm1d trained = layer(BatchNormOptions.puzzleLib());
    trained.forward(x, Pass.training());
    empty.loadStateDict(trained.stateDict(), true);
    assertArrayEquals(
        trained.forward(x, Pass.inference()).toFloats(),
        empty.forward(x, Pass.inference()).toFloats());
    assertEquals(1, empty.numBatchesTracked());
  }

  @Test
  void namesAppearInErrorsAndInSequences() {
    BatchNorm1d layer = layer(BatchNormOptions.puzzleLib().withName("bn1"));
    assertTrue(
        assertThrows(
                ShapeException.class, () -> layer.forward(Tensor.zeros(2, 3), Pass.inference()))
            .getMessage()
            .startsWith("BatchNorm1d \"bn1\" was built for 2 channels"));
    new Sequential().add("head", new Sequential(layer));
    assertEquals("head.bn1", layer.path());
  }

  @Test
  void lazyChannelsComeFromTheFirstInput() {
    LazyBatchNorm<BatchNorm2d> lazy = LazyBatchNorm.of2d(BatchNormOptions.pytorch());
    assertEquals(7, lazy.forInput(Tensor.zeros(2, 7, 3, 3)).numFeatures());
    assertEquals(
        "LazyBatchNorm2d expected 4D input (got 3D input of shape (2, 7, 3))",
        assertThrows(ShapeException.class, () -> lazy.forInput(Tensor.zeros(2, 7, 3)))
            .getMessage());
    assertEquals(5, lazy.forInput(Tensor.zeros(0, 5, 3, 3)).numFeatures());
    Sequential model = new Sequential(new Linear(4, 6, true, RandomStream.of(1)));
    model.add(LazyBatchNorm.of1d(BatchNormOptions.pytorch()).behind(model, Tensor.zeros(1, 4)));
    assertEquals(
        "[2, 6]",
        Arrays.toString(model.forward(Tensor.ones(2, 4), Pass.training()).shape().toArray()));
  }

  @Test
  void parametersCanBeResetToo() {
    BatchNorm1d layer = layer(BatchNormOptions.puzzleLib());
    layer.forward(x, Pass.training());
    layer.bias().orElseThrow().value().fill(9);
    layer.resetParameters(RandomStream.of(3));
    float[] gamma = layer.weight().orElseThrow().value().toFloats();
    assertArrayEquals(new double[] {0, 0, 1, 1, 0}, statistics(layer));
    assertEquals(0, layer.bias().orElseThrow().value().sum().item());
    layer.resetParameters(RandomStream.of(3));
    assertArrayEquals(gamma, layer.weight().orElseThrow().value().toFloats());
  }
}
