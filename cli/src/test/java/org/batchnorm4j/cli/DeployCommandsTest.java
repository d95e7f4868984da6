package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.io.Disk;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.training.Checkpoint;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code diagnose}, {@code recalibrate} and {@code fold} on the checkpoint of a real training. */
class DeployCommandsTest {
  @TempDir static Path folder;
  private static Path run = Path.of("");
  private static String data = "";

  @BeforeAll
  static void train() throws IOException {
    data = SmallPictures.writeTo(folder.resolve("pictures"));
    run = folder.resolve("run");
    List<String> arguments = new ArrayList<>(List.of("train", "--data", data, "--epochs", "8"));
    arguments.addAll(List.of(SmallPictures.OPTIONS));
    arguments.addAll(List.of("--out", run.toString(), "--quiet"));
    assertEquals(0, CommandResult.of(arguments.toArray(String[]::new)).exit());
  }

  private static Checkpoint trained() throws IOException {
    return Checkpoint.read(run.resolve("checkpoint.safetensors"));
  }

  /** The checkpoint with some tensors replaced; returns where. */
  private static String spoilt(Map<String, Tensor> changes) throws IOException {
    Checkpoint state = trained();
    Map<String, Tensor> model = new LinkedHashMap<>(state.model());
    model.putAll(changes);
    Path file = folder.resolve("spoilt.safetensors");
    new Checkpoint(
            state.labels(),
            state.options(),
            state.data(),
            state.position(),
            state.metrics(),
            model,
            state.optimizer())
        .write(file, Disk.system());
    return file.toString();
  }

  @Test
  void aTrainedNetworkHasNoFindings() {
    CommandResult found = CommandResult.of("diagnose", run.toString());
    assertEquals(0, found.exit(), found.out() + found.err());
    assertTrue(found.out().contains(": mlp (norm batch) trained on " + data), found.out());
    assertTrue(found.out().contains("looking at 16 training pictures of "), found.out());
    assertTrue(found.out().endsWith("\nno findings\n"), found.out());
  }

  @Test
  void faultsAreListedWithNumberLimitAndRemedyAndTheExitCodeIsThree() throws IOException {
    float[] variance = trained().model().get("bn2.running_var").toFloats();
    variance[3] = 1e-7f;
    String file =
        spoilt(
            Map.of(
                "bn1.running_mean", Tensor.zeros(256),
                "bn1.running_var", Tensor.ones(256),
                "bn1.num_batches_tracked", Tensor.scalar(0L),
                "bn2.running_var", Tensor.of(variance, 128)));
    CommandResult found = CommandResult.of("diagnose", file);
    assertEquals(3, found.exit(), found.err());
    List<String> lines = found.out().lines().toList();
    assertTrue(lines.stream().anyMatch(line -> line.matches("finding +layer +number +limit")));
    assertTrue(
        lines.stream().anyMatch(l -> l.matches("statistics never updated +bn1 +0 +1")),
        found.out());
    assertTrue(
        lines.stream()
            .anyMatch(l -> l.matches("tiny running variance +bn2 +1\\.00e-07 +1\\.00e-05")),
        found.out());
    assertTrue(lines.contains("bn1: statistics never updated"), found.out());
    assertTrue(
        lines.contains("  remedy: load the statistics with the weights, train, or recalibrate"),
        found.out());
    assertTrue(lines.getLast().endsWith(" findings"), found.out());
  }

  @Test
  void diagnoseLooksAtAsManyPicturesAsAsked() {
    CommandResult few = CommandResult.of("diagnose", run.toString(), "--batch-size", "4");
    assertEquals(3, few.exit());
    assertTrue(few.out().contains("use LayerNorm, which needs no batch"), few.out());
  }

  /** Mean and unbiased variance of the first layer's output over all training pictures. */
  @Test
  void recalibrateWritesTheStatisticsOfAllTrainingPictures() throws IOException {
    Path out = folder.resolve("recalibrated.safetensors");
    CommandResult done = CommandResult.of("recalibrate", run.toString(), "--out", out.toString());
    assertEquals(0, done.exit(), done.err());
    Checkpoint before = trained();
    Checkpoint after = Checkpoint.read(out);
    double[] weight = before.model().get("fc1.weight").toDoubles();
    double[][] z = new double[120][256];
    int n = 0;
    DataLoader loader =
        new DataLoader(
            before.data().normalised(DataSource.parse(data).load(SmallPictures.TEST).training()),
            LoaderOptions.evaluation(120).withPrefetch(0));
    double[] pictures;
    try (var batches = loader.epoch(0)) {
      pictures = batches.next().images().toDoubles();
    }
    double[] mean = new double[256];
    double[] magnitude = new double[256];
    for (; n < 120; n++) {
      for (int c = 0; c < 256; c++) {
        for (int i = 0; i < 784; i++) {
          double product = weight[c * 784 + i] * pictures[n * 784 + i];
          z[n][c] += product;
          magnitude[c] = Math.max(magnitude[c], 0) + Math.abs(product) / 120;
        }
        mean[c] += z[n][c] / 120;
      }
    }
    double[] found = after.model().get("bn1.running_mean").toDoubles();
    double[] foundVariance = after.model().get("bn1.running_var").toDoubles();
    for (int c = 0; c < 256; c++) {
      double variance = 0;
      for (double[] row : z) {
        variance += (row[c] - mean[c]) * (row[c] - mean[c]) / 119;
      }
      // float32 products and sums of 784: (784 + 2) u of the summands, and one rounding at the end
      double error = 786 * 0x1p-24 * magnitude[c];
      assertEquals(mean[c], found[c], error + 0x1p-24 * Math.abs(mean[c]));
      assertEquals(
          variance,
          foundVariance[c],
          2 * Math.sqrt(variance) * 2 * error + 0x1p-24 * variance + 4 * error * error);
    }
    assertEquals(8, after.model().get("bn1.num_batches_tracked").itemAsLong());
    assertEquals(before.labels(), after.labels());
    assertEquals(before.position(), after.position());
    assertEquals(before.optimizer().keySet(), after.optimizer().keySet());
    assertArrayEquals(
        before.model().get("fc2.weight").toBytes(), after.model().get("fc2.weight").toBytes());
    assertTrue(
        done.out().contains("8 batches of training pictures of ")
            && done.out().contains("layer by layer"),
        done.out());
    assertEquals(0, CommandResult.of("evaluate", out.toString()).exit());
    assertEquals(0, CommandResult.of("diagnose", out.toString()).exit());
  }

