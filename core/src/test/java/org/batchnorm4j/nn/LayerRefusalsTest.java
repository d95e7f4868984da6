package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** What the layers around the norms refuse, and how they print what is no default. */
class LayerRefusalsTest {
  private static final Pass INFERENCE = Pass.inference();
  private static final RandomStream RANDOM = RandomStream.of(1);

  private static void refused(String message, Supplier<?> action) {
    refused(IllegalArgumentException.class, message, action);
  }

  private static void refused(Class<? extends Exception> type, String message, Supplier<?> action) {
    assertEquals(message, assertThrows(type, action::get).getMessage());
  }

  @Test
  void optionsOfConvolutionsOfLines() {
    Conv1dOptions options = Conv1dOptions.kernel(2);
    refused("Conv1d kernel must be at least 1, got 0", () -> Conv1dOptions.kernel(0));
    refused("Conv1d padding must be at least 0, got -1", () -> options.withPadding(-1));
    refused("Conv1d dilation must be at least 1, got 0", () -> options.withDilation(0));
    refused("Conv1d groups must be at least 1, got 0", () -> options.withGroups(0));
    refused(
        "Conv1d parameters must be float32 or float64, got bfloat16",
        () -> options.withDtype(DType.BFLOAT16));
  }

  @Test
  void channelsAndTypesOfConvolutions() {
    Conv1dOptions options = Conv1dOptions.kernel(2);
    refused(
        "Conv1d needs at least 1 channel on either side, got 0 to 4",
        () -> new Conv1d(0, 4, options, RANDOM));
    refused(
        "Conv1d needs at least 1 channel on either side, got 4 to 0",
        () -> new Conv1d(4, 0, options, RANDOM));
    refused(
        "Conv1d: channels 4 and 3 must be divisible by the 2 groups",
        () -> new Conv1d(4, 3, options.withGroups(2), RANDOM));
    Conv1d one = new Conv1d(1, 2, options, RANDOM);
    refused(
        ShapeException.class,
        "Conv1d was built for 1 channel, but axis 1 of the input shape (1, 2, 4) has 2; shapes read"
            + " (N, C, L) in every layout",
        () -> one.forward(Tensor.zeros(1, 2, 4), INFERENCE));
    refused(
        ShapeException.class,
        "Conv1d expected 3D input (N, C, L), got shape (1, 2, 4, 4)",
        () -> one.forward(Tensor.zeros(1, 2, 4, 4), INFERENCE));
    refused(
        "Conv1d has float32 parameters, but the input of shape (1, 1, 4) is float64; convert it"
            + " with pass.to(input, DType.FLOAT32) or build the layer for DType.FLOAT64",
        () -> one.forward(Tensor.zeros(DType.FLOAT64, 1, 1, 4), INFERENCE));
  }

  @Test
  void optionsOfTransposedConvolutions() {
    ConvTranspose2dOptions options = ConvTranspose2dOptions.kernel(2).withStride(2);
    refused(
        "ConvTranspose2d kernel must be at least 1 along height and width, got 2 and 0",
        () -> ConvTranspose2dOptions.kernel(2, 0));
    refused(
        "ConvTranspose2d stride must be at least 1 along height and width, got 0 and 1",
        () -> options.withStride(0, 1));
    refused(
        "ConvTranspose2d padding must be at least 0 along height and width, got 0 and -1",
        () -> options.withPadding(0, -1));
    refused(
        "ConvTranspose2d output_padding must be at least 0 along height and width, got -1 and -1",
        () -> options.withOutputPadding(-1));
    refused(
        "ConvTranspose2d dilation must be at least 1 along height and width, got 0 and 0",
        () -> options.withDilation(0));
    refused("ConvTranspose2d groups must be at least 1, got 0", () -> options.withGroups(0));
    refused(
        "ConvTranspose2d parameters must be float32 or float64, got float16",
        () -> options.withDtype(DType.FLOAT16));
    refused(
        "ConvTranspose2d output_padding must be less than the stride, got (2, 0) with stride (2, 2)",
        () -> new ConvTranspose2d(1, 1, options.withOutputPadding(2, 0), RANDOM));
    refused(
        "ConvTranspose2d output_padding must be less than the stride, got (0, 2) with stride (2, 2)",
        () -> new ConvTranspose2d(1, 1, options.withOutputPadding(0, 2), RANDOM));
    refused(
        "ConvTranspose2d: channels 4 and 3 must be divisible by the 2 groups",
        () -> new ConvTranspose2d(4, 3, options.withGroups(2), RANDOM));
  }

