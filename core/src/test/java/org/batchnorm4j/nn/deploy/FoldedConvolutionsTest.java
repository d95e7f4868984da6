package org.batchnorm4j.nn.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNorm3d;
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
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folding into convolutions of lines and of volumes, and into transposed ones. */
class FoldedConvolutionsTest {
  private final RandomStream random = RandomStream.of(12);

  private <N extends BatchNorm> N lived(N norm) {
    return LivedNorms.lived(random, norm);
  }

  /** Sums of products, and of their absolute values, for each output. */
  private static final class Sums {
    private final double[] sums;
    private final double[] magnitudes;

    Sums(int outputs) {
      sums = new double[outputs];
      magnitudes = new double[outputs];
    }

    void add(int at, double product) {
      sums[at] += product;
      magnitudes[at] += Math.abs(product);
    }

    /** Behind bias and norm; {@code plane} outputs of a channel follow each other. */
    ExpectedOutputs behind(
        Optional<Parameter> bias, BatchNorm norm, int plane, int fanIn, DType dtype) {
      int channels = norm.numFeatures();
      double[] b = ExpectedOutputs.values(bias.map(Parameter::value), 0, channels);
      ExpectedOutputs expected = new ExpectedOutputs(sums.length, fanIn, dtype);
      for (int at = 0; at < sums.length; at++) {
        int c = at / plane % channels;
        expected.put(at, sums[at], magnitudes[at], norm, c, b[c]);
      }
      return expected;
    }
  }

  /** Kernel 3, stride 2, padding 1, dilation 2: what each output element collects. */
  private static ExpectedOutputs lines(Tensor x, Conv1d layer, int groups, BatchNorm norm) {
    Tensor weight = layer.weight().value();
    int out = weight.axis(0);
    int each = weight.axis(1);
    int length = (x.axis(2) + 2 - 2 * 2 - 1) / 2 + 1;
    Sums sums = new Sums(x.axis(0) * out * length);
    for (int at = 0; at < x.axis(0) * out * length; at++) {
      int o = at / length % out;
      int first = o / (out / groups) * each;
      for (int k = 0; k < each * 3; k++) {
        int from = at % length * 2 - 1 + k % 3 * 2;
        if (from >= 0 && from < x.axis(2)) {
          double value = x.at(at / length / out, first + k / 3, from);
          sums.add(at, value * weight.at(o, k / 3, k % 3));
        }
      }
    }
    return sums.behind(layer.bias(), norm, length, each * 3, x.dtype());
  }

  @ParameterizedTest(name = "{0} channels groups {1} bias {2} gamma {3} beta {4} {5}")
  @CsvSource({
    "6, 1, false, false, false, FLOAT32",
    "6, 2, true, true, true, FLOAT32",
    "6, 2, false, true, false, FLOAT64",
    "8, 1, true, true, true, FLOAT64",
    "8, 4, true, false, false, FLOAT32",
    "8, 4, false, false, true, FLOAT64"
  })
  void aConvolutionOfLinesTakesInWhatIsThereGroupByGroup(
      int out, int groups, boolean bias, boolean scale, boolean shift, DType dtype) {
    Conv1dOptions window =
        Conv1dOptions.kernel(3).withStride(2).withPadding(1).withDilation(2).withGroups(groups);
    Conv1d layer = new Conv1d(4, out, window.withBias(bias).withDtype(dtype), random);
    BatchNorm1d norm = lived(new BatchNorm1d(out, LivedNorms.options(scale, shift, dtype)));
    Tensor x = Tensor.randn(dtype, random, 2, 4, 9);
    Conv1d folded = Folding.fold(layer, norm);
    lines(x, layer, groups, norm).hold(folded.forward(x, Pass.inference()));
    assertEquals(window.toString(), folded.options().toString());
  }

