package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every row of the table of batch norm in docs/errors.md. */
class BatchNormErrorsTest {
  private static final String HEADING = "## Batch norm";

  /** A mistake and what is said about it. */
  private record Row(String message, Executable mistake) {
    @Override
    public String toString() {
      return message;
    }
  }

  private static final Pass INFERENCE = Pass.inference();
  private static final BatchNormOptions BARE =
      BatchNormOptions.pytorch().withAffine(false).withTrackRunningStats(false);

  private static <M extends Module> M named(M layer) {
    new Sequential().add("layer1", new Sequential().add("bn", layer));
    return layer;
  }

  private static Executable infer(Module layer, Tensor input) {
    return () -> named(layer).forward(input, INFERENCE);
  }

  private static Executable train(Module layer, Tensor input) {
    return () -> named(layer).forward(input, Pass.training());
  }

  private static Executable function(
      Tensor x,
      @Nullable Tensor mean,
      @Nullable Tensor variance,
      @Nullable Tensor weight,
      boolean training,
      double eps) {
    return () ->
        Functional.batchNorm(x, mean, variance, weight, null, training, 0.1, eps, INFERENCE);
  }

  private static Executable load(BatchNorm layer, @Nullable String drop, Tensor mean) {
    Map<String, Tensor> state = new LinkedHashMap<>(new BatchNorm1d(3).stateDict());
    state.remove(drop);
    state.put("running_mean", mean);
    return () -> layer.loadStateDict(state, true);
  }

