package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FunctionalTest {
  private final Tensor x = Tensor.of(new float[] {1, 3, 5, 7}, 4, 1);

  private static String refusal(
      Tensor x,
      @Nullable Tensor mean,
      @Nullable Tensor variance,
      @Nullable Tensor weight,
      boolean training,
      double eps) {
    return String.valueOf(
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    Functional.batchNorm(
                        x, mean, variance, weight, null, training, 0.1, eps, Pass.inference()))
            .getMessage());
  }

  @Test
  void runningStatisticsAreUpdatedInPlaceInTraining() {
    Tensor mean = Tensor.zeros(1);
    Tensor variance = Tensor.ones(1);
    Functional.batchNorm(x, mean, variance, null, null, true, 0.25, 1e-5, Pass.inference());
    assertEquals(1, mean.item());
    assertEquals(0.75 + 20 / 12.0, variance.item(), 1e-7); // unbiased 20 / 3
  }

  @Test
  void allFormsOfTheFunctionAgree() {
    Tensor gamma = Tensor.of(new float[] {3}, 1);
    Tensor beta = Tensor.of(new float[] {-1}, 1);
    Pass pass = Pass.inference();
    BatchNormFunctionalOptions options =
        BatchNormFunctionalOptions.defaults()
            .withWeight(gamma)
            .withBias(beta)
            .withTraining(true)
            .withMomentum(0.25)
            .withEps(4);
    Tensor mean = Tensor.zeros(1);
    Tensor variance = Tensor.ones(1);
    float[] expected = {-4, -2, 0, 2}; // (x - 4) / sqrt(5 + 4) * 3 - 1
    assertArrayEquals(
        expected, Functional.batchNorm(x, mean, variance, options, pass).toFloats(), 1e-6f);
    assertEquals(1, mean.item());
    assertEquals(0.75 + 20 / 12.0, variance.item(), 1e-7);
    assertArrayEquals(
        expected,
        Functional.batchNorm(x, null, null, true, 0.25, 4, gamma, beta, pass).toFloats(),
        1e-6f);
    assertArrayEquals(
        expected,
        Functional.batchNorm(x, null, null, gamma, beta, true, 0.25, 4, pass).toFloats(),
        1e-6f);
    Functional.batchNorm(
        x.range(0, 1), mean, variance, options.withBatchOfOne(BatchOfOne.ACCEPT), pass);
    assertEquals(1, mean.item());
    assertEquals(0.75 * (0.75 + 20 / 12.0), variance.item(), 1e-6);
  }

  @Test
  void inferenceUsesTheGivenStatistics() {
    Tensor mean = Tensor.full(1, DType.FLOAT32, 1);
    Tensor variance = Tensor.full(4, DType.FLOAT32, 1);
    Tensor y = Functional.batchNorm(x, mean, variance, null, null, false, 0.1, 0, Pass.inference());
    assertArrayEquals(new float[] {0, 1, 2, 3}, y.toFloats());
  }

  @Test
  void instanceNormOfNoChannelsIsEmptyAndMovesNothing() {
    Tensor mean = Tensor.zeros(0);
    Tensor variance = Tensor.zeros(0);
    Tensor y =
        Functional.instanceNorm(
            Tensor.zeros(2, 0, 3), mean, variance, null, null, true, 0.1, 1e-5, Pass.inference());
    assertEquals(Shape.of(2, 0, 3), y.shape());
    assertEquals(0, mean.size());
  }

  @Test
  void everyMisuseIsNamed() {
    Tensor one = Tensor.ones(1);
    assertEquals(
        "batch_norm: running_mean must be defined in evaluation mode; pass training=true to use the"
            + " statistics of the batch",
        refusal(x, null, one, null, false, 1e-5));
    assertEquals(
        "batch_norm: running_mean and running_var must either both be null or neither be null;"
            + " running_var is missing",
        refusal(x, one, null, null, true, 1e-5));
    assertEquals(
        "batch_norm: eps must be positive during training, but got 0.0",
        refusal(x, null, null, null, true, 0));
    assertEquals(
        "batch_norm: eps must be non-negative, but got -1.0",
        refusal(x, one, one, null, false, -1));
    assertEquals(
        "batch_norm: weight should contain 1 elements, one per channel of the input (4, 1), but has"
            + " shape (2)",
        refusal(x, null, null, Tensor.ones(2), true, 1e-5));
    assertEquals(
        "batch_norm expected at least 2D input (N, C), got shape (4)",
        refusal(Tensor.zeros(4), null, null, null, true, 1e-5));
  }

  @Test
  void dropoutKeepsTheMeanAndRepeatsForEqualSeedStepAndPath() {
    Tensor ones = Tensor.ones(100, 100);
    Pass pass = Pass.training().withRandom(7, 3);
    Tensor y = Functional.dropout(ones, 0.25, "drop", pass);
    // 10,000 draws: deviation of the mean is sqrt(p / (1 - p)) / 100 = 0.006; five of them
    assertEquals(1, y.mean().item(), 0.03);
    assertEquals(4 / 3f, y.toFloats()[firstKept(y)]);
    assertArrayEquals(
        y.toFloats(),
        Functional.dropout(ones, 0.25, "drop", Pass.training().withRandom(7, 3)).toFloats());
    Tensor other = Functional.dropout(ones, 0.25, "drop2", pass);
    assertEquals(
        0.25,
        y.apply(org.batchnorm4j.tensor.BinaryOperation.NE, other).to(DType.FLOAT32).mean().item(),
        0.2); // 2 p (1 - p) = 0.375
    assertSame(ones, Functional.dropout(ones, 0.25, "drop", Pass.inference()));
  }

  private static int firstKept(Tensor y) {
    float[] values = y.toFloats();
    int i = 0;
    while (values[i] == 0) {
      i++;
    }
    return i;
  }

  @Test
  void crossEntropyOfEqualScoresIsTheLogarithmOfTheClasses() {
    Tensor loss =
        Functional.crossEntropy(
            Tensor.zeros(3, 10), Tensor.of(new long[] {0, 5, 9}, 3), Pass.inference());
    assertEquals(Math.log(10), loss.item(), 1e-6);
  }

  @Test
  void crossEntropyOfHugeScoresIsFinite() {
    Tensor logits = Tensor.of(new float[] {1e30f, 0, -1e30f, 0}, 2, 2);
    Tensor labels = Tensor.of(new long[] {0, 1}, 2);
    assertEquals(0, Functional.crossEntropy(logits, labels, Pass.inference()).item());
  }

  @Test
  void mseIsTheMeanOfSquares() {
    Tensor a = Tensor.of(new float[] {1, 2, 3}, 3);
    Tensor b = Tensor.of(new float[] {1, 4, 0}, 3);
    assertEquals(13 / 3.0, Functional.mseLoss(a, b, Pass.inference()).item(), 1e-6);
    assertThrows(
        ShapeException.class, () -> Functional.mseLoss(a, Tensor.zeros(4), Pass.inference()));
  }

  @Test
  void initialValuesHaveTheDeviationTheyPromise() {
    RandomStream random = RandomStream.of(1);
    long[] shape = {64, 32, 3, 3}; // fan-in 288, fan-out 576; 18,432 values: error about 1 %
    assertEquals(
        Math.sqrt(2 / 288.0), deviation(Initialization.kaimingNormal(random, shape)), 0.002);
    assertEquals(
        Math.sqrt(2 / 864.0), deviation(Initialization.xavierNormal(random, shape)), 0.0012);
    // uniform on +-b has deviation b / sqrt(3)
    assertEquals(
        Math.sqrt(2 / 288.0), deviation(Initialization.kaimingUniform(random, 0, shape)), 0.002);
    assertEquals(
        Math.sqrt(2 / 864.0), deviation(Initialization.xavierUniform(random, shape)), 0.0012);
  }

  private static double deviation(Tensor t) {
    return Math.sqrt(t.var(true).item());
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void momentumThatWouldMakeRunningStatisticsNanIsRefused(double momentum) {
    Tensor mean = Tensor.zeros(1);
    Tensor variance = Tensor.ones(1);
    Tensor line = x.reshape(1, 1, 4);
    Pass pass = Pass.inference();
    for (Executable form :
        List.<Executable>of(
            () -> Functional.batchNorm(x, mean, variance, null, null, true, momentum, 1e-5, pass),
            () -> Functional.batchNorm(x, mean, variance, true, momentum, 1e-5, null, null, pass),
            () -> BatchNormFunctionalOptions.defaults().withMomentum(momentum),
            () -> OnnxBatchNormalization.ofOpset(15).withMomentum(momentum),
            () ->
                Functional.instanceNorm(
                    line, mean, variance, null, null, true, momentum, 1e-5, pass))) {
      assertTrue(
          String.valueOf(assertThrows(IllegalArgumentException.class, form).getMessage())
              .endsWith(" momentum must be a finite number, but got " + momentum));
    }
    assertEquals(0, mean.item());
    assertEquals(1, variance.item());
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT16", "BFLOAT16"})
  void dropoutOfHalfTypesIsRoundedOnce(DType half) {
    Tensor values = Tensor.randn(RandomStream.of(3), 200);
    Pass pass = Pass.training().withRandom(7, 3);
    Tensor input = pass.watch(values.to(half));
    Tensor y = Functional.dropout(input, 0.1, "drop", pass);
    Tensor exact =
        Functional.dropout(input.to(DType.FLOAT64), 0.1, "drop", Pass.training().withRandom(7, 3));
    assertEquals(half, y.dtype());
    // float32 in between is some 2^13 times as fine: where the nearest half is in doubt, no value
    // lies
    assertArrayEquals(exact.to(half).toFloats(), y.toFloats());
    Tensor dx = pass.backward(y, Tensor.ones(200).to(half), false).of(input);
    for (int i = 0; i < 200; i++) {
      assertEquals(y.at(i) == 0, dx.at(i) == 0);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> Functional.dropout(Tensor.of(new long[] {1, 2}, 2), 0.5, "drop", Pass.training()));
  }
}
