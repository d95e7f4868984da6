package org.batchnorm4j.nn.deploy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNormAddReLU;
import org.batchnorm4j.nn.BatchNormNd;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.BatchNormReLU;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FoldingTest {
  private final RandomStream random = RandomStream.of(11);

  private <N extends BatchNorm> N lived(N norm) {
    return LivedNorms.lived(random, norm);
  }

  private ExpectedOutputs linear(Tensor x, Linear layer, BatchNorm norm) {
    double[] weight = layer.weight().value().toDoubles();
    int in = x.axis(-1);
    int out = norm.numFeatures();
    double[] bias = ExpectedOutputs.values(layer.bias().map(p -> p.value()), 0, out);
    double[] input = x.toDoubles();
    int rows = x.size() / in;
    ExpectedOutputs expected = new ExpectedOutputs(rows * out, in, x.dtype());
    for (int n = 0; n < rows; n++) {
      for (int o = 0; o < out; o++) {
        double sum = 0;
        double magnitude = 0;
        for (int i = 0; i < in; i++) {
          double product = input[n * in + i] * weight[o * in + i];
          sum += product;
          magnitude += Math.abs(product);
        }
        expected.put(n * out + o, sum, magnitude, norm, o, bias[o]);
      }
    }
    return expected;
  }

  /** Stride 1, no padding. */
  private ExpectedOutputs convolution(Tensor x, Conv2d layer, BatchNorm norm) {
    Tensor weight = layer.weight().value();
    int out = weight.axis(0);
    int each = weight.axis(1);
    int kernel = weight.axis(2);
    int groups = layer.options().groups();
    int height = x.axis(2) - kernel + 1;
    int width = x.axis(3) - kernel + 1;
    double[] bias = ExpectedOutputs.values(layer.bias().map(p -> p.value()), 0, out);
    ExpectedOutputs expected =
        new ExpectedOutputs(x.axis(0) * out * height * width, each * kernel * kernel, x.dtype());
    int at = 0;
    for (int n = 0; n < x.axis(0); n++) {
      for (int o = 0; o < out; o++) {
        int first = o / (out / groups) * each;
        for (int h = 0; h < height; h++) {
          for (int w = 0; w < width; w++) {
            double sum = 0;
            double magnitude = 0;
            for (int i = 0; i < each; i++) {
              for (int a = 0; a < kernel; a++) {
                for (int b = 0; b < kernel; b++) {
                  double product = x.at(n, first + i, h + a, w + b) * weight.at(o, i, a, b);
                  sum += product;
                  magnitude += Math.abs(product);
                }
              }
            }
            expected.put(at++, sum, magnitude, norm, o, bias[o]);
          }
        }
      }
    }
    return expected;
  }

  @ParameterizedTest(name = "bias {0} gamma {1} beta {2} {3}")
  @CsvSource({
    "true, true, true, FLOAT32",
    "false, true, true, FLOAT32",
    "true, false, false, FLOAT32",
    "false, false, false, FLOAT64",
    "true, true, false, FLOAT64",
    "false, false, true, FLOAT64"
  })
  void aLinearLayerTakesInWhatIsThere(boolean bias, boolean scale, boolean shift, DType dtype) {
    Linear layer = new Linear(5, 4, bias, dtype, random);
    BatchNorm1d norm = lived(new BatchNorm1d(4, LivedNorms.options(scale, shift, dtype)));
    Tensor x = Tensor.randn(dtype, random, 6, 5);
    linear(x, layer, norm).hold(Folding.fold(layer, norm).forward(x, Pass.inference()));
  }

  @ParameterizedTest(name = "groups {0} bias {1} gamma {2} beta {3} {4}")
  @CsvSource({
    "1, true, true, true, FLOAT32",
    "1, false, false, false, FLOAT32",
    "2, false, true, true, FLOAT32",
    "4, true, true, false, FLOAT32",
    "2, true, false, true, FLOAT64",
    "4, false, true, true, FLOAT64"
  })
  void aConvolutionTakesInWhatIsThereGroupByGroup(
      int groups, boolean bias, boolean scale, boolean shift, DType dtype) {
    Conv2dOptions window =
        Conv2dOptions.kernel(3).withGroups(groups).withBias(bias).withDtype(dtype);
    Conv2d layer = new Conv2d(4, 8, window, random);
    BatchNorm2d norm = lived(new BatchNorm2d(8, LivedNorms.options(scale, shift, dtype)));
    Tensor x = Tensor.randn(dtype, random, 2, 4, 5, 4);
    Conv2d folded = Folding.fold(layer, norm);
    convolution(x, layer, norm).hold(folded.forward(x, Pass.inference()));
    assertEquals(groups, folded.options().groups());
  }

  @Test
  void windowAndStepsStay() {
    Conv2dOptions window =
        Conv2dOptions.kernel(3, 2).withStride(2, 1).withPadding(1, 0).withDilation(1, 2);
    Conv2d folded =
        Folding.fold(new Conv2d(2, 3, window.withBias(false)), lived(new BatchNorm2d(3)));
    assertEquals(window.toString(), folded.options().toString());
  }

  /** A float64 model, so that a wrong term shows in any of many digits. */
  private Sequential deep() {
    DType wide = DType.FLOAT64;
    Conv2dOptions window = Conv2dOptions.kernel(3).withPadding(1).withDtype(wide).withBias(false);
    BatchNormOptions norm = BatchNormOptions.defaults().withDtype(wide);
    Module block =
        new Residual(
            new Sequential()
                .add("conv1", new Conv2d(4, 4, window, random))
                .add("bn1", lived(new BatchNorm2d(4, norm)))
                .add("relu", new ReLU())
                .add("conv2", new Conv2d(4, 4, window.withGroups(2), random))
                .add("bn2", lived(new BatchNorm2d(4, norm))),
            new Sequential()
                .add("conv", new Conv2d(4, 4, window, random))
                .add("bn", lived(new BatchNormNd(4, norm))));
    return new Sequential()
        .add("stem", new Sequential(new Conv2d(2, 4, window, random)))
        .add("bn", lived(new BatchNorm2d(4, norm)))
        .add("relu", new ReLU())
        .add("block", block)
        .add("pool", new MaxPool2d(2))
        .add("flatten", new Flatten())
        .add("fc1", new Linear(16, 6, true, wide, random))
        .add("both", new BatchNormReLU(lived(new BatchNorm1d(6, norm))))
        .add("fc2", new Linear(6, 3, true, wide, random))
        .add("last", lived(new BatchNorm1d(3, norm)));
  }

  @Test
  void aWholeModelGivesTheSameWithoutItsNorms() {
    Sequential model = deep();
    FoldedModel folded = Folding.fold(model);
    assertEquals(List.of(), folded.kept());
    assertEquals(
        List.of("bn", "block.body.bn1", "block.body.bn2", "block.shortcut.bn", "both.norm", "last"),
        folded.folded().stream().map(FoldedLayer::path).toList());
    assertEquals(
        List.of(
            "stem.0", "block.body.conv1", "block.body.conv2", "block.shortcut.conv", "fc1", "fc2"),
        folded.folded().stream().map(FoldedLayer::into).toList());
    assertTrue(
        ModelParts.byPath(folded.model()).values().stream().noneMatch(BatchNorm.class::isInstance));

    Tensor x = Tensor.randn(DType.FLOAT64, random, 3, 2, 4, 4);
    double[] expected = model.forward(x, Pass.inference()).toDoubles();
    double[] bound = DeviationBound.of(model, x).toDoubles();
    double[] found = folded.model().forward(x, Pass.inference()).toDoubles();
    for (int i = 0; i < expected.length; i++) {
      assertTrue(bound[i] < 1e-9, "a bound of " + bound[i] + " would not see a wrong term");
      assertEquals(expected[i], found[i], bound[i]);
    }
    FoldedModel.Deviation deviation = folded.deviationFrom(model, x, Pass.inference());
    double largest = 0;
    double output = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i] - found[i]));
      output = Math.max(output, Math.abs(expected[i]));
    }
    assertEquals(new FoldedModel.Deviation(largest, output), deviation);
  }

  @Test
  void deviationsCountUpAndDown() {
    Linear small = new Linear(1, 1, false, random);
    small.weight().value().fill(1);
    Linear large = new Linear(1, 1, false, random);
    large.weight().value().fill(3);
    FoldedModel model = new FoldedModel(small, List.of(), List.of());
    assertEquals(
        new FoldedModel.Deviation(4, 6),
        model.deviationFrom(large, Tensor.full(2, DType.FLOAT32, 1, 1), Pass.inference()));
  }

  @Test
  void foldingIsPossibleRightAfterATrainingStep() {
    Linear layer = new Linear(3, 4, true, DType.FLOAT64, random);
    BatchNorm1d norm = new BatchNorm1d(4, BatchNormOptions.defaults().withDtype(DType.FLOAT64));
    Tensor x = Tensor.randn(DType.FLOAT64, random, 5, 3);
    norm.forward(layer.forward(x, Pass.training()), Pass.training());
    linear(x, layer, norm).hold(Folding.fold(layer, norm).forward(x, Pass.inference()));
  }

  @Test
  void namesStaySoThatTheStateIsThatOfANetworkBuiltWithoutNorms() {
    FoldedModel folded = Folding.fold(deep());
    assertEquals(
        Set.of(
            "stem.0.weight",
            "stem.0.bias",
            "block.body.conv1.weight",
            "block.body.conv1.bias",
            "block.body.conv2.weight",
            "block.body.conv2.bias",
            "block.shortcut.conv.weight",
            "block.shortcut.conv.bias",
            "fc1.weight",
            "fc1.bias",
            "fc2.weight",
            "fc2.bias"),
        folded.model().stateDict().keySet());
  }

  @Test
  void theOriginalStaysAndOtherLayersAreShared() {
    Linear first = new Linear(3, 3, true, random);
    Linear second = new Linear(3, 2, true, random);
    Sequential model = new Sequential(first, lived(new BatchNorm1d(3)), new ReLU(), second);
    byte[] before = first.weight().value().toBytes();
    FoldedModel folded = Folding.fold(model);
    assertArrayEquals(before, first.weight().value().toBytes());
    assertEquals(4, model.members().children().size());
    assertSame(second, folded.model().members().children().get("3"));
  }

  @Test
  void aModelWithoutAnythingToFoldIsReturnedItself() {
    Sequential model = new Sequential(new ReLU(), new Residual(new Linear(2, 2)));
    assertSame(model, Folding.fold(model).model());
  }

  @Test
  void severalNormsInARowGoIntoTheSameLayer() {
    Linear layer = new Linear(4, 4, true, DType.FLOAT64, random);
    BatchNormOptions wide = BatchNormOptions.defaults().withDtype(DType.FLOAT64);
    Sequential model =
        new Sequential(
            layer,
            lived(new BatchNorm1d(4, wide)),
            new Sequential(lived(new BatchNorm1d(4, wide))));
    FoldedModel folded = Folding.fold(model);
    assertEquals(2, folded.folded().size());
    Tensor x = Tensor.randn(DType.FLOAT64, random, 5, 4);
    double[] bound = DeviationBound.of(model, x).toDoubles();
    double[] expected = model.forward(x, Pass.inference()).toDoubles();
    double[] found = folded.model().forward(x, Pass.inference()).toDoubles();
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], bound[i]);
    }
  }

  @Test
  void roundingOfTheWeightsIsReportedAsDerived() {
    Linear layer = new Linear(2, 1, false, random);
    layer.weight().value().copyFrom(Tensor.of(new float[] {1, 2}, 1, 2));
    BatchNorm1d norm = new BatchNorm1d(1, BatchNormOptions.defaults().withEps(0));
    norm.runningVar().orElseThrow().fill(9); // a third is not a float
    norm.runningMean().orElseThrow().fill(1);
    FoldedLayer folded = Folding.fold(new Sequential(layer, norm)).folded().getFirst();
    double third = 1.0 / 3;
    double wrong = Math.abs((float) third - third);
    assertEquals(wrong + 2 * wrong + wrong, folded.rounding(), 1e-24);
    assertEquals(third, folded.largestScale(), 0);
  }

  @Test
  void aFoldedLinearLayerRefusesInputsForWhichTheNormMeantAnotherAxis() {
    Sequential model = new Sequential(new Linear(3, 4), lived(new BatchNorm1d(4)), new ReLU());
    Module folded = Folding.fold(model).model();
    Exception e =
        assertThrows(
            ShapeException.class, () -> folded.forward(Tensor.zeros(2, 4, 3), Pass.inference()));
    assertEquals(
        "FoldedBatchNorm \"1\" was folded into the linear layer \"0\" for inputs (N, C), but now its"
            + " input has shape (2, 4, 4); use the model that was not folded for other ranks",
        e.getMessage());
  }

  @Test
  void channelsOnTheLastAxisAreFoldedForAnyRank() {
    BatchNormOptions last = BatchNormOptions.defaults().withAxis(-1).withDtype(DType.FLOAT64);
    Linear layer = new Linear(3, 4, true, DType.FLOAT64, random);
    BatchNormNd norm = lived(new BatchNormNd(4, last));
    Module folded = Folding.fold(new Sequential(layer, norm)).model();
    Tensor x = Tensor.randn(DType.FLOAT64, random, 2, 5, 3);
    linear(x, layer, norm).hold(folded.forward(x, Pass.inference()));
  }

  private static String kept(Module model) {
    FoldedModel folded = Folding.fold(model);
    assertEquals(List.of(), folded.folded());
    List<String> lines = new ArrayList<>();
    folded.kept().forEach(k -> lines.add(k.path() + ": " + k.reason()));
    return String.join("\n", lines);
  }

  @Test
  void whatCannotBeFoldedIsKeptAndSaysWhy() {
    BatchNorm2d norm = lived(new BatchNorm2d(2));
    Conv2d conv = new Conv2d(1, 2, Conv2dOptions.kernel(1));
    Sequential pooled = new Sequential(conv, new MaxPool2d(2), norm);
    assertEquals(
        "2: it follows MaxPool2d \"1\"; only a convolution or a linear layer can take it in",
        kept(pooled));
    assertSame(pooled, Folding.fold(pooled).model());
    assertEquals("0: nothing comes before it", kept(new Sequential(norm, conv)));
    assertEquals(": nothing comes before it", kept(norm));
    assertEquals(
        "1.body.0: it begins the body of Residual \"1\", and its input goes two ways",
        kept(
            new Sequential(
                new Conv2d(1, 2, Conv2dOptions.kernel(1)),
                new Residual(new Sequential(norm, new ReLU())))));
    assertEquals(
        "1: it has 2 channels, but Conv2d \"0\" gives 3",
        kept(new Sequential(new Conv2d(1, 3, Conv2dOptions.kernel(1)), norm)));
    assertEquals(
        "1: it takes no 4D input, as Conv2d \"0\" gives",
        kept(new Sequential(conv, lived(new BatchNorm1d(2)))));
    assertEquals(
        "1: its channels are axis 1 of more than 2, but those of Linear \"0\" are the last axis",
        kept(new Sequential(new Linear(2, 2), norm)));
    assertEquals(
        "1: its channels are the last axis, but those of Conv2d \"0\" are axis 1",
        kept(new Sequential(conv, new BatchNormNd(2, BatchNormOptions.keras()))));
    assertEquals(
        "1: it is float64, but Conv2d \"0\" is float32",
        kept(
            new Sequential(
                conv, new BatchNorm2d(2, BatchNormOptions.defaults().withDtype(DType.FLOAT64)))));
    assertEquals(
        "1: it tracks no running statistics, so inference normalises each batch by its own",
        kept(
            new Sequential(
                conv,
                new BatchNorm2d(2, BatchNormOptions.defaults().withTrackRunningStats(false)))));
    assertEquals(
        "1.norm: it lies in BatchNormAddReLU \"1\", whose forward is code that folding cannot read;"
            + " fold the layer and the norm by Folding.fold(layer, norm)",
        kept(new Sequential(conv, new BatchNormAddReLU(norm))));
    assertEquals(
        "own.norm: it lies in Own \"own\", whose forward is code that folding cannot read; fold the"
            + " layer and the norm by Folding.fold(layer, norm)",
        kept(new Sequential().add("own", new Own(conv, norm))));
    norm.runningVar().orElseThrow().copyFrom(Tensor.of(new float[] {1, Float.NaN}, 2));
    assertEquals(
        "1: its weights for channel 1, whose running variance is NaN, are not finite in float32",
        kept(new Sequential(conv, norm)));
  }

  /** A model that calls its parts itself. */
  private static final class Own implements Module {
    private final Members members = new Members("Own");
    private final Conv2d conv;
    private final BatchNorm2d norm;

    Own(Conv2d conv, BatchNorm2d norm) {
      this.conv = members.child("conv", conv);
      this.norm = members.child("norm", norm);
    }

    @Override
    public Tensor forward(Tensor input, Pass pass) {
      return norm.forward(conv.forward(input, pass), pass);
    }

    @Override
    public Members members() {
      return members;
    }
  }

  @Test
  void aPairThatCannotBeFoldedIsRefusedByName() {
    Sequential model = new Sequential().add("fc", new Linear(2, 3)).add("bn", new BatchNorm1d(4));
    Linear layer = assertInstanceOf(Linear.class, model.members().children().get("fc"));
    BatchNorm norm = assertInstanceOf(BatchNorm.class, model.members().children().get("bn"));
    Exception e = assertThrows(IllegalArgumentException.class, () -> Folding.fold(layer, norm));
    assertEquals(
        "fold: BatchNorm1d \"bn\" cannot go into Linear \"fc\": it has 4 channels, but Linear"
            + " \"fc\" gives 3",
        e.getMessage());
    assertFalse(norm.runningMean().isEmpty());
  }
}
