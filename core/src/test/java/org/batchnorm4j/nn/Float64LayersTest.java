package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.optim.Adam;
import org.batchnorm4j.optim.AdamW;
import org.batchnorm4j.optim.Optimizer;
import org.batchnorm4j.optim.SGD;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class Float64LayersTest {
  private final Tensor images = Tensor.randn(DType.FLOAT64, RandomStream.of(2), 4, 2, 5, 5);
  private final Tensor labels = Tensor.of(new long[] {0, 2, 1, 2}, 4);

  private static Sequential network(DType dtype) {
    RandomStream random = RandomStream.of(1);
    Conv2dOptions window = Conv2dOptions.kernel(3).withPadding(1).withDtype(dtype);
    return new Sequential(
        new Conv2d(2, 4, window, random),
        new ReLU(),
        new Residual(new Conv2d(4, 4, window, random)),
        new AvgPool2d(2),
        new Dropout(0),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Linear(4, 3, true, dtype, random));
  }

  private Tensor loss(Module model, Pass pass) {
    return Functional.crossEntropy(model.forward(images, pass), labels, pass);
  }

  @Test
  void firstValuesAreTheSameDrawsOfWhichFloat32TakesTheNearest() {
    Sequential single = network(DType.FLOAT32);
    Sequential wide = network(DType.FLOAT64);
    for (int i = 0; i < single.parameters().size(); i++) {
      Tensor values = wide.parameters().get(i).value();
      assertEquals(DType.FLOAT64, values.dtype());
      assertArrayEquals(values.toFloats(), single.parameters().get(i).value().toFloats());
      double[] rounded = values.to(DType.FLOAT32).toDoubles();
      assertTrue(!java.util.Arrays.equals(rounded, values.toDoubles()), "all 53 bits are drawn");
    }
    Tensor normal = Initialization.kaimingNormal(DType.FLOAT64, RandomStream.of(3), 8, 4);
    assertEquals(DType.FLOAT64, normal.dtype());
    assertArrayEquals(
        normal.toFloats(), Initialization.kaimingNormal(RandomStream.of(3), 8, 4).toFloats());
  }

  @Test
  void gradientsThroughLayersMatchCentralDifferences() {
    Sequential model = network(DType.FLOAT64);
    Pass pass = Pass.training();
    Gradients gradients = pass.backward(loss(model, pass));
    double step = 1e-5;
    for (Parameter parameter : model.parameters()) {
      double[] analytic = gradients.of(parameter.value()).toDoubles();
      double[] values = parameter.value().unsafeDoubleArray();
      for (int i = 0; i < values.length; i += 5) {
        double kept = values[i];
        values[i] = kept + step;
        double above = loss(model, Pass.inference()).item();
        values[i] = kept - step;
        double below = loss(model, Pass.inference()).item();
        values[i] = kept;
        // third derivatives of a few tens times step^2 / 6, and rounding 1e-15 over the step
        assertEquals((above - below) / (2 * step), analytic[i], 1e-8, parameter.path());
      }
    }
  }

  static List<Function<List<Parameter>, Optimizer>> optimizers() {
    return List.of(
        list -> new SGD(list, 0.1),
        list -> new SGD(list, 0.05, 0.9, 1e-4, true),
        list -> new Adam(list, 0.02),
        list -> new AdamW(list, 0.02));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void smallNetworkTrainsAndEverythingStaysFloat64(
      Function<List<Parameter>, Optimizer> optimizers) {
    Sequential model = network(DType.FLOAT64);
    Optimizer optimizer = optimizers.apply(model.parameters());
    double first = loss(model, Pass.inference()).item();
    for (int i = 0; i < 60; i++) {
      Pass pass = Pass.training();
      optimizer.step(pass.backward(loss(model, pass)));
    }
    assertTrue(loss(model, Pass.inference()).item() < 0.8 * first);
    model.stateDict().values().forEach(t -> assertEquals(DType.FLOAT64, t.dtype()));
    optimizer
        .stateDict()
        .forEach(
            (name, t) ->
                assertEquals(name.equals("step") ? DType.INT64 : DType.FLOAT64, t.dtype()));
    Sequential copy = network(DType.FLOAT64);
    copy.loadStateDict(model.stateDict(), true);
    assertEquals(loss(model, Pass.inference()).item(), loss(copy, Pass.inference()).item());
  }

  @Test
  void inputsOfAnotherTypeAreRefusedByTheLayer() {
    Linear linear = new Linear(3, 2, true, DType.FLOAT64, RandomStream.of(1));
    new Sequential().add("fc", linear);
    assertEquals(
        "Linear \"fc\" has float64 parameters, but the input of shape (1, 3) is float32; convert"
            + " it with pass.to(input, DType.FLOAT64) or build the layer for DType.FLOAT32",
        refusal(() -> linear.forward(Tensor.ones(1, 3), Pass.inference())));
    Conv2d convolution = new Conv2d(1, 1, Conv2dOptions.kernel(1), RandomStream.of(1));
    assertEquals(
        "Conv2d has float32 parameters, but the input of shape (1, 1, 2, 2) is uint8; convert it"
            + " with pass.to(input, DType.FLOAT32)",
        refusal(
            () -> convolution.forward(Tensor.zeros(DType.UINT8, 1, 1, 2, 2), Pass.inference())));
    assertEquals(
        "Conv2d parameters must be float32 or float64, got bfloat16",
        refusal(() -> Conv2dOptions.kernel(1).withDtype(DType.BFLOAT16)));
    assertEquals(
        "Linear parameters must be float32 or float64, got int64",
        refusal(() -> new Linear(1, 1, true, DType.INT64, RandomStream.of(1))));
    Parameter half = new Members("Test").parameter("p", Tensor.zeros(DType.FLOAT16, 1));
    assertEquals(
        "an optimiser moves float32 and float64 parameters, \"p\" is float16; keep a float32"
            + " parameter and convert it in the pass with pass.to(x, DType)",
        refusal(() -> new SGD(List.of(half), 0.1)));
  }

  private static String refusal(org.junit.jupiter.api.function.Executable use) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, use).getMessage());
  }

  @Test
  void normsOfOneSampleKeepFloat64() {
    Tensor x = Tensor.randn(RandomStream.of(1), 3, 4, 5).to(DType.FLOAT64).mul(1 / 3.0);
    Tensor weight = Tensor.full(1, DType.FLOAT64, 4);
    Tensor weights = Tensor.full(1, DType.FLOAT64, 5);
    Pass pass = Pass.training();
    DType wide = DType.FLOAT64;
    Shape last = Shape.of(5);
    InstanceNormOptions tracking =
        InstanceNormOptions.labml().withTrackRunningStats(true).withDtype(wide);
    Map<Module, Tensor> expected =
        Map.of(
            new LayerNorm(last, LayerNormOptions.defaults().withDtype(wide)),
            Functional.layerNorm(x, last, weights, null, 1e-5, pass),
            new GroupNorm(2, 4, GroupNormOptions.defaults().withDtype(wide)),
            Functional.groupNorm(x, 2, weight, null, 1e-5, pass),
            new InstanceNorm1d(4, tracking),
            Functional.instanceNorm(x, null, null, weight, null, true, 0.1, 1e-5, pass),
            new RMSNorm(last, RMSNormOptions.defaults().withDtype(wide)),
            Functional.rmsNorm(x, last, weights, null, pass));
    expected.forEach(
        (layer, y) -> {
          Tensor found = layer.forward(x, pass);
          assertEquals(wide, found.dtype());
          assertArrayEquals(y.toDoubles(), found.toDoubles());
          layer
              .stateDict()
              .forEach(
                  (name, t) ->
                      assertEquals(name.startsWith("num") ? DType.INT64 : wide, t.dtype()));
          assertTrue(layer.toString().endsWith(", dtype=float64)"), layer::toString);
        });
    assertEquals(
        "GroupNorm parameters must be float32 or float64, got float16",
        refusal(() -> GroupNormOptions.defaults().withDtype(DType.FLOAT16)));
  }

  @Test
  void runningVariancesOfHugeFloat32DataFitStatisticsOfFloat64() {
    InstanceNorm1d layer =
        new InstanceNorm1d(
            1, InstanceNormOptions.defaults().withTrackRunningStats(true).withDtype(DType.FLOAT64));
    Tensor x = Tensor.of(new float[] {0x1p100f, -0x1p100f}, 1, 1, 2); // unbiased variance 2^201
    layer.forward(x, Pass.training());
    assertEquals(0.1 * 0x1p201, layer.runningVar().orElseThrow().item(), 0x1p150);
    float[] y = layer.forward(x, Pass.inference()).toFloats();
    assertArrayEquals(new float[] {(float) Math.sqrt(5), (float) -Math.sqrt(5)}, y, 1e-6f);
  }
}
