package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class LayersTest {
  private final Tensor image = Tensor.arange(16).reshape(1, 1, 4, 4);

  private static String refusal(Module layer, Tensor input) {
    return String.valueOf(
        assertThrows(ShapeException.class, () -> layer.forward(input, Pass.inference()))
            .getMessage());
  }

  @Test
  void linearMultipliesByTheTransposedWeight() {
    Linear layer = new Linear(2, 3, true, RandomStream.of(1));
    layer.weight().value().copyFrom(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
    layer.bias().orElseThrow().value().copyFrom(Tensor.of(new float[] {10, 20, 30}, 3));
    Tensor y = layer.forward(Tensor.of(new float[] {1, -1}, 1, 2), Pass.inference());
    assertArrayEquals(new float[] {9, 19, 29}, y.toFloats());
    assertEquals(
        "Linear was built for 2 features on the last axis, but the input has shape (1, 3); build it"
            + " as Linear(3, 3) for inputs of this shape",
        refusal(layer, Tensor.zeros(1, 3)));
    assertEquals(
        "Linear was built for 2 features on the last axis, but the input has shape (2), without a"
            + " batch axis: give it (1, 2) with reshape(1, -1)",
        refusal(layer, Tensor.zeros(2)));
    assertEquals(
        "Linear was built for 2 features on the last axis, but the input has shape (5, 2, 1); put a"
            + " Flatten before it",
        refusal(layer, Tensor.zeros(5, 2, 1)));
  }

  @Test
  void convolutionCorrelatesWithoutFlipping() {
    Conv2d layer = new Conv2d(1, 1, Conv2dOptions.kernel(2).withStride(2), RandomStream.of(1));
    layer.weight().value().copyFrom(Tensor.of(new float[] {1, 0, 0, -1}, 1, 1, 2, 2));
    layer.bias().orElseThrow().value().fill(100);
    // each window: top left minus bottom right = -5
    assertArrayEquals(
        new float[] {95, 95, 95, 95}, layer.forward(image, Pass.inference()).toFloats());
    assertEquals(
        "Conv2d was built for 1 channel, but axis 1 of the input shape (1, 2, 4, 4) has 2; shapes"
            + " read (N, C, H, W) in every layout",
        refusal(layer, Tensor.zeros(1, 2, 4, 4)));
    assertEquals(
        "Conv2d expected 4D input (N, C, H, W), got shape (1, 4, 4); add a batch axis with reshape",
        refusal(layer, Tensor.zeros(1, 4, 4)));
  }

  @Test
  void convolutionShapesFollowStridePaddingAndDilation() {
    Conv2dOptions options =
        Conv2dOptions.kernel(3).withStride(2).withPadding(1, 2).withDilation(2).withGroups(2);
    Conv2d layer = new Conv2d(4, 6, options, RandomStream.of(1));
    assertEquals("(6, 2, 3, 3)", layer.weight().value().shape().toString());
    // (9 + 2 - 4 - 1) / 2 + 1 = 4 and (8 + 4 - 4 - 1) / 2 + 1 = 4
    assertEquals(
        "(2, 6, 4, 4)",
        layer.forward(Tensor.zeros(2, 4, 9, 8), Pass.inference()).shape().toString());
    assertThrows(
        IllegalArgumentException.class, () -> new Conv2d(3, 6, options, RandomStream.of(1)));
  }

  @Test
  void maxPoolTakesTheLargest() {
    Tensor y = new MaxPool2d(2).forward(image, Pass.inference());
    assertArrayEquals(new float[] {5, 7, 13, 15}, y.toFloats());
    assertEquals(
        "MaxPool2d, input (1, 1, 4, 4): pooling window 5x5 is larger than the input 4x4 with"
            + " padding 0x0",
        refusal(new MaxPool2d(5), image));
  }

  @Test
  void paddingNeverWinsAMaximum() {
    Tensor negative = image.mul(-1).add(-1);
    Tensor y = new MaxPool2d(2, 2, 1).forward(negative, Pass.inference());
    assertArrayEquals(new float[] {-1, -2, -4, -5, -6, -8, -13, -14, -16}, y.toFloats());
  }

  @Test
  void windowOfMinusInfinityHasAPlaceForItsGradient() {
    Tensor x = Tensor.full(Double.NEGATIVE_INFINITY, DType.FLOAT32, 1, 1, 2, 2);
    Pass pass = Pass.training();
    pass.watch(x);
    Tensor y = new MaxPool2d(2).forward(x, pass);
    assertArrayEquals(new float[] {1, 0, 0, 0}, pass.backward(pass.sum(y)).of(x).toFloats());
  }

  @Test
  void averagePoolCountsPaddingOrNot() {
    Tensor ones = Tensor.ones(1, 1, 2, 2);
    assertArrayEquals(
        new float[] {0.25f, 0.25f, 0.25f, 0.25f},
        new AvgPool2d(2, 2, 1, true).forward(ones, Pass.inference()).toFloats());
    assertArrayEquals(
        new float[] {1, 1, 1, 1},
        new AvgPool2d(2, 2, 1, false).forward(ones, Pass.inference()).toFloats());
  }

  @Test
  void adaptivePoolAveragesUnevenWindows() {
    assertArrayEquals(
        new float[] {7.5f}, new AdaptiveAvgPool2d(1).forward(image, Pass.inference()).toFloats());
    // 4 rows to 3: rows 0-1, 1-2, 2-3; columns likewise
    assertArrayEquals(
        new float[] {2.5f, 3.5f, 4.5f, 6.5f, 7.5f, 8.5f, 10.5f, 11.5f, 12.5f},
        new AdaptiveAvgPool2d(3).forward(image, Pass.inference()).toFloats());
  }

  @Test
  void residualAddsItsInputAndCutsNegatives() {
    Linear minus = new Linear(2, 2, false, RandomStream.of(1));
    minus.weight().value().copyFrom(Tensor.of(new float[] {-2, 0, 0, 1}, 2, 2));
    Tensor y = new Residual(minus).forward(Tensor.of(new float[] {3, 4}, 1, 2), Pass.inference());
    assertArrayEquals(new float[] {0, 8}, y.toFloats());
    assertEquals(
        "Residual: the body gives shape (1, 3) and the shortcut (1, 2); give a shortcut that"
            + " changes shape as the body does",
        refusal(new Residual(new Linear(2, 3)), Tensor.zeros(1, 2)));
  }

  @Test
  void sizesOutOfRangeAreRefusedWhenTheyAreGiven() {
    Conv2dOptions window = Conv2dOptions.kernel(3);
    assertRefused(
        "Conv2d kernel must be at least 1 along height and width, got 0 and 0",
        () -> Conv2dOptions.kernel(0));
    assertRefused(
        "Conv2d stride must be at least 1 along height and width, got 1 and 0",
        () -> window.withStride(1, 0));
    assertRefused(
        "Conv2d padding must be at least 0 along height and width, got -1 and -1",
        () -> window.withPadding(-1));
    assertRefused(
        "Conv2d dilation must be at least 1 along height and width, got 0 and 2",
        () -> window.withDilation(0, 2));
    assertRefused("Conv2d groups must be at least 1, got 0", () -> window.withGroups(0));
    assertRefused(
        "Conv2d needs at least 1 channel on either side, got 3 to 0",
        () -> new Conv2d(3, 0, window));
    assertRefused(
        "Linear needs at least 1 feature on either side, got 0 to 2", () -> new Linear(0, 2));
    assertRefused(
        "MaxPool2d window and stride must be at least 1, got window 0 and stride 0",
        () -> new MaxPool2d(0));
    assertRefused(
        "AvgPool2d window and stride must be at least 1, got window 2 and stride 0",
        () -> new AvgPool2d(2, 0, 0, true));
    assertRefused(
        "MaxPool2d padding must be from 0 to half of the window 3, got 2",
        () -> new MaxPool2d(3, 1, 2));
    assertRefused(
        "AvgPool2d padding must be from 0 to half of the window 2, got -1",
        () -> new AvgPool2d(2, 2, -1, true));
    for (double p : new double[] {-0.1, 1.1, Double.NaN}) {
      assertRefused(
          "Dropout p, the share of values zeroed, must be from 0 to 1, got " + p,
          () -> new Dropout(p));
    }
  }

  private static void assertRefused(String message, Executable use) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, use).getMessage());
  }

  @Test
  void flattenKeepsTheBatch() {
    assertEquals(
        "(2, 12)",
        new Flatten().forward(Tensor.zeros(2, 3, 2, 2), Pass.inference()).shape().toString());
  }

  @Test
  void firstValuesRepeatForEqualSeeds() {
    assertArrayEquals(
        new Linear(5, 4, true, RandomStream.of(3)).weight().value().toFloats(),
        new Linear(5, 4, true, RandomStream.of(3)).weight().value().toFloats());
  }
}