  @Test
  void inputsOfTransposedConvolutions() {
    ConvTranspose2d layer =
        new ConvTranspose2d(2, 1, ConvTranspose2dOptions.kernel(2).withStride(1 << 30), RANDOM);
    refused(
        ShapeException.class,
        "ConvTranspose2d expected 4D input (N, C, H, W), got shape (2, 3, 3); add a batch axis with"
            + " reshape",
        () -> layer.forward(Tensor.zeros(2, 3, 3), INFERENCE));
    refused(
        ShapeException.class,
        "ConvTranspose2d, input (1, 2, 3, 1): the output would have 2147483650x2 positions, which is"
            + " not possible; a smaller padding or another window leaves some",
        () -> layer.forward(Tensor.zeros(1, 2, 3, 1), INFERENCE));
    refused(
        ShapeException.class,
        "ConvTranspose2d, input (1, 2, 2, 2): convolution: the input (1, 1, 1073741826, 1073741826)"
            + " has more than 2147483639 elements, the most an array can hold",
        () -> layer.forward(Tensor.zeros(1, 2, 2, 2), INFERENCE));
    ConvTranspose2d small = new ConvTranspose2d(2, 1, ConvTranspose2dOptions.kernel(2), RANDOM);
    refused(
        ShapeException.class,
        "ConvTranspose2d, input (1, 2, 0, 2): the output would have 1x3 positions, which is not"
            + " possible; a smaller padding or another window leaves some",
        () -> small.forward(Tensor.zeros(1, 2, 0, 2), INFERENCE));
  }

  @Test
  void windowsOfPoolings() {
    String sizes = " window and stride must be at least 1, got window ";
    refused("MaxPool1d" + sizes + "0 and stride 1", () -> new MaxPool1d(0, 1, 0));
    refused("AvgPool3d" + sizes + "2 and stride 0", () -> new AvgPool3d(2, 0, 0, true));
    String padding = " padding must be from 0 to half of the window 3, got ";
    refused("MaxPool3d" + padding + "2", () -> new MaxPool3d(3, 1, 2));
    refused("AvgPool1d" + padding + "-1", () -> new AvgPool1d(3, 1, -1, true));
    refused(
        ShapeException.class,
        "AvgPool3d expected 5D input (N, C, D, H, W), got shape (1, 2, 3, 4); add a batch axis with"
            + " reshape",
        () -> new AvgPool3d(2).forward(Tensor.zeros(1, 2, 3, 4), INFERENCE));
    ShapeException named =
        assertThrows(
            ShapeException.class, () -> new AvgPool1d(4).forward(Tensor.zeros(1, 1, 3), INFERENCE));
    assertTrue(named.getMessage().endsWith(named.getCause().getMessage()));
  }

  @Test
  void sizesAndNumbersOfEmbeddings() {
    refused(
        "Embedding needs at least 1 row of at least 1 value, got 0 of 2",
        () -> new Embedding(0, 2));
    refused(
        "Embedding needs at least 1 row of at least 1 value, got 2 of 0",
        () -> new Embedding(2, 0));
    refused(
        "Embedding: padding_idx must be within num_embeddings 4, got -5",
        () -> new Embedding(4, 2, OptionalInt.of(-5), DType.FLOAT32, RANDOM));
    refused(
        "Embedding parameters must be float32 or float64, got float16",
        () -> new Embedding(4, 2, OptionalInt.empty(), DType.FLOAT16, RANDOM));
    Embedding table = new Embedding(4, 2);
    refused(
        IndexOutOfBoundsException.class,
        "Embedding has rows 0 to 3, but value 0 of the input of shape (1) is -1",
        () -> table.forward(Tensor.of(new long[] {-1}, 1), INFERENCE));
    for (DType whole : new DType[] {DType.INT64, DType.INT32, DType.UINT8}) {
      Tensor numbers = Tensor.of(new long[] {3}, 1).to(whole);
      assertEquals(table.weight().value().at(3, 1), table.forward(numbers, INFERENCE).at(0, 1), 0);
    }
  }