  @Test
  void onePassAndFewerBatchesAreAChoice() throws IOException {
    Path out = folder.resolve("one-pass.safetensors");
    CommandResult done =
        CommandResult.of(
            "recalibrate",
            run.toString(),
            "--out",
            out.toString(),
            "--order",
            "one-pass",
            "--batches",
            "3",
            "--batch-size",
            "20");
    assertEquals(0, done.exit(), done.err());
    assertTrue(done.out().contains("3 batches of training pictures of "), done.out());
    assertTrue(done.out().contains("in one pass"), done.out());
    assertEquals(3, Checkpoint.read(out).model().get("bn2.num_batches_tracked").itemAsLong());
    Path layers = folder.resolve("layers.safetensors");
    CommandResult.of(
        "recalibrate",
        run.toString(),
        "--out",
        layers.toString(),
        "--batches",
        "3",
        "--batch-size",
        "20");
    Map<String, Tensor> one = Checkpoint.read(out).model();
    Map<String, Tensor> other = Checkpoint.read(layers).model();
    // the first layer sees the same either way, the second one behind another first
    assertArrayEquals(
        one.get("bn1.running_mean").toBytes(), other.get("bn1.running_mean").toBytes());
    assertFalse(
        Arrays.equals(
            one.get("bn2.running_mean").toBytes(), other.get("bn2.running_mean").toBytes()));
  }

  @Test
  void foldWritesANetworkWithoutNormsThatReadsTheSame() throws IOException {
    Path out = folder.resolve("folded.safetensors");
    CommandResult done = CommandResult.of("fold", run.toString(), "--out", out.toString());
    assertEquals(0, done.exit(), done.err());
    Checkpoint folded = Checkpoint.read(out);
    assertEquals("none", folded.labels().get("norm"));
    assertEquals(
        Set.of("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"),
        new TreeSet<>(folded.model().keySet()));
    assertTrue(
        done.out()
            .matches(
                "(?s).*largest deviation, measured: \\d\\.\\d\\de-0[5-9] of outputs up to [0-9.]+, on 40"
                    + " test pictures of .*"),
        done.out());
    CommandResult before = CommandResult.of("evaluate", run.toString());
    CommandResult after = CommandResult.of("evaluate", out.toString());
    assertEquals(0, after.exit(), after.err());
    assertEquals(before.accuracyLine(), after.accuracyLine());
    CommandResult resumed = CommandResult.of("train", "--resume", out.toString());
    assertEquals(2, resumed.exit());
    assertTrue(
        resumed.err().contains(out + " has no state of an optimiser, as one that fold wrote"),
        resumed.err());
  }

  @Test
  void foldWithoutPicturesSaysThatNothingWasMeasured() throws IOException {
    Path pictures = folder.resolve("pictures");
    Path away = folder.resolve("away");
    Files.move(pictures, away);
    try {
      Path out = folder.resolve("unmeasured.safetensors");
      CommandResult done = CommandResult.of("fold", run.toString(), "--out", out.toString());
      assertEquals(0, done.exit(), done.err());
      assertTrue(done.out().contains("deviation not measured, for want of pictures: "), done.out());
      CommandResult asked =
          CommandResult.of("fold", run.toString(), "--out", out.toString(), "--data", data + "/x");
      assertEquals(1, asked.exit(), asked.out());
    } finally {
      Files.move(away, pictures);
    }
  }

  @Test
  void whatCannotBeDoneIsSaidAndLeavesNoFile() throws IOException {
    Path other = folder.resolve("layer");
    List<String> arguments = new ArrayList<>(List.of("train", "--data", data, "--epochs", "1"));
    arguments.addAll(List.of(SmallPictures.OPTIONS));
    arguments.addAll(List.of("--norm", "layer", "--out", other.toString(), "--quiet"));
    assertEquals(0, CommandResult.of(arguments.toArray(String[]::new)).exit());
    Path out = folder.resolve("never.safetensors");
    CommandResult fold = CommandResult.of("fold", other.toString(), "--out", out.toString());
    assertEquals(1, fold.exit());
    assertEquals(
        "batchnorm4j fold: "
            + other.resolve("checkpoint.safetensors")
            + " has norm layer, so there is no batch norm to fold\n",
        fold.err());
    String broken = spoilt(Map.of("bn1.running_var", Tensor.full(Double.NaN, DType.FLOAT32, 256)));
    CommandResult nan = CommandResult.of("fold", broken, "--out", out.toString());
    assertEquals(1, nan.exit());
    assertTrue(
        nan.err().contains("batch norm \"bn1\" cannot be folded: its weights for channel 0"));
    CommandResult order =
        CommandResult.of("recalibrate", run.toString(), "--out", out.toString(), "--order", "x");
    assertEquals(2, order.exit());
    assertTrue(order.err().contains("order must be layers or one-pass, got \"x\""), order.err());
    assertFalse(Files.exists(out));
  }
}
