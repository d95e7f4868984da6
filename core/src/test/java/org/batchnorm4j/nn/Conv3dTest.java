package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Supplier;
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
import org.junit.jupiter.params.provider.EnumSource;

/** Convolution of volumes by loops over plain float64 numbers. */
class Conv3dTest {
  private static final Pass INFERENCE = Pass.inference();
  private static final int[] IN = {5, 4, 6};
  private static final int CHANNELS = 4;
  private static final int OUT = 8;

  /** One window on volumes of 5 x 4 x 6, two samples of 4 channels to 8. */
  private record Window(int[] kernel, int[] stride, int[] padding, int[] dilation, int groups) {

    Conv3d layer(DType dtype) {
      Conv3dOptions options =
          Conv3dOptions.kernel(kernel[0], kernel[1], kernel[2])
              .withStride(stride[0], stride[1], stride[2])
              .withPadding(padding[0], padding[1], padding[2])
              .withDilation(dilation[0], dilation[1], dilation[2])
              .withGroups(groups)
              .withDtype(dtype);
      return new Conv3d(CHANNELS, OUT, options, RandomStream.of(7));
    }

    int outSize(int axis) {
      int covered = dilation[axis] * (kernel[axis] - 1) + 1;
      return (IN[axis] + 2 * padding[axis] - covered) / stride[axis] + 1;
    }

    /** Where along an axis an output reads for one element of the kernel; -1 for padding. */
    int read(int axis, int output, int element) {
      int at = output * stride[axis] - padding[axis] + element * dilation[axis];
      return at < IN[axis] ? at : -1;
    }
  }

  private static Window window(String text) {
    int[] n = List.of(text.split("[x ]+")).stream().mapToInt(Integer::parseInt).toArray();
    return new Window(
        new int[] {n[0], n[1], n[2]},
        new int[] {n[3], n[4], n[5]},
        new int[] {n[6], n[7], n[8]},
        new int[] {n[9], n[10], n[11]},
        n[12]);
  }

  /** What one product of the definition is made of. */
  @FunctionalInterface
  private interface Product {
    void meet(int n, int o, int[] at, int c, int channel, int[] element, int[] read);
  }

