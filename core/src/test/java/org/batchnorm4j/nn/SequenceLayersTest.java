package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.OptionalInt;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolution and pooling of lines and volumes, transposed convolution, embedding, by loops. */
class SequenceLayersTest {
  private static final Pass INFERENCE = Pass.inference();

  private static Tensor random(long seed, long... shape) {
    return Tensor.randn(DType.FLOAT64, RandomStream.of(seed), shape);
  }

  private static String refusal(Module layer, Tensor input) {
    return String.valueOf(
        assertThrows(ShapeException.class, () -> layer.forward(input, INFERENCE)).getMessage());
  }

  /** Sums of some 50 products of size 1 in float64: 50 roundings of 1.1e-16 each. */
  private static final double SUM = 1e-14;

  @ParameterizedTest
  @CsvSource({"1,0,1,1", "2,1,1,2", "3,2,2,1", "1,4,3,4"})
  void convolutionOfLinesFollowsItsDefinition(int stride, int padding, int dilation, int groups) {
    Conv1dOptions options =
        Conv1dOptions.kernel(3)
            .withStride(stride)
            .withPadding(padding)
            .withDilation(dilation)
            .withGroups(groups)
            .withDtype(DType.FLOAT64);
    Conv1d layer = new Conv1d(4, 8, options, RandomStream.of(2));
    Tensor x = random(1, 2, 4, 9);
    Tensor w = layer.weight().value();
    assertEquals("(8, " + 4 / groups + ", 3)", w.shape().toString());
    Tensor b = layer.bias().orElseThrow().value();
    Tensor y = layer.forward(x.to(Layout.CHANNELS_LAST), INFERENCE);
    int length = (9 + 2 * padding - dilation * 2 - 1) / stride + 1;
    assertEquals("(2, 8, " + length + ")", y.shape().toString());
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < 8; o++) {
        for (int l = 0; l < length; l++) {
          double sum = b.at(o);
          for (int c = 0; c < 4 / groups; c++) {
            for (int k = 0; k < 3; k++) {
              int at = l * stride - padding + k * dilation;
              if (at >= 0 && at < 9) {
                sum += w.at(o, c, k) * x.at(n, o / (8 / groups) * (4 / groups) + c, at);
              }
            }
          }
          assertEquals(sum, y.at(n, o, l), SUM);
        }
      }
    }
  }

  @Test
  void firstValuesOfConvolutionsStayWithinPyTorchsBounds() {
    Conv1d line = new Conv1d(6, 50, Conv1dOptions.kernel(5), RandomStream.of(1));
    ConvTranspose2d wider =
        new ConvTranspose2d(7, 10, ConvTranspose2dOptions.kernel(3, 2), RandomStream.of(1));
    // PyTorch takes the second axis of the weight as fan-in: 6 times 5, and 10 outputs times 6
    assertBound(1 / Math.sqrt(30), line.weight(), line.bias().orElseThrow());
    assertBound(1 / Math.sqrt(60), wider.weight(), wider.bias().orElseThrow());
    assertEquals("(7, 10, 3, 2)", wider.weight().value().shape().toString());
  }

  private static void assertBound(double bound, Parameter weight, Parameter bias) {
    double largest = 0;
    for (double value : weight.value().toDoubles()) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertTrue(largest <= bound && largest > 0.9 * bound, largest + " of " + bound);
    for (double value : bias.value().toDoubles()) {
      assertTrue(Math.abs(value) <= bound);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,0,0,1,1", "2,3,1,1,1,2", "3,2,0,1,2,1", "2,2,2,0,1,4"})
  void transposedConvolutionSpreadsEachValueOverAWindow(
      int strideH, int strideW, int padding, int outputPadding, int dilation, int groups) {
    ConvTranspose2dOptions options =
        ConvTranspose2dOptions.kernel(3, 2)
            .withStride(strideH, strideW)
            .withPadding(padding)
            .withOutputPadding(outputPadding)
            .withDilation(dilation)
            .withGroups(groups)
            .withDtype(DType.FLOAT64);
    ConvTranspose2d layer = new ConvTranspose2d(4, 8, options, RandomStream.of(3));
    Tensor x = random(4, 2, 4, 4, 5);
    int height = 3 * strideH - 2 * padding + dilation * 2 + outputPadding + 1;
    int width = 4 * strideW - 2 * padding + dilation + outputPadding + 1;
    double[][][][] expected = new double[2][8][height][width];
    Tensor w = layer.weight().value();
    Tensor b = layer.bias().orElseThrow().value();
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < 8; o++) {
        for (double[] line : expected[n][o]) {
          Arrays.fill(line, b.at(o));
        }
      }
      for (int c = 0; c < 4; c++) {
        for (int h = 0; h < 4; h++) {
          for (int v = 0; v < 5; v++) {
            for (int o = 0; o < 8 / groups; o++) {
              for (int kh = 0; kh < 3; kh++) {
                for (int kw = 0; kw < 2; kw++) {
                  int row = h * strideH - padding + kh * dilation;
                  int column = v * strideW - padding + kw * dilation;
                  if (row >= 0 && row < height && column >= 0 && column < width) {
                    expected[n][c / (4 / groups) * (8 / groups) + o][row][column] +=
                        x.at(n, c, h, v) * w.at(c, o, kh, kw);
                  }
                }
              }
            }
          }
        }
      }
    }
    Tensor y = layer.forward(x, INFERENCE);
    assertEquals("(2, 8, " + height + ", " + width + ")", y.shape().toString());
    for (int n = 0; n < 2; n++) {
      for (int o = 0; o < 8; o++) {
        for (int row = 0; row < height; row++) {
          for (int column = 0; column < width; column++) {
            assertEquals(expected[n][o][row][column], y.at(n, o, row, column), SUM);
          }
        }
      }
    }
  }

  @Test
  void convolutionsRefuseWhatDoesNotFit() {
    Conv1d line = new Conv1d(2, 3, Conv1dOptions.kernel(3), RandomStream.of(1));
    assertEquals(
        "Conv1d expected 3D input (N, C, L), got shape (2, 5); add a batch axis with reshape",
        refusal(line, Tensor.zeros(2, 5)));
    assertEquals(
        "Conv1d was built for 2 channels, but axis 1 of the input shape (1, 3, 5) has 3; shapes"
            + " read (N, C, L) in every layout",
        refusal(line, Tensor.zeros(1, 3, 5)));
    assertTrue(refusal(line, Tensor.zeros(1, 2, 2)).startsWith("Conv1d, input (1, 2, 2): "));
    assertEquals(
        "Conv1d stride must be at least 1, got 0",
        assertThrows(IllegalArgumentException.class, () -> Conv1dOptions.kernel(3).withStride(0))
            .getMessage());
    ConvTranspose2d wider =
        new ConvTranspose2d(
            1, 1, ConvTranspose2dOptions.kernel(2).withPadding(1), RandomStream.of(1));
    assertEquals(
        "ConvTranspose2d, input (1, 1, 1, 1): the output would have 0x0 positions, which is not"
            + " possible; a smaller padding or another window leaves some",
        refusal(wider, Tensor.zeros(1, 1, 1, 1)));
    ConvTranspose2dOptions tooMuch = ConvTranspose2dOptions.kernel(3).withOutputPadding(1);
    assertEquals(
        "ConvTranspose2d output_padding must be less than the stride, got (1, 1) with stride (1,"
            + " 1)",
        assertThrows(IllegalArgumentException.class, () -> new ConvTranspose2d(1, 1, tooMuch))
            .getMessage());
  }

  @ParameterizedTest
  @CsvSource({"2,2,0", "3,1,1", "3,2,1", "4,3,2"})
  void poolingOfLinesFollowsItsDefinition(int kernel, int stride, int padding) {
    Tensor x = random(5, 2, 3, 9);
    Tensor largest = new MaxPool1d(kernel, stride, padding).forward(x, INFERENCE);
    Tensor mean = new AvgPool1d(kernel, stride, padding, true).forward(x, INFERENCE);
    Tensor inside = new AvgPool1d(kernel, stride, padding, false).forward(x, INFERENCE);
    int length = (9 + 2 * padding - kernel) / stride + 1;
    assertEquals("(2, 3, " + length + ")", mean.shape().toString());
    for (int n = 0; n < 2; n++) {
      for (int c = 0; c < 3; c++) {
        for (int l = 0; l < length; l++) {
          double max = Double.NEGATIVE_INFINITY;
          double sum = 0;
          int count = 0;
          int counted = 0;
          for (int at = l * stride - padding; at < l * stride - padding + kernel; at++) {
            counted += at < 9 + padding ? 1 : 0;
            if (at >= 0 && at < 9) {
              max = Math.max(max, x.at(n, c, at));
              sum += x.at(n, c, at);
              count++;
            }
          }
          assertEquals(max, largest.at(n, c, l));
          assertEquals(sum / counted, mean.at(n, c, l), SUM);
          assertEquals(sum / count, inside.at(n, c, l), SUM);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"2,2,0", "3,1,1", "3,2,1", "2,1,1"})
  void poolingOfVolumesFollowsItsDefinition(int kernel, int stride, int padding) {
    Tensor x = random(6, 2, 2, 4, 5, 6).to(Layout.CHANNELS_LAST);
    Tensor largest = new MaxPool3d(kernel, stride, padding).forward(x, INFERENCE);
    Tensor mean = new AvgPool3d(kernel, stride, padding, true).forward(x, INFERENCE);
    Tensor inside = new AvgPool3d(kernel, stride, padding, false).forward(x, INFERENCE);
    int[] in = {4, 5, 6};
    int[] out = new int[3];
    for (int i = 0; i < 3; i++) {
      out[i] = (in[i] + 2 * padding - kernel) / stride + 1;
      assertEquals(out[i], mean.axis(2 + i));
    }
    for (int n = 0; n < 4; n++) {
      for (int d = 0; d < out[0]; d++) {
        for (int h = 0; h < out[1]; h++) {
          for (int w = 0; w < out[2]; w++) {
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            int count = 0;
            int counted = 0;
            for (int k = 0; k < kernel * kernel * kernel; k++) {
              int z = d * stride - padding + k / kernel / kernel;
              int y = h * stride - padding + k / kernel % kernel;
              int v = w * stride - padding + k % kernel;
              counted += z < 4 + padding && y < 5 + padding && v < 6 + padding ? 1 : 0;
              if (z >= 0 && z < 4 && y >= 0 && y < 5 && v >= 0 && v < 6) {
                double value = x.at(n / 2, n % 2, z, y, v);
                max = Math.max(max, value);
                sum += value;
                count++;
              }
            }
            assertEquals(max, largest.at(n / 2, n % 2, d, h, w));
            assertEquals(sum / counted, mean.at(n / 2, n % 2, d, h, w), SUM);
            assertEquals(sum / count, inside.at(n / 2, n % 2, d, h, w), SUM);
          }
        }
      }
    }
  }

  @Test
  void gradientOfAMaximumGoesToTheFirstOfEqualValues() {
    Tensor x = Tensor.ones(1, 1, 2, 2, 2);
    Pass pass = Pass.training();
    pass.watch(x);
    Tensor y = new MaxPool3d(2).forward(x, pass);
    assertArrayEquals(
        new float[] {1, 0, 0, 0, 0, 0, 0, 0}, pass.backward(pass.sum(y)).of(x).toFloats());
  }

  @Test
  void poolingRefusesOtherRanksAndShortInputs() {
    assertEquals(
        "MaxPool1d expected 3D input (N, C, L), got shape (2, 5); add a batch axis with reshape",
        refusal(new MaxPool1d(2), Tensor.zeros(2, 5)));
    assertEquals(
        "AvgPool3d expected 5D input (N, C, D, H, W), got shape (1, 1)",
        refusal(new AvgPool3d(2), Tensor.zeros(1, 1)));
    assertTrue(refusal(new AvgPool1d(4), Tensor.zeros(1, 1, 3)).startsWith("AvgPool1d, input"));
    assertTrue(
        refusal(new MaxPool3d(3), Tensor.zeros(1, 1, 2, 3, 3)).startsWith("MaxPool3d, input"));
  }

  @Test
  void embeddingGivesTheRowOfEachNumberAndAddsTheirGradients() {
    Embedding table = new Embedding(4, 2, OptionalInt.of(-1), DType.FLOAT64, RandomStream.of(9));
    Tensor w = table.weight().value();
    assertEquals(0, w.at(3, 0));
    w.copyFrom(Tensor.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 4, 2));
    Tensor numbers = Tensor.of(new long[] {2, 0, 2, 3}, 2, 2);
    Pass pass = Pass.training();
    Tensor y = table.forward(numbers, pass);
    assertEquals("(2, 2, 2)", y.shape().toString());
    assertArrayEquals(new double[] {5, 6, 1, 2, 5, 6, 7, 8}, y.toDoubles());
    Tensor g = Tensor.of(new double[] {1, 2, 4, 8, 16, 32, 64, 128}, 2, 2, 2);
    // row 2 was used twice, row 1 never, and row 3 is padding
    assertArrayEquals(
        new double[] {4, 8, 0, 0, 17, 34, 0, 0}, pass.backward(y, g, false).of(w).toDoubles());
  }

  @Test
  void firstValuesOfEmbeddingsAreStandardNormal() {
    Embedding table =
        new Embedding(500, 20, OptionalInt.empty(), DType.FLOAT64, RandomStream.of(3));
    double sum = 0;
    double squares = 0;
    double fourth = 0;
    for (double value : table.weight().value().toDoubles()) {
      sum += value;
      squares += value * value;
      fourth += value * value * value * value;
    }
    // of 10,000 values: deviations of the means 0.01, 0.014 and 0.1; five of them
    assertEquals(0, sum / 10_000, 0.05);
    assertEquals(1, squares / 10_000, 0.07);
    assertEquals(3, fourth / 10_000, 0.5);
  }

  @Test
  void embeddingRefusesNumbersWithoutARow() {
    Embedding table = new Embedding(4, 2);
    assertEquals(
        "Embedding has rows 0 to 3, but value 1 of the input of shape (2) is 4",
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> table.forward(Tensor.of(new long[] {0, 4}, 2), INFERENCE))
            .getMessage());
    assertEquals(
        "Embedding takes whole numbers of int64, int32 or uint8, but the input of shape (1) is"
            + " float32; convert it with to(DType.INT64)",
        assertThrows(IllegalArgumentException.class, () -> table.forward(Tensor.ones(1), INFERENCE))
            .getMessage());
    assertEquals(
        "Embedding: padding_idx must be within num_embeddings 4, got 4",
        assertThrows(
                IllegalArgumentException.class,
                () -> new Embedding(4, 2, OptionalInt.of(4), DType.FLOAT32, RandomStream.of(1)))
            .getMessage());
  }

  @Test
  void theyPrintAsInPyTorch() {
    assertEquals(
        "Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=(1,), groups=2, bias=False)",
        new Conv1d(2, 4, Conv1dOptions.kernel(3).withPadding(1).withGroups(2).withBias(false))
            .toString());
    assertEquals(
        "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1),"
            + " output_padding=(1, 1), bias=False)",
        new ConvTranspose2d(
                2,
                4,
                ConvTranspose2dOptions.kernel(3)
                    .withStride(2)
                    .withPadding(1)
                    .withOutputPadding(1)
                    .withBias(false))
            .toString());
    assertEquals(
        "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
        new MaxPool1d(2).toString());
    assertEquals(
        "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))", new AvgPool1d(2).toString());
    assertEquals("AvgPool3d(kernel_size=2, stride=2, padding=0)", new AvgPool3d(2).toString());
    assertEquals("Embedding(4, 2)", new Embedding(4, 2).toString());
    assertEquals("LeakyReLU(negative_slope=0.01)", new LeakyReLU().toString());
    assertEquals("GELU(approximate='none')", new GELU().toString());
    assertEquals("Softmax(dim=1)", new Softmax(1).toString());
    assertEquals("Sigmoid()", new Sigmoid().toString());
    assertEquals("Tanh()", new Tanh().toString());
  }
}