  static List<Row> rows() {
    Tensor x = Tensor.ones(4, 3);
    Tensor one = Tensor.ones(3);
    RandomStream random = RandomStream.of(1);
    BatchNormOptions puzzle = BatchNormOptions.puzzleLib();
    String layer1d = "BatchNorm1d \"layer1.bn\"";
    return List.of(
        new Row(
            layer1d + " expected 2D or 3D input (got 1D input of shape (3))",
            infer(new BatchNorm1d(3), one)),
        new Row(
            "BatchNorm2d \"layer1.bn\" expected 4D input (got 3D input of shape (4, 3, 2))",
            infer(new BatchNorm2d(3), Tensor.ones(4, 3, 2))),
        new Row(
            "BatchNorm3d \"layer1.bn\" expected 5D input (got 4D input of shape (4, 3, 2, 2))",
            infer(new BatchNorm3d(3), Tensor.ones(4, 3, 2, 2))),
        new Row(
            layer1d
                + ": expected more than 1 value per channel when training, got input shape (1, 3);"
                + " use a larger batch, drop the last partial batch of an epoch, or run this pass"
                + " in inference",
            train(new BatchNorm1d(3), Tensor.ones(1, 3))),
        new Row(
            layer1d
                + ": expected more than 1 value per channel when training, got input shape (1, 4);"
                + " use a larger batch, drop the last partial batch of an epoch, or run this pass"
                + " in inference",
            infer(new BatchNorm1d(4, BARE), Tensor.ones(1, 4))),
        new Row(
            layer1d + ": eps must be positive during training, but got 0.0",
            train(new BatchNorm1d(3, BatchNormOptions.pytorch().withEps(0)), x)),
        new Row(
            "batch_norm: eps must be positive during training, but got 0.0",
            function(x, null, null, null, true, 0)),
        new Row(
            "batch_norm: eps must be non-negative, but got -1.0",
            function(x, one, one, null, false, -1)),
        new Row(
            "batch_norm eps must be non-negative, but got -1.0",
            () -> BatchNormOptions.pytorch().withEps(-1)),
        new Row(
            "batch_norm expected at least 2D input (N, C), got shape (3)",
            function(one, null, null, null, true, 1)),
        new Row(
            "batch_norm: running_mean should contain 3 elements, one per channel of the input (4,"
                + " 3), but has shape (4)",
            function(x, Tensor.ones(4), one, null, true, 1)),
        new Row(
            "batch_norm: running_var should contain 3 elements, one per channel of the input (4,"
                + " 3), but has shape (4)",
            function(x, one, Tensor.ones(4), null, true, 1)),
        new Row(
            "batch_norm: weight should contain 3 elements, one per channel of the input (4, 3),"
                + " but has shape (4)",
            function(x, one, one, Tensor.ones(4), true, 1)),
        new Row(
            "batch_norm: bias should contain 3 elements, one per channel of the input (4, 3), but"
                + " has shape (4)",
            () ->
                Functional.batchNorm(
                    x, one, one, true, 0.1, 1e-5, null, Tensor.ones(4), INFERENCE)),
        new Row(
            "batch_norm: running_mean must be defined in evaluation mode; pass training=true to"
                + " use the statistics of the batch",
            function(x, null, one, null, false, 1)),
        new Row(
            "batch_norm: running_var must be defined in evaluation mode; pass training=true to use"
                + " the statistics of the batch",
            function(x, one, null, null, false, 1)),
        new Row(
            "batch_norm: running_mean and running_var must either both be null or neither be null;"
                + " running_var is missing",
            function(x, one, null, null, true, 1)),
        new Row(
            layer1d
                + " has float32 parameters, but the input is int64; convert the input with"
                + " to(DType.FLOAT32)",
            infer(new BatchNorm1d(3), x.to(DType.INT64))),
        new Row(
            layer1d
                + " has float32 parameters, but the input is float64; convert the input with"
                + " to(DType.FLOAT32) or build the layer with withDtype(DType.FLOAT64)",
            infer(new BatchNorm1d(3), x.to(DType.FLOAT64))),
        new Row(
            "batch_norm: weight is float32, but the input is float64; convert one of them with"
                + " to(DType)",
            function(x.to(DType.FLOAT64), null, null, one, true, 1)),
        new Row(
            "batch_norm: running_mean is float32, but the input is float64, and a running statistic"
                + " has its type or a wider one; convert one of them with to(DType)",
            function(x.to(DType.FLOAT64), one, one, null, true, 1)),
        new Row(
            layer1d + " was built for 5 channels, but axis 1 of the input shape (4, 3) has 3",
            infer(new BatchNorm1d(5, BARE), x)),
        new Row("BatchNorm1d needs at least 1 channel, got -1", () -> new BatchNorm1d(-1)),
        new Row(
            "LazyBatchNorm2d expected 4D input (got 2D input of shape (4, 3))",
            () -> LazyBatchNorm.of2d(BatchNormOptions.pytorch()).forInput(x)),
        new Row(
            "LazyBatchNorm1d takes its channels from the first input, but axis 1 of the input shape"
                + " (4, 0) has none",
            () -> LazyBatchNorm.of1d(BatchNormOptions.pytorch()).forInput(Tensor.zeros(4, 0))),
        new Row(
            "the state does not fit BatchNorm1d: missing weight, bias, running_mean, running_var;"
                + " strict=false accepts missing and unexpected names",
            () ->
                new BatchNorm1d(3)
                    .loadStateDict(Map.of("num_batches_tracked", Tensor.scalar(0L)), true)),
        new Row(
            "the state does not fit BatchNorm1d: weight has shape (4) instead of (3); bias has"
                + " shape (4) instead of (3); running_mean has shape (4) instead of (3);"
                + " running_var has shape (4) instead of (3); strict=false accepts missing and"
                + " unexpected names",
            () ->
                LazyBatchNorm.of1d(BatchNormOptions.pytorch())
                    .forInput(x)
                    .loadStateDict(new BatchNorm1d(4).stateDict(), true)),
        new Row(
            "the state does not fit BatchNorm1d: missing num_batches_tracked; strict=false accepts"
                + " missing and unexpected names",
            load(new BatchNorm1d(3), "num_batches_tracked", one)),
        new Row(
            "the state does not fit BatchNorm1d: unexpected weight, bias; strict=false accepts"
                + " missing and unexpected names",
            load(new BatchNorm1d(3, BatchNormOptions.pytorch().withAffine(false)), null, one)),
        new Row(
            "the state does not fit BatchNorm1d: running_mean has shape (4) instead of (3);"
                + " strict=false accepts missing and unexpected names",
            load(new BatchNorm1d(3), null, Tensor.ones(4))),
        new Row(
            layer1d + " expected 2D input (got 3D input of shape (4, 3, 2))",
            infer(PuzzleLib.batchNorm(3, puzzle, random), Tensor.ones(4, 3, 2))),
        new Row(
            layer1d + " expected 3D input (got 2D input of shape (4, 3))",
            infer(PuzzleLib.batchNorm1d(3, puzzle, random), x)),
        new Row(
            "backward: the gradient of shape (4, 2) does not fit the output of shape (4, 3)",
            () -> {
              Pass pass = Pass.training();
              pass.backward(new BatchNorm1d(3).forward(x, pass), Tensor.ones(4, 2), false);
            }),
        new Row(
            layer1d
                + " works in place, which training does not allow because gradients need the"
                + " input; build it with withInplace(false), or run Pass.inference()",
            train(new BatchNorm1d(3, puzzle.withInplace(true)), x)),
        new Row(
            "BatchNorm1d \"1\" works in place, which a pass that records gradients does not allow"
                + " because gradients need the input; build it with withInplace(false), or run"
                + " Pass.inference()",
            () ->
                new Sequential(new ReLU(), new BatchNorm1d(3, puzzle.withInplace(true)))
                    .forward(x, INFERENCE.recording())),
        new Row(
            "Sequential already has a \"bn\"",
            () -> new Sequential().add("bn", new BatchNorm1d(3)).add("bn", new BatchNorm1d(3))),
        new Row(
            "Residual: the body starts with BatchNorm1d \"body\", which works in place and would"
                + " overwrite the input that the shortcut still needs; build it with"
                + " withInplace(false)",
            () -> new Residual(new BatchNorm1d(3, puzzle.withInplace(true)))),
        new Row(
            layer1d
                + " was built empty and has no values yet; load a state or call resetParameters",
            infer(new BatchNorm1d(3, puzzle.withEmpty(true)), x)),
        new Row(
            "BatchNormalization: scale has shape (4), but X of shape (4, 3) needs 3 values",
            () ->
                OnnxBatchNormalization.ofOpset(15)
                    .apply(x, Tensor.ones(4), one, one, one, INFERENCE)),
        new Row(
            "BatchNormalization: scale has shape (3, 1), but the schema wants one axis; reshape it"
                + " to (3)",
            () ->
                OnnxBatchNormalization.ofOpset(15)
                    .apply(x, Tensor.ones(3, 1), one, one, one, INFERENCE)),
        new Row(
            "BatchNormalization: X has no axes; it needs (N, C, ...) or (N)",
            () ->
                OnnxBatchNormalization.ofOpset(15)
                    .apply(Tensor.scalar(1f), one, one, one, one, INFERENCE)),
        new Row(
            "BatchNormalization of opset 9 has no spatial=0; opset 8 is the last with it",
            () -> OnnxBatchNormalization.ofOpset(9).withSpatial(false)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void mistakeIsNamedInTheWordsOfTheTable(Row row) throws IOException {
    RuntimeException refused = assertThrows(RuntimeException.class, row.mistake());
    assertEquals(row.message(), refused.getMessage());
    assertTrue(
        table().stream().anyMatch(line -> line.contains("`" + row.message() + "`")),
        "docs/errors.md has no row with these words");
  }

  @Test
  void everyRowOfTheTableIsTested() throws IOException {
    assertEquals(rows().size(), table().size());
  }

  private static List<String> table() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("docs/errors.md"))) {
      folder = java.util.Objects.requireNonNull(folder.getParent(), "no docs/errors.md");
    }
    List<String> lines = Files.readAllLines(folder.resolve("docs/errors.md"));
    return lines.stream()
        .skip(lines.indexOf(HEADING) + 1)
        .takeWhile(line -> !line.startsWith("## "))
        .filter(line -> line.startsWith("|"))
        .skip(2) // heading and rule
        .toList();
  }
}