  /** Every product that is not with padding: seven loops, three of them over elements. */
  private static void products(Window window, Product product) {
    int each = CHANNELS / window.groups;
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < OUT; o++) {
        for (int[] at : positions(window.outSize(0), window.outSize(1), window.outSize(2))) {
          for (int c = 0; c < each; c++) {
            int channel = o / (OUT / window.groups) * each + c;
            for (int[] k : positions(window.kernel[0], window.kernel[1], window.kernel[2])) {
              int[] read = new int[3];
              boolean inside = true;
              for (int axis = 0; axis < 3; axis++) {
                read[axis] = window.read(axis, at[axis], k[axis]);
                inside &= read[axis] >= 0;
              }
              if (inside) {
                product.meet(n, o, at, c, channel, k, read);
              }
            }
          }
        }
      }
    }
  }

  private static int[][] positions(int depth, int height, int width) {
    int[][] positions = new int[depth * height * width][];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = new int[] {i / width / height, i / width % height, i % width};
    }
    return positions;
  }

  private static Tensor random(DType dtype, long seed, long... shape) {
    return Tensor.randn(dtype, RandomStream.of(seed), shape);
  }

  /** Sums of float64, and of their absolute values, of the shape of a tensor. */
  private static final class Expected {
    private final Tensor sums;
    private final Tensor magnitudes;

    Expected(Tensor like) {
      sums = Tensor.zeros(DType.FLOAT64, like.shape().toArray());
      magnitudes = Tensor.zeros(DType.FLOAT64, like.shape().toArray());
    }

    void add(double product, int... at) {
      int index = 0;
      for (int axis = 0; axis < at.length; axis++) {
        index = index * sums.axis(axis) + at[axis];
      }
      sums.unsafeDoubleArray()[index] += product;
      magnitudes.unsafeDoubleArray()[index] += Math.abs(product);
    }

    /** K products and sums in any order: at most K + 1 roundings of each summand, on both sides. */
    void hold(Tensor found, int products) {
      assertEquals(sums.shape(), found.shape());
      double unit = found.dtype() == DType.FLOAT64 ? 2 * 0x1p-53 : 0x1p-24;
      double[] values = found.toDoubles();
      double[] magnitude = magnitudes.toDoubles();
      double[] expected = sums.toDoubles();
      for (int i = 0; i < values.length; i++) {
        assertEquals(expected[i], values[i], (products + 2) * unit * magnitude[i], "value " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1x1x1 1x1x1 0x0x0 1x1x1 1, FLOAT64, CHANNELS_FIRST",
    "2x3x2 1x1x1 0x0x0 1x1x1 1, FLOAT64, CHANNELS_LAST",
    "3x2x3 2x1x3 1x1x0 1x1x1 2, FLOAT64, CHANNELS_FIRST",
    "2x3x1 1x2x1 4x0x2 3x1x1 4, FLOAT64, CHANNELS_LAST",
    "3x3x3 1x1x1 1x1x1 1x1x1 1, FLOAT64, CHANNELS_FIRST",
    "2x2x3 3x2x1 0x1x2 2x1x2 2, FLOAT64, CHANNELS_FIRST",
    "2x3x2 2x1x2 1x1x1 1x2x1 2, FLOAT32, CHANNELS_FIRST",
    "1x2x2 2x2x2 0x0x0 1x1x1 4, FLOAT32, CHANNELS_LAST"
  })
  void outputAndGradientsFollowTheDefinition(String text, DType dtype, Layout layout) {
    Window window = window(text);
    Conv3d layer = window.layer(dtype);
    Tensor w = layer.weight().value();
    Tensor b = layer.bias().orElseThrow().value();
    Tensor x = random(dtype, 1, 2, CHANNELS, IN[0], IN[1], IN[2]);
    Pass pass = Pass.training();
    Tensor given = pass.watch(x.to(layout));
    Tensor y = layer.forward(given, pass);
    assertEquals(
        List.of(2, OUT, window.outSize(0), window.outSize(1), window.outSize(2)).toString(),
        y.shape().toString().replace('(', '[').replace(')', ']'));
    Tensor g = random(dtype, 2, y.shape().toArray());
    Gradients gradients = pass.backward(y, g, false);

    Expected output = new Expected(y);
    Expected toInput = new Expected(x);
    Expected toWeight = new Expected(w);
    Expected toBias = new Expected(b);
    products(
        window,
        (n, o, at, c, channel, k, read) -> {
          double value = x.at(n, channel, read[0], read[1], read[2]);
          double weight = w.at(o, c, k[0], k[1], k[2]);
          double slope = g.at(n, o, at[0], at[1], at[2]);
          output.add(value * weight, n, o, at[0], at[1], at[2]);
          toInput.add(slope * weight, n, channel, read[0], read[1], read[2]);
          toWeight.add(slope * value, o, c, k[0], k[1], k[2]);
        });
    int outputs = window.outSize(0) * window.outSize(1) * window.outSize(2);
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < OUT; o++) {
        for (int[] at : positions(window.outSize(0), window.outSize(1), window.outSize(2))) {
          output.add(b.at(o), n, o, at[0], at[1], at[2]);
          toBias.add(g.at(n, o, at[0], at[1], at[2]), o);
        }
      }
    }
    int taps = window.kernel[0] * window.kernel[1] * window.kernel[2];
    output.hold(y, CHANNELS / window.groups * taps + 1);
    toInput.hold(gradients.of(given), OUT / window.groups * taps);
    toWeight.hold(gradients.of(w), 2 * outputs);
    toBias.hold(gradients.of(b), 2 * outputs);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64"})
  void anEmptyBatchGivesAnEmptyOutputAndGradientsOfZero(DType dtype) {
    Conv3d layer = window("2x3x2 2x1x2 1x1x1 1x2x1 2").layer(dtype);
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.zeros(dtype, 0, CHANNELS, 5, 4, 6));
    Tensor y = layer.forward(x, pass);
    assertEquals("(0, 8, 3, 2, 4)", y.shape().toString());
    Gradients gradients = pass.backward(pass.sum(y));
    assertEquals("(0, 4, 5, 4, 6)", gradients.of(x).shape().toString());
    assertArrayEquals(
        new double[layer.weight().value().size()],
        gradients.of(layer.weight().value()).toDoubles());
  }

  @Test
  void firstValuesStayWithinPyTorchsBounds() {
    Conv3d layer =
        new Conv3d(6, 50, Conv3dOptions.kernel(3, 1, 2).withGroups(2), RandomStream.of(1));
    assertEquals("(50, 3, 3, 1, 2)", layer.weight().value().shape().toString());
    double bound = 1 / Math.sqrt(3 * 6); // in / groups times the window
    for (Parameter parameter : layer.parameters()) {
      double largest = 0;
      for (double value : parameter.value().toDoubles()) {
        largest = Math.max(largest, Math.abs(value));
      }
      assertTrue(largest <= bound && largest > 0.9 * bound, largest + " of " + bound);
    }
    assertEquals(List.of("weight", "bias"), List.copyOf(layer.stateDict().keySet()));
  }

  private static String refusal(Supplier<?> action) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, action::get).getMessage());
  }

  private static String shape(Conv3d layer, long... shape) {
    Tensor input = Tensor.zeros(shape);
    return String.valueOf(
        assertThrows(ShapeException.class, () -> layer.forward(input, INFERENCE)).getMessage());
  }

  @Test
  void inputsThatDoNotFitAreRefused() {
    Conv3d layer = new Conv3d(2, 3, Conv3dOptions.kernel(3).withPadding(0, 1, 0));
    assertEquals(
        "Conv3d expected 5D input (N, C, D, H, W), got shape (2, 5, 5, 5); add a batch axis with"
            + " reshape",
        shape(layer, 2, 5, 5, 5));
    assertEquals(
        "Conv3d was built for 2 channels, but axis 1 of the input shape (1, 3, 5, 5, 5) has 3;"
            + " shapes read (N, C, D, H, W) in every layout",
        shape(layer, 1, 3, 5, 5, 5));
    assertEquals(
        "Conv3d, input (1, 2, 2, 5, 5): convolution: along the depth the kernel covers 3 positions"
            + " (size 3, dilation 1), more than the 2 of the padded input; use a smaller kernel or"
            + " more padding than 0",
        shape(layer, 1, 2, 2, 5, 5));
    assertTrue(
        shape(layer, 1, 2, 5, 5, 2)
            .startsWith("Conv3d, input (1, 2, 5, 5, 2): convolution: along the width the kernel"));
    assertEquals(
        "Conv3d, input (1, 2, 0, 5, 5): convolution: depth of the input must be at least 1, but is"
            + " 0",
        shape(new Conv3d(2, 3, Conv3dOptions.kernel(1).withPadding(1)), 1, 2, 0, 5, 5));
    assertTrue(
        refusal(() -> layer.forward(random(DType.FLOAT64, 1, 1, 2, 5, 5, 5), INFERENCE))
            .contains("float64"));
    int many = 1 << 30;
    assertTrue(
        shape(new Conv3d(2, 3, Conv3dOptions.kernel(1).withPadding(many, 0, 0)), 2, 2, 1, 1, 1)
            .contains("elements, the most an array can hold"));
  }

  @Test
  void optionsAreCheckedWhereTheyAreGiven() {
    Conv3dOptions options = Conv3dOptions.kernel(3);
    assertEquals(
        "Conv3d kernel must be at least 1 along depth, height and width, got 2, 0 and 2",
        refusal(() -> Conv3dOptions.kernel(2, 0, 2)));
    assertEquals(
        "Conv3d stride must be at least 1 along depth, height and width, got 0, 0 and 0",
        refusal(() -> options.withStride(0)));
    assertEquals(
        "Conv3d padding must be at least 0 along depth, height and width, got 0, 0 and -1",
        refusal(() -> options.withPadding(0, 0, -1)));
    assertEquals(
        "Conv3d dilation must be at least 1 along depth, height and width, got 0, 1 and 1",
        refusal(() -> options.withDilation(0, 1, 1)));
    assertEquals("Conv3d groups must be at least 1, got 0", refusal(() -> options.withGroups(0)));
    assertTrue(refusal(() -> options.withDtype(DType.FLOAT16)).startsWith("Conv3d"));
    assertEquals(
        "Conv3d needs at least 1 channel on either side, got 0 to 3",
        refusal(() -> new Conv3d(0, 3, options)));
    assertEquals(
        "Conv3d: channels 4 and 3 must be divisible by the 2 groups",
        refusal(() -> new Conv3d(4, 3, options.withGroups(2))));
  }

  @Test
  void itPrintsAsInPyTorch() {
    assertEquals(
        "Conv3d(3, 16, kernel_size=(3, 3, 3), stride=(1, 1, 1))",
        new Conv3d(3, 16, Conv3dOptions.kernel(3)).toString());
    assertEquals(
        "Conv3d(4, 8, kernel_size=(1, 3, 5), stride=(2, 1, 3), padding=(0, 1, 2), dilation=(1, 2,"
            + " 3), groups=2, bias=False)",
        new Conv3d(
                4,
                8,
                Conv3dOptions.kernel(1, 3, 5)
                    .withStride(2, 1, 3)
                    .withPadding(0, 1, 2)
                    .withDilation(1, 2, 3)
                    .withGroups(2)
                    .withBias(false))
            .toString());
    Conv3dOptions deep = Conv3dOptions.kernel(3).withPadding(2, 0, 0).withDilation(4, 1, 1);
    assertEquals(
        "kernel_size=(3, 3, 3), stride=(1, 1, 1), padding=(2, 0, 0), dilation=(4, 1, 1)",
        deep.toString());
  }
}