  /** Kernel 2x3x1, stride 1x2x1, padding 1x0x1, dilation 2x1x1. */
  private static ExpectedOutputs volumes(Tensor x, Conv3d layer, int groups, BatchNorm norm) {
    Tensor weight = layer.weight().value();
    int out = weight.axis(0);
    int each = weight.axis(1);
    int depth = x.axis(2) + 2 - 2;
    int height = (x.axis(3) - 3) / 2 + 1;
    int width = x.axis(4) + 2;
    Sums sums = new Sums(x.axis(0) * out * depth * height * width);
    int at = 0;
    for (int n = 0; n < x.axis(0); n++) {
      for (int o = 0; o < out; o++) {
        for (int d = 0; d < depth; d++) {
          for (int h = 0; h < height; h++) {
            for (int w = 0; w < width; w++) {
              for (int tap = 0; tap < each * 6; tap++) {
                int plane = d - 1 + tap / 3 % 2 * 2;
                int column = w - 1;
                if (plane >= 0 && plane < x.axis(2) && column >= 0 && column < x.axis(4)) {
                  int channel = o / (out / groups) * each + tap / 6;
                  sums.add(
                      at,
                      x.at(n, channel, plane, 2 * h + tap % 3, column)
                          * weight.at(o, tap / 6, tap / 3 % 2, tap % 3, 0));
                }
              }
              at++;
            }
          }
        }
      }
    }
    return sums.behind(layer.bias(), norm, depth * height * width, each * 6, x.dtype());
  }

  @ParameterizedTest(name = "{0} channels groups {1} bias {2} gamma {3} beta {4} {5}")
  @CsvSource({
    "6, 1, false, false, false, FLOAT32",
    "6, 2, true, true, true, FLOAT32",
    "8, 4, false, true, false, FLOAT64",
    "8, 2, true, false, false, FLOAT64"
  })
  void aConvolutionOfVolumesTakesInWhatIsThereGroupByGroup(
      int out, int groups, boolean bias, boolean scale, boolean shift, DType dtype) {
    Conv3dOptions window =
        Conv3dOptions.kernel(2, 3, 1)
            .withStride(1, 2, 1)
            .withPadding(1, 0, 1)
            .withDilation(2, 1, 1)
            .withGroups(groups);
    Conv3d layer = new Conv3d(4, out, window.withBias(bias).withDtype(dtype), random);
    BatchNorm3d norm = lived(new BatchNorm3d(out, LivedNorms.options(scale, shift, dtype)));
    Tensor x = Tensor.randn(dtype, random, 2, 4, 3, 6, 2);
    Conv3d folded = Folding.fold(layer, norm);
    volumes(x, layer, groups, norm).hold(folded.forward(x, Pass.inference()));
    assertEquals(window.toString(), folded.options().toString());
  }