  @Test
  void optionsAndSizesOfCells() {
    RecurrentOptions options = RecurrentOptions.defaults();
    refused(
        "GRUCell needs at least 1 value on either side, got 0 to 3",
        () -> new GRUCell(0, 3, options, RANDOM));
    refused(
        "LSTMCell needs at least 1 value on either side, got 3 to 0",
        () -> new LSTMCell(3, 0, options, RANDOM));
    refused(
        "a recurrent cell's parameters must be float32 or float64, got float16",
        () -> options.withDtype(DType.FLOAT16));
    refused(
        "recurrent batch norm needs statistics of at least 1 step, got 0",
        () -> options.withBatchNorm(0));
    refused("recurrent batch norm eps must be positive, got 0.0", () -> options.withEps(0));
    refused(
        "recurrent batch norm eps must be positive, got NaN", () -> options.withEps(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> options.withMomentum(Double.NaN));
  }

  @Test
  void inputsAndStatesOfCells() {
    GRUCell cell = new GRUCell(2, 3);
    Tensor x = Tensor.zeros(4, 2);
    refused(
        ShapeException.class,
        "GRUCell expected 2D input (N, input), got shape (2)",
        () -> cell.forward(Tensor.zeros(2), INFERENCE));
    refused(
        ShapeException.class,
        "GRUCell was built for input (N, 2), but the input has shape (4, 2, 1)",
        () -> cell.step(Tensor.zeros(4, 2, 1), cell.initial(4, INFERENCE), 0, INFERENCE));
    refused(
        ShapeException.class,
        "GRUCell needs a state of shape (4, 3) for the input (4, 2), got (4, 5)",
        () -> cell.step(x, state(Tensor.zeros(4, 5)), 0, INFERENCE));
    refused(
        ShapeException.class,
        "GRUCell needs a state of shape (4, 3) for the input (4, 2), got (4, 3, 1)",
        () -> cell.step(x, state(Tensor.zeros(4, 3, 1)), 0, INFERENCE));
    refused(
        "GRUCell has float32 parameters, but the input of shape (4, 2) is float64; convert it with"
            + " pass.to(input, DType.FLOAT32) or build the layer for DType.FLOAT64",
        () -> cell.forward(Tensor.zeros(DType.FLOAT64, 4, 2), INFERENCE));
    LSTMCell lstm = new LSTMCell(2, 3);
    refused(
        "LSTMCell needs a state with a memory; start from initial(batch, pass)",
        () -> lstm.step(x, state(Tensor.zeros(4, 3)), 0, INFERENCE));
    RecurrentState odd = new RecurrentState(Tensor.zeros(4, 3), Optional.of(Tensor.zeros(4, 2)));
    refused(
        ShapeException.class,
        "LSTMCell needs a state of shape (4, 3) for the input (4, 2), got (4, 2)",
        () -> lstm.step(x, odd, 0, INFERENCE));
    refused(
        ShapeException.class,
        "Recurrence expected 3D input (N, T, 2) of at least one step, got shape (4, 2)",
        () -> new Recurrence(new RNNCell(2, 3), Recurrence.Output.ALL).forward(x, INFERENCE));
  }

  private static RecurrentState state(Tensor hidden) {
    return new RecurrentState(hidden, Optional.empty());
  }

  @Test
  void stepsOfNormsInCells() {
    StepBatchNorm norm = RecurrentOptions.defaults().withBatchNorm(5).norm(3, true);
    refused(
        "StepBatchNorm: steps count from 0, got -1",
        () -> norm.forward(Tensor.zeros(2, 3), -1, INFERENCE));
    refused(
        ShapeException.class,
        "StepBatchNorm was built for (N, 3), but the input has shape (2, 4)",
        () -> norm.forward(Tensor.zeros(2, 4), 0, INFERENCE));
    assertEquals("StepBatchNorm(3, steps=5)", norm.toString());
  }

  @Test
  void slopesAreFinite() {
    refused(
        "LeakyReLU negative_slope must be a finite number, got Infinity",
        () -> new LeakyReLU(Double.POSITIVE_INFINITY));
  }

  @Test
  void whatIsNoDefaultIsPrinted() {
    assertEquals(
        "kernel_size=(3,), stride=(2,), dilation=(2,), groups=2",
        Conv1dOptions.kernel(3).withStride(2).withDilation(2).withGroups(2).toString());
    ConvTranspose2dOptions up = ConvTranspose2dOptions.kernel(2).withStride(2);
    assertEquals(
        "kernel_size=(2, 2), stride=(2, 2), output_padding=(0, 1), groups=2, bias=False",
        up.withOutputPadding(0, 1).withGroups(2).withBias(false).toString());
    assertEquals(
        "kernel_size=(2, 2), stride=(2, 2), output_padding=(1, 0)",
        up.withOutputPadding(1, 0).toString());
    assertEquals(
        "MaxPool3d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)",
        new MaxPool3d(3, 2, 1).toString());
    assertEquals(
        "MaxPool3d(kernel_size=3, stride=3, padding=0, dilation=1, ceil_mode=False)",
        new MaxPool3d(3).toString());
    assertEquals(
        "AvgPool1d(kernel_size=(3,), stride=(2,), padding=(1,))",
        new AvgPool1d(3, 2, 1, true).toString());
    assertEquals(
        "Embedding(4, 2, padding_idx=3)",
        new Embedding(4, 2, OptionalInt.of(-1), DType.FLOAT32, RANDOM).toString());
    assertEquals("GELU(approximate='tanh')", new GELU(GELU.Approximation.TANH).toString());
    assertEquals("LeakyReLU(negative_slope=0.2)", new LeakyReLU(0.2).toString());
    assertEquals("Softmax(dim=-1)", new Softmax(-1).toString());
    RecurrentOptions unbiased = RecurrentOptions.defaults().withBias(false);
    assertEquals(
        "RNNCell(2, 3, bias=False, nonlinearity=relu)",
        new RNNCell(2, 3, unbiased, RNNCell.Nonlinearity.RELU, RANDOM).toString());
    String normalised = new LSTMCell(2, 3, unbiased.withBatchNorm(4), RANDOM).toString();
    assertEquals(
        """
        LSTMCell(
          2, 3, bias=False, batch_norm_steps=4
          (norm_ih): StepBatchNorm(12, steps=4)
          (norm_hh): StepBatchNorm(12, steps=4)
          (norm_cell): StepBatchNorm(3, steps=4)
        )\
        """,
        normalised);
  }
}
