package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.batchnorm4j.tensor.Backend;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The layers around norms on seeded cases, forward and backward, against libtorch in float64. */
final class LayerDifferentialTest {
  private static final long SEED = 0x6c61796572L;

  /** Which layer. */
  private enum Family {
    CONV_1D(ConvolutionCases::conv1d),
    CONV_3D(ConvolutionCases::conv3d),
    CONV_TRANSPOSE_2D(ConvolutionCases::convTranspose2d),
    MAX_POOL_1D(PoolingCases::max1d),
    MAX_POOL_3D(PoolingCases::max3d),
    AVG_POOL_1D(PoolingCases::average1d),
    AVG_POOL_3D(PoolingCases::average3d),
    LEAKY_RELU(ActivationCases::leakyRelu),
    GELU(ActivationCases::gelu),
    GELU_TANH(ActivationCases::geluTanh),
    SIGMOID(ActivationCases::sigmoid),
    TANH(ActivationCases::tanh),
    SOFTMAX(ActivationCases::softmax),
    EMBEDDING(ActivationCases::embedding),
    RNN(RecurrentCases::rnn),
    GRU(RecurrentCases::gru),
    LSTM(RecurrentCases::lstm),
    STANDARDISED_CONV_2D(StandardisedCases::conv2d),
    STANDARDISED_LINEAR(StandardisedCases::linear);

    private final Function<LayerDraw, LayerCase> drawing;

    Family(Function<LayerDraw, LayerCase> drawing) {
      this.drawing = drawing;
    }

    /** The same for ever, whatever was drawn before. */
    LayerCase number(int i) {
      return drawing.apply(new LayerDraw(SEED + 1_000_000L * ordinal() + i));
    }
  }

  @BeforeAll
  static void loadsLibtorch() {
    Natives.needLibtorch();
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void everyCaseAgreesWithLibtorch(Family family) {
    int count = Integer.getInteger("libtorch.cases", 2000) / 10;
    OurBatchNorm backends = new OurBatchNorm();
    Comparison comparison = new Comparison();
    Map<String, Integer> refused = new TreeMap<>();
    Map<String, String> wrong = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      LayerCase drawn = family.number(i);
      Backend backend = backends.backend(drawn.setting().kernels(), drawn.setting().threads());
      try {
        compare(drawn, i, backend, comparison, refused);
      } catch (AssertionError | RuntimeException e) {
        wrong.put(i + ": " + drawn, e + " at " + e.getStackTrace()[0]);
      }
    }
    comparison.print(family + ", " + count + " cases");
    refused.forEach((why, cases) -> System.out.println("  refused by " + why + ": " + cases));
    wrong.entrySet().stream()
        .limit(20)
        .forEach(entry -> System.out.println(entry.getValue() + "\n    " + entry.getKey()));
    if (!wrong.isEmpty()) {
      fail(
          wrong.size()
              + " of "
              + count
              + " cases differ from libtorch; the first: "
              + wrong.entrySet().iterator().next());
    }
  }

  private static void compare(
      LayerCase drawn,
      int number,
      Backend backend,
      Comparison comparison,
      Map<String, Integer> refused) {
    long[] shape = null;
    String ours = "";
    try {
      shape = LayerRuns.outputShape(drawn, backend);
    } catch (IllegalArgumentException e) {
      ours = String.valueOf(e.getMessage());
    }
    Numbers gradient = shape == null ? null : gradient(drawn, number, shape);
    Map<String, double[]> expected;
    try {
      expected = LayerRuns.theirs(drawn, gradient);
    } catch (RuntimeException e) {
      String theirs = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      if (gradient == null) {
        refused.merge("both", 1, Integer::sum);
      } else if (theirs.contains("smaller than kernel size")) {
        // avg_pool3d alone asks this of the input without its padding
        refused.merge("libtorch alone: window larger than the input", 1, Integer::sum);
      } else {
        fail("libtorch refuses and we do not: " + theirs);
      }
      return;
    }
    if (gradient == null) {
      assertTrue(drawn.isEmpty(), "we refuse and libtorch does not: " + ours);
      refused.merge("us alone: an empty batch that no output fits", 1, Integer::sum);
      return;
    }
    Map<String, double[]> actual = LayerRuns.ours(drawn, gradient, backend);
    assertEquals(expected.keySet(), actual.keySet());
    Map<String, double[]> bounds = drawn.tolerance().bounds(drawn, gradient, expected);
    expected.forEach(
        (quantity, values) ->
            comparison.within(
                drawn.toString(),
                drawn.setting().type().toString(),
                quantity,
                drawn.setting().type(),
                actual.get(quantity),
                values,
                bounds.get(quantity)));
  }

  /** Uniform on ±1. */
  private static Numbers gradient(LayerCase drawn, int number, long[] shape) {
    int size = 1;
    for (long axis : shape) {
      size = Math.toIntExact(size * axis);
    }
    SplittableRandom random = new SplittableRandom(~number);
    double[] values = random.doubles(size, -1, 1).toArray();
    double[] rounded = BatchNormData.rounded(values, drawn.setting().type());
    return new Numbers(rounded, shape, false);
  }
}