  /**
   * Kernel 2x3, stride 2x1, padding 1x0, dilation 1x2, one row of output padding: what each input
   * element sends to the output, in the order of the inputs.
   */
  private static ExpectedOutputs transposed(
      Tensor x, ConvTranspose2d layer, int groups, BatchNorm norm) {
    Tensor weight = layer.weight().value();
    int perGroup = weight.axis(1);
    int out = perGroup * groups;
    int in = weight.axis(0);
    int height = (x.axis(2) - 1) * 2 - 2 + 1 + 1 + 1;
    int width = x.axis(3) - 1 + 2 * 2 + 1;
    Sums sums = new Sums(x.axis(0) * out * height * width);
    for (int n = 0; n < x.axis(0); n++) {
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < perGroup; o++) {
          int channel = i / (in / groups) * perGroup + o;
          for (int h = 0; h < x.axis(2); h++) {
            for (int w = 0; w < x.axis(3); w++) {
              for (int tap = 0; tap < 6; tap++) {
                int row = 2 * h - 1 + tap / 3;
                int column = w + tap % 3 * 2;
                if (row >= 0 && row < height) {
                  sums.add(
                      ((n * out + channel) * height + row) * width + column,
                      x.at(n, i, h, w) * weight.at(i, o, tap / 3, tap % 3));
                }
              }
            }
          }
        }
      }
    }
    return sums.behind(layer.bias(), norm, height * width, in / groups * 6, x.dtype());
  }

  @ParameterizedTest(name = "{0} to {1} channels groups {2} bias {3} gamma {4} beta {5} {6}")
  @CsvSource({
    "4, 6, 1, true, true, true, FLOAT32",
    "4, 6, 1, false, false, false, FLOAT32",
    "4, 6, 2, true, true, true, FLOAT32",
    "4, 4, 4, false, true, true, FLOAT32",
    "4, 8, 4, true, false, false, FLOAT32",
    "6, 4, 2, false, false, false, FLOAT64",
    "6, 4, 2, true, true, false, FLOAT64",
    "3, 6, 3, false, false, true, FLOAT64"
  })
  void aTransposedConvolutionTakesInWhatIsThereGroupByGroup(
      int in, int out, int groups, boolean bias, boolean scale, boolean shift, DType dtype) {
    ConvTranspose2dOptions window =
        ConvTranspose2dOptions.kernel(2, 3)
            .withStride(2, 1)
            .withPadding(1, 0)
            .withOutputPadding(1, 0)
            .withDilation(1, 2)
            .withGroups(groups);
    ConvTranspose2d layer =
        new ConvTranspose2d(in, out, window.withBias(bias).withDtype(dtype), random);
    BatchNorm2d norm = lived(new BatchNorm2d(out, LivedNorms.options(scale, shift, dtype)));
    Tensor x = Tensor.randn(dtype, random, 2, in, 3, 4);
    ConvTranspose2d folded = Folding.fold(layer, norm);
    transposed(x, layer, groups, norm).hold(folded.forward(x, Pass.inference()));
    assertEquals(window.toString(), folded.options().toString());
  }

  @Test
  void wholeModelsOfLinesVolumesAndTransposedConvolutionsGiveTheSame() {
    DType wide = DType.FLOAT64;
    BatchNormOptions norm = BatchNormOptions.defaults().withDtype(wide);
    Conv1dOptions line = Conv1dOptions.kernel(3).withDtype(wide);
    holdsWithoutNorms(
        new Sequential(
            new Conv1d(2, 4, line.withBias(false), random),
            new BatchNormReLU(lived(new BatchNorm1d(4, norm))),
            new Conv1d(4, 6, line.withGroups(2), random),
            lived(new BatchNormNd(6, norm))),
        Tensor.randn(wide, random, 3, 2, 9));
    Conv3dOptions cube = Conv3dOptions.kernel(2).withDtype(wide);
    holdsWithoutNorms(
        new Sequential(
            new Conv3d(2, 4, cube.withBias(false), random),
            new BatchNormReLU(lived(new BatchNorm3d(4, norm))),
            new Conv3d(4, 6, cube.withGroups(2).withPadding(1), random),
            lived(new BatchNormNd(6, norm))),
        Tensor.randn(wide, random, 2, 2, 3, 4, 3));
    ConvTranspose2dOptions up = ConvTranspose2dOptions.kernel(3).withStride(2).withDtype(wide);
    holdsWithoutNorms(
        new Sequential(
            new Conv2d(2, 4, Conv2dOptions.kernel(3).withDtype(wide), random),
            lived(new BatchNorm2d(4, norm)),
            new ReLU(),
            new ConvTranspose2d(4, 4, up.withGroups(2).withBias(false), random),
            new BatchNormReLU(lived(new BatchNorm2d(4, norm))),
            new ConvTranspose2d(4, 6, up, random),
            lived(new BatchNorm2d(6, norm)),
            lived(new BatchNorm2d(6, norm))),
        Tensor.randn(wide, random, 3, 2, 4, 4));
  }

  private static void holdsWithoutNorms(Sequential model, Tensor x) {
    FoldedModel folded = Folding.fold(model);
    assertEquals(List.of(), folded.kept());
    double[] expected = model.forward(x, Pass.inference()).toDoubles();
    double[] bound = DeviationBound.of(model, x).toDoubles();
    double[] found = folded.model().forward(x, Pass.inference()).toDoubles();
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      assertTrue(bound[i] < 1e-9, "a bound of " + bound[i] + " would not see a wrong term");
      assertEquals(expected[i], found[i], bound[i]);
      largest = Math.max(largest, Math.abs(expected[i] - found[i]));
    }
    assertEquals(largest, folded.deviationFrom(model, x, Pass.inference()).largest());
  }

  @Test
  void roundingIsAddedUpForEachOutputChannelOfATransposedWeight() {
    ConvTranspose2d layer =
        new ConvTranspose2d(2, 2, ConvTranspose2dOptions.kernel(1).withBias(false), random);
    layer.weight().value().fill(1);
    BatchNorm2d norm = new BatchNorm2d(2, BatchNormOptions.defaults().withEps(0));
    norm.runningVar().orElseThrow().copyFrom(Tensor.of(new float[] {1, 9}, 2));
    FoldedLayer folded = Folding.fold(new Sequential(layer, norm)).folded().getFirst();
    double third = 1.0 / 3; // no float; both input channels have one for output channel 1
    assertEquals(2 * Math.abs((float) third - third), folded.rounding(), 1e-24);
    assertEquals(1, folded.largestScale(), 0);
  }

  private static String kept(Sequential model) {
    return Folding.fold(model).kept().getFirst().reason();
  }

  @Test
  void whatCannotBeFoldedSaysWhy() {
    Conv1d line = new Conv1d(2, 3, Conv1dOptions.kernel(1));
    ConvTranspose2d up = new ConvTranspose2d(4, 6, ConvTranspose2dOptions.kernel(1).withGroups(2));
    assertEquals(
        "it takes no 3D input, as Conv1d \"0\" gives",
        kept(new Sequential(line, new BatchNorm2d(3))));
    assertEquals(
        "it takes no 3D input, as Conv1d \"0\" gives",
        kept(new Sequential(line, new BatchNorm1d(3, BatchNormOptions.defaults().withRank(2)))));
    Conv3d cube = new Conv3d(2, 3, Conv3dOptions.kernel(1));
    assertEquals(
        "it takes no 5D input, as Conv3d \"0\" gives",
        kept(new Sequential(cube, new BatchNorm2d(3))));
    assertEquals(
        "it takes no 3D input, as Conv1d \"0\" gives",
        kept(new Sequential(line, new BatchNorm3d(3))));
    assertEquals(
        "it takes no 4D input, as ConvTranspose2d \"0\" gives",
        kept(new Sequential(up, new BatchNorm1d(6))));
    assertEquals(
        "its channels are the last axis, but those of ConvTranspose2d \"0\" are axis 1",
        kept(new Sequential(up, new BatchNormNd(6, BatchNormOptions.keras()))));
    BatchNorm2d norm = new BatchNorm2d(3);
    Exception e = assertThrows(IllegalArgumentException.class, () -> Folding.fold(up, norm));
    assertEquals(
        "fold: BatchNorm2d cannot go into ConvTranspose2d \"0\": it has 3 channels, but"
            + " ConvTranspose2d \"0\" gives 6",
        e.getMessage());
  }

  @Test
  void aLinearLayerTakesInNormsOfItsOwnAxisOnly() {
    Linear linear = new Linear(2, 3);
    BatchNormOptions options = BatchNormOptions.defaults();
    String reason =
        "its channels are axis 1 of more than 2, but those of Linear \"0\" are the last axis";
    for (BatchNorm norm :
        List.of(
            new BatchNorm1d(3, options.withRank(3)),
            new BatchNormNd(3, options.withRank(4)),
            new BatchNorm3d(3))) {
      assertEquals(reason, kept(new Sequential(linear, norm)), norm::toString);
    }
    for (BatchNorm norm :
        List.of(
            new BatchNorm1d(3, options.withRank(2)), new BatchNormNd(3, options.withAxis(-1)))) {
      assertEquals(List.of(), Folding.fold(new Sequential(linear, norm)).kept());
    }
  }

  @Test
  void weightsOrABiasThatFloat32CannotHoldAreNoFold() {
    Conv1d layer = new Conv1d(1, 2, Conv1dOptions.kernel(1).withBias(false), random);
    layer.weight().value().fill(1e20);
    BatchNorm1d norm = new BatchNorm1d(2, BatchNormOptions.defaults().withEps(0));
    norm.weight().orElseThrow().value().range(1, 2).fill(1e20);
    String reason =
        "its weights for channel 1, whose running variance is 1.0, are not finite in float32";
    assertEquals(reason, kept(new Sequential(layer, norm)));
    norm.weight().orElseThrow().value().fill(1);
    norm.bias().orElseThrow().value().range(1, 2).fill(Double.POSITIVE_INFINITY);
    assertEquals(reason, kept(new Sequential(layer, norm)));
  }
}
