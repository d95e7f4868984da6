package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.Epilogue;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fused computations give the bits of one step after the other. */
class FusedBatchNormTest {

  private static BatchNorm2d norm() {
    BatchNorm2d norm = new BatchNorm2d(3);
    norm.weight().orElseThrow().value().copyFrom(Tensor.of(new float[] {1, -2, 0.5f}, 3));
    norm.bias().orElseThrow().value().copyFrom(Tensor.of(new float[] {0, 0.3f, -0.2f}, 3));
    return norm;
  }

  private interface Model {
    Tensor apply(BatchNorm2d norm, Tensor x, Tensor residual, Pass pass);
  }

  private static void assertSameBits(
      Model expected, Model actual, Layout layout, boolean training) {
    List<byte[]> first = run(expected, layout, training);
    List<byte[]> second = run(actual, layout, training);
    for (int i = 0; i < first.size(); i++) {
      assertArrayEquals(first.get(i), second.get(i), "result " + i);
    }
  }

  private static List<byte[]> run(Model model, Layout layout, boolean training) {
    Tensor x = Tensor.randn(RandomStream.of(1), 4, 3, 5, 5).to(layout);
    Tensor residual = Tensor.randn(RandomStream.of(2), 4, 3, 5, 5).to(layout);
    Tensor g = Tensor.randn(RandomStream.of(3), 4, 3, 5, 5);
    BatchNorm2d norm = norm();
    List<byte[]> results = new ArrayList<>();
    for (boolean graph : new boolean[] {false, true}) {
      Pass pass = training ? Pass.training() : Pass.inference().recording();
      Tensor y = model.apply(norm, pass.watch(x), pass.watch(residual), pass);
      Gradients gradients = pass.backward(y, g, graph);
      results.add(y.toBytes());
      gradients.find(x).ifPresent(t -> results.add(t.toBytes()));
      gradients.find(residual).ifPresent(t -> results.add(t.toBytes()));
      norm.parameters().forEach(p -> results.add(gradients.of(p.value()).toBytes()));
    }
    norm.stateDict().values().forEach(t -> results.add(t.toBytes()));
    return results;
  }

  @ParameterizedTest
  @CsvSource({
    "CHANNELS_FIRST, true",
    "CHANNELS_FIRST, false",
    "CHANNELS_LAST, true",
    "CHANNELS_LAST, false"
  })
  void reluBehindABatchNorm(Layout layout, boolean training) {
    Model apart = (norm, x, r, pass) -> pass.relu(norm.forward(x, pass));
    assertSameBits(
        apart,
        (norm, x, r, pass) -> new Sequential(norm, new ReLU()).forward(x, pass),
        layout,
        training);
    assertSameBits(
        apart, (norm, x, r, pass) -> new BatchNormReLU(norm).forward(x, pass), layout, training);
  }

  @ParameterizedTest
  @CsvSource({
    "CHANNELS_FIRST, true",
    "CHANNELS_FIRST, false",
    "CHANNELS_LAST, true",
    "CHANNELS_LAST, false"
  })
  void sumAndReluBehindABatchNorm(Layout layout, boolean training) {
    assertSameBits(
        (norm, x, r, pass) -> pass.relu(pass.add(norm.forward(x, pass), r)),
        (norm, x, r, pass) -> new BatchNormAddReLU(norm).forward(x, r, pass),
        layout,
        training);
    Model apart = (norm, x, r, pass) -> pass.relu(pass.add(norm.forward(x, pass), x));
    assertSameBits(
        apart, (norm, x, r, pass) -> new Residual(norm).forward(x, pass), layout, training);
    assertSameBits(
        apart,
        (norm, x, r, pass) -> new Residual(new Sequential(norm)).forward(x, pass),
        layout,
        training);
    assertSameBits(
        apart, (norm, x, r, pass) -> new BatchNormAddReLU(norm).forward(x, pass), layout, training);
  }

  @Test
  void functionsFuseByTheirOptions() {
    Tensor x = Tensor.of(new float[] {1, 3, 5, 7}, 4, 1);
    Tensor residual = Tensor.of(new float[] {1, 0.5f, 0, -2}, 4, 1);
    BatchNormFunctionalOptions options =
        BatchNormFunctionalOptions.defaults().withTraining(true).withEps(4); // sqrt(5 + 4) = 3
    Pass pass = Pass.inference();
    assertArrayEquals(
        new float[] {0, 0, 1 / 3f, 1},
        Functional.batchNorm(x, null, null, options.withEpilogue(Epilogue.relu()), pass).toFloats(),
        1e-7f);
    assertArrayEquals(
        new float[] {0, 1 / 6f, 1 / 3f, 0},
        Functional.batchNorm(x, null, null, options.withEpilogue(Epilogue.addRelu(residual)), pass)
            .toFloats(),
        1e-7f);
  }

  @Test
  void residualsThatDoNotFitAreRefused() {
    BatchNorm2d norm = norm();
    Tensor x = Tensor.ones(2, 3, 2, 2);
    assertEquals(
        "BatchNorm2d: what is added before the ReLU is float32(2, 3, 2, 1), which does not fit the"
            + " input float32(2, 3, 2, 2)",
        assertThrows(
                ShapeException.class,
                () -> norm.forwardAddRelu(x, Tensor.ones(2, 3, 2, 1), Pass.training()))
            .getMessage());
    assertEquals(0, norm.numBatchesTracked());
  }

  @Test
  void residualsOfAnotherShapeAreRefusedAlsoWhereTheInputIsReadAsRows() {
    BatchNormNd lastAxis = new BatchNormNd(2, BatchNormOptions.keras());
    assertThrows( // eight values in rows of two, as the input has
        ShapeException.class,
        () -> lastAxis.forwardAddRelu(Tensor.ones(2, 2, 2), Tensor.ones(1, 4, 2), Pass.training()));
    assertEquals(0, lastAxis.numBatchesTracked());
  }

  @Test
  void residualsThatDoNotFitLeaveTheInputOfALayerInPlaceAlone() {
    BatchNorm2d inPlace = new BatchNorm2d(1, BatchNormOptions.pytorch().withInplace(true));
    Tensor x = Tensor.full(3, DType.FLOAT32, 4, 1, 512, 512); // as many ranges as samples
    for (int samples : new int[] {2, 6}) {
      Tensor residual = Tensor.ones(samples, 1, 512, 512);
      assertThrows(
          ShapeException.class, () -> inPlace.forwardAddRelu(x, residual, Pass.inference()));
      assertEquals(3.0 * x.size(), x.sum().item());
    }
  }
}
