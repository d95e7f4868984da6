package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Objects;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxBatchNormalizationTest {
  private static final List<DType> FLOATING =
      List.of(DType.FLOAT64, DType.FLOAT32, DType.FLOAT16, DType.BFLOAT16);

  // channel 0: 1 3 5 7, mean 4, biased variance 5; channel 1: constant 2
  private final Tensor x = Tensor.of(new double[] {1, 2, 3, 2, 5, 2, 7, 2}, 4, 2);
  private final Tensor one = Tensor.of(new double[] {1, 1}, 2);
  private final Tensor zero = Tensor.of(new double[] {0, 0}, 2);

  private static double[] values(@Nullable Tensor tensor) {
    return Objects.requireNonNull(tensor).toDoubles();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6, 7, 9, 14, 15, 22})
  void trainingStoresNineTenthsOfTheOldAndTheBiasedVariance(int opset) {
    OnnxBatchNormalization.Outputs out =
        OnnxBatchNormalization.ofOpset(opset)
            .withEpsilon(4)
            .withTraining(true)
            .apply(x, one, zero, zero, one, Pass.inference());
    assertArrayEquals(
        new double[] {-1, 0, -1 / 3.0, 0, 1 / 3.0, 0, 1, 0}, out.y().toDoubles(), 1e-15);
    assertArrayEquals(new double[] {0.4, 0.2}, values(out.runningMean()), 1e-15);
    assertArrayEquals(new double[] {1.4, 0.9}, values(out.runningVar()), 1e-15);
    assertArrayEquals(new double[] {0, 0}, zero.toDoubles(), "inputs stay");
    assertArrayEquals(new double[] {1, 1}, one.toDoubles(), "inputs stay");
    if (opset < 14) {
      assertArrayEquals(new double[] {4, 2}, values(out.savedMean()));
      assertArrayEquals(new double[] {5, 0}, values(out.savedVar()));
    } else {
      assertNull(out.savedMean());
    }
  }

  @Test
  void inferenceUsesTheGivenStatisticsAndGivesOneOutput() {
    OnnxBatchNormalization.Outputs out =
        OnnxBatchNormalization.ofOpset(15)
            .withEpsilon(0)
            .apply(
                x,
                Tensor.of(new double[] {2, 1}, 2),
                Tensor.of(new double[] {10, 0}, 2),
                one,
                Tensor.of(new double[] {4, 1}, 2),
                Pass.inference());
    assertArrayEquals(new double[] {10, 1, 12, 1, 14, 1, 16, 1}, out.y().toDoubles());
    assertNull(out.runningMean());
  }

  @Test
  void withoutSpatialEachFeatureHasItsOwnStatistics() {
    Tensor planes = x.reshape(4, 1, 2);
    OnnxBatchNormalization.Outputs out =
        OnnxBatchNormalization.ofOpset(7)
            .withSpatial(false)
            .withMomentum(0)
            .withTraining(true)
            .apply(
                planes,
                one.reshape(1, 2),
                zero.reshape(1, 2),
                zero.reshape(1, 2),
                one.reshape(1, 2),
                Pass.inference());
    assertEquals("(4, 1, 2)", out.y().shape().toString());
    assertArrayEquals(new double[] {4, 2}, values(out.runningMean()));
    assertArrayEquals(new double[] {5, 0}, values(out.runningVar()));
    assertEquals("(1, 2)", Objects.requireNonNull(out.runningVar()).shape().toString());
    assertThrows(
        IllegalArgumentException.class, () -> OnnxBatchNormalization.ofOpset(9).withSpatial(false));
  }

  @Test
  void rankOneHasOneChannelAndOneValueIsAllowed() {
    Tensor single = Tensor.of(new double[] {5}, 1);
    Tensor line = Tensor.of(new double[] {1, 3, 5, 7}, 4);
    OnnxBatchNormalization training =
        OnnxBatchNormalization.ofOpset(15).withTraining(true).withMomentum(0.5);
    OnnxBatchNormalization.Outputs out =
        training.apply(line, single, single, single, single, Pass.inference());
    assertEquals("(4)", out.y().shape().toString());
    assertArrayEquals(new double[] {4.5}, values(out.runningMean()));
    OnnxBatchNormalization.Outputs lone =
        training.apply(single, single, single, single, single, Pass.inference());
    assertArrayEquals(new double[] {5}, lone.y().toDoubles());
    assertArrayEquals(new double[] {2.5}, values(lone.runningVar()));
  }

  @Test
  void noValuesLeaveTheStatistics() {
    OnnxBatchNormalization.Outputs out =
        OnnxBatchNormalization.ofOpset(9)
            .withTraining(true)
            .apply(x.range(0, 0), one, zero, zero, one, Pass.inference());
    assertArrayEquals(new double[] {1, 1}, values(out.runningVar()));
    assertArrayEquals(new double[] {0, 0}, values(out.savedVar()));
  }

  @Test
  void vectorsThatDoNotFitAreNamed() {
    assertEquals(
        "BatchNormalization: input_var has shape (1), but X of shape (4, 2) needs 2 values",
        assertThrows(
                ShapeException.class,
                () ->
                    OnnxBatchNormalization.ofOpset(15)
                        .apply(x, one, zero, zero, Tensor.ones(1), Pass.inference()))
            .getMessage());
  }

  @Test
  void opsetFifteenTakesScaleAndStatisticsOfOtherTypes() {
    // exact in every type: sqrt(3 + 1) = 2
    Tensor two = Tensor.of(new double[] {2, 4}, 2);
    Tensor three = Tensor.of(new double[] {3, 3}, 2);
    double[] expected = {0, 5, 2, 5, 4, 5, 6, 5}; // (x - (1, 1)) / 2 * (2, 4) + (0, 3)
    Tensor beta = Tensor.of(new double[] {0, 3}, 2);
    OnnxBatchNormalization operator = OnnxBatchNormalization.ofOpset(15).withEpsilon(1);
    for (DType t : FLOATING) {
      for (DType t1 : FLOATING) {
        for (DType t2 : FLOATING) {
          Pass pass = Pass.inference().recording();
          Tensor scale = pass.watch(two.to(t1));
          Tensor y =
              operator.apply(x.to(t), scale, beta.to(t1), one.to(t2), three.to(t2), pass).y();
          assertEquals(t, y.dtype());
          assertArrayEquals(expected, y.toDoubles());
          Tensor gradient = pass.backward(y, Tensor.ones(4, 2).to(t), false).of(scale);
          assertEquals(t1, gradient.dtype());
          assertArrayEquals(new double[] {6, 2}, gradient.toDoubles()); // sums of (x - 1) / 2
          OnnxBatchNormalization.Outputs training =
              operator
                  .withTraining(true)
                  .withMomentum(0)
                  .apply(x.to(t), scale, beta.to(t1), one.to(t2), three.to(t2), pass);
          assertEquals(t2, Objects.requireNonNull(training.runningVar()).dtype());
          assertArrayEquals(new double[] {5, 0}, values(training.runningVar()));
        }
      }
    }
    assertThrows(
        IllegalArgumentException.class,
        () ->
            OnnxBatchNormalization.ofOpset(14)
                .apply(x, one.to(DType.FLOAT32), zero, zero, one, Pass.inference()));
  }
}
