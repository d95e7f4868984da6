package org.batchnorm4j.cli;

import static org.batchnorm4j.cli.ApplyRun.apply;
import static org.batchnorm4j.cli.ApplyRun.assertPasses;
import static org.batchnorm4j.cli.ApplyRun.read;
import static org.batchnorm4j.cli.ApplyRun.sizes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.batchnorm4j.cli.DefinedBatchNorm.Mistake;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApplyTest {
  @TempDir Path folder;

  private Path write(String name, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    return ApplyRun.write(folder.resolve(name), tensors, metadata);
  }

  private Path write(Map<String, Tensor> tensors) throws IOException {
    return write("in.safetensors", tensors, Map.of());
  }

  @ParameterizedTest(name = "{0} {1} training={2}")
  @CsvSource({
    "FLOAT32, 5x3, true",
    "FLOAT32, 5x3x2, false",
    "FLOAT32, 2x17x3x3, true",
    "FLOAT64, 4x3x2x5, true",
    "FLOAT64, 4x3x2x5, false",
    "FLOAT64, 2x1x2x1x2x2, true",
    "FLOAT16, 4x3x5x7, true",
    "FLOAT16, 4x3x5x7, false",
    "FLOAT16, 3x2, true",
    "BFLOAT16, 4x19x3x2x2, true",
    "BFLOAT16, 4x3x2, false"
  })
  void batchNormIsThatOfTheDefinition(DType dtype, String shape, boolean training)
      throws IOException {
    Path in = write(DefinedBatchNorm.of(dtype, training, sizes(shape)).tensors());
    for (String layout : List.of("channels_first", "channels_last")) {
      assertPasses(apply("batch_norm", in, "--verify", "--training", training, "--layout", layout));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Mistake.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"NONE"})
  void mistakesAreBeyondTheBound(Mistake mistake) throws IOException {
    for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64)) {
      DefinedBatchNorm norm = DefinedBatchNorm.of(dtype, true, 6, 3, 4, 5).with(mistake);
      CommandResult result =
          apply("batch_norm", write(norm.tensors()), "--verify", "--training", "true");
      assertEquals(1, result.exit(), result.out());
      assertTrue(result.out().startsWith("FAILED "), result.out());
      assertTrue(
          result.out().endsWith("0 passed, 1 failed" + System.lineSeparator()), result.out());
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "--preset pytorch, 0.1, false",
    "--preset pytorch --momentum cumulative, 0.2, false",
    "--preset pytorch --momentum 0, 0, false",
    "--preset pytorch --momentum 1, 1, false",
    "--preset pytorch --momentum -0.5, -0.5, false",
    "--preset puzzlelib, 0.2, false",
    "--preset puzzlelib --init-factor 2 --min-factor 0.3, 0.4, false",
    "--init-factor 1 --min-factor 0.3, 0.3, false",
    "--preset labml, 0.1, true",
    "--preset labml --running-variance unbiased, 0.1, false",
    "--preset onnx, 0.1, true",
    "--preset onnx --momentum 0.7, 0.3, true",
    "--preset keras --eps 1e-5, 0.01, true",
    "--preset keras --momentum 0.9 --eps 1e-5, 0.1, true",
    "--running-variance biased, 0.1, true"
  })
  void presetsAverageAsTheirSystems(String options, double newWeight, boolean biased)
      throws IOException {
    DefinedBatchNorm norm =
        DefinedBatchNorm.of(DType.FLOAT64, true, 4, 3, 2).running(newWeight, biased);
    List<Object> words = new ArrayList<>(List.of("batch_norm", write(norm.tensors()), "--verify"));
    words.addAll(List.of("--training", "true"));
    words.addAll(List.of(options.split(" ")));
    assertPasses(apply(words.toArray()));
  }

  @Test
  void kerasHasItsOwnEps() throws IOException {
    DefinedBatchNorm norm =
        DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3, 2).running(0.01, true).eps(1e-3);
    Path in = write(norm.tensors());
    assertPasses(apply("batch_norm", in, "--verify", "--training", "true", "--preset", "keras"));
  }

  @Test
  void resultsHaveTheTypesOfTheirInputs() throws IOException {
    Map<String, Tensor> tensors = DefinedBatchNorm.of(DType.FLOAT16, true, 4, 3, 2).tensors();
    tensors.keySet().removeIf(name -> name.startsWith("expected."));
    tensors.replaceAll(
        (name, tensor) ->
            Set.of("weight", "running_mean").contains(name) ? tensor.to(DType.FLOAT32) : tensor);
    tensors.put("running_var", tensors.get("running_var").to(DType.FLOAT64));
    Path out = folder.resolve("out.safetensors");
    CommandResult result = apply("batch_norm", write(tensors), out, "--training", "true");
    assertEquals(0, result.exit(), result.err());
    Map<String, Tensor> results = read(out);
    Map<String, DType> types = new LinkedHashMap<>();
    results.forEach((name, tensor) -> types.put(name, tensor.dtype()));
    assertEquals(
        Map.of(
            "output", DType.FLOAT16,
            "grad_input", DType.FLOAT16,
            "grad_weight", DType.FLOAT16,
            "grad_bias", DType.FLOAT16,
            "running_mean", DType.FLOAT32,
            "running_var", DType.FLOAT64,
            "num_batches_tracked", DType.INT64),
        types);
  }

  @Test
  void onlyWhatWasGivenIsWritten() throws IOException {
    Map<String, Tensor> tensors = DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3).tensors();
    Path out = folder.resolve("out.safetensors");
    tensors.keySet().retainAll(Set.of("input", "weight"));
    assertEquals(0, apply("batch_norm", write(tensors), out, "--training", "true").exit());
    assertEquals(Set.of("output"), read(out).keySet());
    assertEquals(0, apply("batch_norm", write(tensors), out).exit());
    assertEquals(Set.of("output"), read(out).keySet());
    tensors.put("grad_output", tensors.get("input"));
    assertEquals(0, apply("batch_norm", write(tensors), out).exit());
    assertEquals(Set.of("output", "grad_input", "grad_weight"), read(out).keySet());
  }

  @Test
  void withoutCounterTheFirstBatchIsCounted() throws IOException {
    Map<String, Tensor> tensors = DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3).tensors();
    tensors.keySet().removeIf(name -> name.startsWith("expected.") || name.startsWith("num"));
    Path out = folder.resolve("out.safetensors");
    assertEquals(
        0,
        apply("batch_norm", write(tensors), out, "--training", "true", "--momentum", "cumulative")
            .exit());
    Map<String, Tensor> results = read(out);
    assertEquals(1, results.get("num_batches_tracked").itemAsLong());
    float sum = 0;
    for (int n = 0; n < 4; n++) {
      sum += (float) tensors.get("input").at(n, 1);
    }
    // weight 1: the mean of the batch itself; three additions and a rounding of values below 3
    assertEquals(sum / 4, (float) results.get("running_mean").at(1), 12 * 0x1p-24);
  }

  @Test
  void batchOfNoValuesMovesTheCounterAlone() throws IOException {
    Map<String, Tensor> tensors = DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3, 2).tensors();
    tensors.keySet().removeIf(name -> name.startsWith("expected."));
    tensors.put("input", Tensor.zeros(0, 3, 2));
    tensors.put("grad_output", Tensor.zeros(0, 3, 2));
    tensors.put("expected.output", Tensor.zeros(0, 3, 2));
    tensors.put("expected.grad_input", Tensor.zeros(0, 3, 2));
    tensors.put("expected.grad_weight", Tensor.zeros(3));
    tensors.put("expected.grad_bias", Tensor.zeros(3));
    tensors.put("expected.running_mean", tensors.get("running_mean"));
    tensors.put("expected.running_var", tensors.get("running_var"));
    tensors.put("expected.num_batches_tracked", Tensor.scalar(5L));
    assertPasses(apply("batch_norm", write(tensors), "--verify", "--training", "true"));
  }

  @Test
  void batchOfOneIsRefusedAsInPyTorchAndGivesBiasElsewhere() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.of(new float[] {4, -2}, 1, 2));
    tensors.put("bias", Tensor.of(new float[] {0.5f, 3}, 2));
    Path in = write(tensors);
    Path out = folder.resolve("out.safetensors");
    CommandResult refused = apply("batch_norm", in, out, "--training", "true");
    assertEquals(1, refused.exit());
    assertTrue(
        refused
            .err()
            .startsWith(
                "batchnorm4j apply: "
                    + in
                    + ": batch_norm: expected more than 1 value per channel when training"),
        refused.err());
    assertFalse(Files.exists(out));
    assertEquals(0, apply("batch_norm", in, out, "--training", "true", "--preset", "onnx").exit());
    assertArrayEquals(new float[] {0.5f, 3}, read(out).get("output").toFloats());
  }

  @Test
  void nanAndInfinityEqualThemselvesOnly() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    float nan = Float.NaN;
    tensors.put("input", Tensor.of(new float[] {1, nan, 3, 5}, 2, 2));
    tensors.put("bias", Tensor.of(new float[] {Float.POSITIVE_INFINITY, 0}, 2));
    float inf = Float.POSITIVE_INFINITY;
    tensors.put("expected.output", Tensor.of(new float[] {inf, nan, inf, nan}, 2, 2));
    assertPasses(apply("batch_norm", write(tensors), "--verify"));
    tensors.put("expected.output", Tensor.of(new float[] {inf, nan, -inf, nan}, 2, 2));
    CommandResult result = apply("batch_norm", write(tensors), "--verify");
    assertEquals(1, result.exit());
    assertTrue(result.out().contains("output[1, 0] is Infinity, expected -Infinity"), result.out());
    tensors.put("expected.output", Tensor.of(new float[] {inf, 0, inf, nan}, 2, 2));
    assertEquals(1, apply("batch_norm", write(tensors), "--verify").exit());
  }

  @Test
  void aFailureNamesTensorIndexValuesAndBoundAndTheOthersGoOn() throws IOException {
    Map<String, String> metadata = Map.of("op", "batch_norm", "training", "true", "eps", "1e-05");
    Map<String, Tensor> tensors = DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3, 2).tensors();
    write("b.safetensors", tensors, metadata);
    float[] output = tensors.get("expected.output").toFloats();
    output[4 * 2 + 1] += 1e-5f; // about 10 bounds
    tensors.put("expected.output", Tensor.of(output, 4, 3, 2));
    write("a.safetensors", tensors, metadata);
    write("c.safetensors", tensors, Map.of("op", "batch_norm", "training", "yes"));
    write("ignored.bin", tensors, Map.of());
    CommandResult result = apply("--case", "--verify", folder);
    assertEquals(1, result.exit());
    List<String> lines = result.out().lines().toList();
    assertTrue(
        lines
            .get(0)
            .startsWith("FAILED " + folder.resolve("a.safetensors") + ": output[1, 1, 1] is "),
        result.out());
    assertTrue(lines.get(0).contains(", expected " + output[9] + ", bound "), result.out());
    assertTrue(lines.get(1).startsWith("passed " + folder.resolve("b.safetensors")), result.out());
    assertEquals(
        "FAILED "
            + folder.resolve("c.safetensors")
            + ": training must be true or false, got \"yes\"",
        lines.get(2));
    assertTrue(lines.get(3).startsWith("largest difference / bound: 0."), result.out());
    assertEquals("1 passed, 2 failed", lines.get(4));
    assertEquals(5, lines.size());
    assertEquals(3, apply("--case", "--verify", folder, "--quiet").out().lines().count());
  }

  @Test
  void whatIsExpectedButNotComputedFails() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.ones(2, 2));
    CommandResult nothing = apply("batch_norm", write(tensors), "--verify");
    assertEquals(1, nothing.exit());
    assertTrue(nothing.out().contains("there is nothing to verify"), nothing.out());
    tensors.put("expected.grad_input", Tensor.ones(2, 2));
    CommandResult missing = apply("batch_norm", write(tensors), "--verify");
    assertEquals(1, missing.exit());
    assertTrue(missing.out().contains("grad_input is expected, but was not computed"));
    tensors.remove("expected.grad_input");
    tensors.put("expected.output", Tensor.zeros(4));
    CommandResult shape = apply("batch_norm", write(tensors), "--verify");
    assertTrue(shape.out().contains("output has shape (2, 2), expected.output (4)"), shape.out());
  }

  @Test
  void severalFilesGoIntoADirectory() throws IOException {
    Map<String, Tensor> tensors = Map.of("input", Tensor.ones(2, 2));
    Path a = write("a.safetensors", tensors, Map.of());
    Path b = write("b.safetensors", tensors, Map.of());
    Path out = folder.resolve("new/results");
    CommandResult result = apply("batch_norm", a, b, out, "--quiet");
    assertEquals("2 passed, 0 failed" + System.lineSeparator(), result.out());
    assertEquals(Set.of("output"), read(out.resolve("a.safetensors")).keySet());
    assertEquals(Set.of("output"), read(out.resolve("b.safetensors")).keySet());
  }

  @Test
  void theFileThatIsReadIsNeverOverwritten() throws IOException {
    Path in = write(Map.of("input", Tensor.ones(2, 2)));
    byte[] before = Files.readAllBytes(in);
    CommandResult result = apply("batch_norm", in, folder.resolve("./in.safetensors"));
    assertEquals(2, result.exit());
    assertTrue(result.err().contains("is the file that is read; choose another"), result.err());
    assertEquals(2, apply("batch_norm", in, folder).exit());
    assertArrayEquals(before, Files.readAllBytes(in));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void verifyMayWriteToo(boolean exists) throws IOException {
    Path in = write(DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3).tensors());
    Path out = folder.resolve("out.safetensors");
    if (exists) {
      write("out.safetensors", Map.of("output", Tensor.ones(1)), Map.of());
    }
    assertPasses(apply("batch_norm", in, out, "--verify", "--training", "true"));
    assertTrue(read(out).containsKey("grad_input"));
  }

  @Test
  void everyPathOfACaseToVerifyIsReadAndMissingOnesFail() throws IOException {
    Map<String, String> metadata = Map.of("op", "batch_norm", "training", "true");
    Path in =
        write("in.safetensors", DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3).tensors(), metadata);
    Path missing = folder.resolve("missing.safetensors");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    CommandResult result = apply("--case", "--verify", in, missing, empty, in);
    assertEquals(1, result.exit());
    List<String> lines = result.out().lines().toList();
    assertTrue(lines.get(0).startsWith("passed " + in), result.out());
    assertEquals("FAILED " + missing + ": there is no such file or directory", lines.get(1));
    assertTrue(lines.get(2).startsWith("FAILED " + empty + ": there is no file"), result.out());
    assertEquals("2 passed, 2 failed", lines.getLast());
    result = apply("--case", "--verify", in, missing);
    assertTrue(result.out().endsWith("1 passed, 1 failed" + System.lineSeparator()), result.out());
    assertFalse(Files.exists(missing));
  }

  @Test
  void verifyOverwritesOnlyWhatApplyWrote() throws IOException {
    Map<String, Tensor> tensors = DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3).tensors();
    Path in = write(tensors);
    Path other = write("model.safetensors", Map.of("weight", Tensor.ones(3)), Map.of());
    byte[] before = Files.readAllBytes(other);
    CommandResult result = apply("batch_norm", in, other, "--verify", "--training", "true");
    assertTrue(result.out().endsWith("1 passed, 1 failed" + System.lineSeparator()), result.out());
    assertArrayEquals(before, Files.readAllBytes(other));
  }

  @Test
  void aCaseMayBeGivenTheNormThatItIs() throws IOException {
    Map<String, String> metadata =
        Map.of("op", "batch_norm", "training", "true", "init_factor", "0.5", "min_factor", "0");
    DefinedBatchNorm norm = DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3);
    Path in = write("in.safetensors", norm.running(0.3, false).tensors(), metadata);
    Path out = folder.resolve("out.safetensors");
    // a momentum displaces the factors of the file
    assertPasses(apply("batch_norm", in, "--case", "--verify", "--momentum", "0.3"));
    assertEquals(0, apply("batch_norm", in, out, "--case").exit());
    CommandResult other = apply("layer_norm", in, "--case", "--verify");
    assertEquals(
        "FAILED " + in + ": this is a case of batch_norm, not of layer_norm",
        other.out().lines().findFirst().orElseThrow());
  }

  @Test
  void groupNormOfOnnxTakesWeightsPerGroup() throws IOException {
    Map<String, Tensor> perChannel = new LinkedHashMap<>();
    float[] x = {1, 5, 2, 2, 7, 8, 1, 0, 4, 4, 3, 1, 9, 2, 6, 5};
    perChannel.put("input", Tensor.of(x, 2, 4, 2));
    perChannel.put("grad_output", Tensor.of(x, 2, 4, 2));
    Map<String, Tensor> perGroup = new LinkedHashMap<>(perChannel);
    perChannel.put("weight", Tensor.of(new float[] {2, 2, 3, 3}, 4));
    perChannel.put("bias", Tensor.of(new float[] {1, 1, -1, -1}, 4));
    perGroup.put("weight", Tensor.of(new float[] {2, 3}, 2));
    perGroup.put("bias", Tensor.of(new float[] {1, -1}, 2));
    Path out = folder.resolve("out.safetensors");
    assertEquals(0, apply("group_norm", write(perChannel), out, "--groups", 2).exit());
    Map<String, Tensor> expected = read(out);
    for (String name : List.of("output", "grad_input")) {
      perGroup.put("expected." + name, expected.get(name));
    }
    for (String name : List.of("grad_weight", "grad_bias")) {
      float[] of = expected.get(name).toFloats();
      perGroup.put("expected." + name, Tensor.of(new float[] {of[0] + of[1], of[2] + of[3]}, 2));
    }
    Path in = write(perGroup);
    assertPasses(apply("group_norm", in, "--verify", "--groups", 2, "--preset", "onnx"));
    assertEquals(1, apply("group_norm", in, "--verify", "--groups", 2).exit());
  }

  @Test
  void instanceNormCountsNoBatchesSoThatItsCumulativeAverageStays() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.of(new float[] {1, 2, 3, 5}, 1, 2, 2));
    tensors.put("running_mean", Tensor.of(new float[] {3, 4}, 2));
    tensors.put("running_var", Tensor.of(new float[] {5, 6}, 2));
    tensors.put("expected.running_mean", tensors.get("running_mean"));
    tensors.put("expected.running_var", tensors.get("running_var"));
    assertPasses(apply("instance_norm", write(tensors), "--verify", "--momentum", "cumulative"));
  }

  @Test
  void nanInTheInputHasNoPartInTheGradientByGivenStatistics() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.of(new float[] {Float.NaN, 2}, 2, 1));
    tensors.put("running_mean", Tensor.of(new float[] {0}, 1));
    tensors.put("running_var", Tensor.of(new float[] {0.3f}, 1));
    tensors.put("grad_output", Tensor.of(new float[] {3, 7}, 2, 1));
    float inverse = (float) (1 / Math.sqrt(0.3f + 1e-5));
    float[] gradient = {Math.nextUp(3 * inverse), Math.nextDown(7 * inverse)};
    tensors.put("expected.grad_input", Tensor.of(gradient, 2, 1));
    assertPasses(apply("batch_norm", write(tensors), "--verify"));
  }

  @Test
  void littleWorkIsDoneByTheJvmThatChecks() throws IOException {
    Path in = write(DefinedBatchNorm.of(DType.FLOAT32, true, 4, 3).tensors());
    Path large = write("large.safetensors", Map.of("input", Tensor.ones(1 << 9, 1 << 9)), Map.of());
    System.setProperty("batchnorm4j.stage", "check");
    try {
      assertPasses(apply("batch_norm", in, "--verify", "--training", "true"));
      assertEquals(Stage.WORK, apply("batch_norm", in, "--verify", "--kernels", "scalar").exit());
      assertEquals(Stage.WORK, apply("batch_norm", in, large, folder.resolve("out")).exit());
      assertFalse(Files.exists(folder.resolve("out")));
    } finally {
      System.clearProperty("batchnorm4j.stage");
    }
  }

  @Test
  void unknownMetadataAreNamedAndIgnored() throws IOException {
    Path in =
        write(
            "in.safetensors",
            DefinedBatchNorm.of(DType.FLOAT32, false, 4, 3).tensors(),
            Map.of("op", "batch_norm", "torch", "2.13.0", "colour", "red"));
    CommandResult result = apply("--case", "--verify", in);
    assertPasses(result);
    assertEquals(
        "batchnorm4j: "
            + in
            + ": metadata \"colour\" means nothing to batch_norm and is ignored"
            + System.lineSeparator(),
        result.err());
  }

  @Test
  void gradientOfAWeightIsComparedBesideInfinity() throws IOException {
    float inf = Float.POSITIVE_INFINITY;
    float nan = Float.NaN;
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.of(new float[] {inf, 2, 1, 3, 1, 3, 3, 1}, 4, 2));
    tensors.put("weight", Tensor.ones(2));
    tensors.put("grad_output", Tensor.of(new float[] {1, 1, 1, 1, 1, 1, 1, 1}, 4, 2));
    // rows 2 to 4 have the mean square 5; the row with infinity gives 0 to the second weight
    float second = (float) ((3 + 3 + 1) / Math.sqrt(5 + 1e-5));
    tensors.put("expected.grad_weight", Tensor.of(new float[] {nan, Math.nextUp(second)}, 2));
    assertPasses(apply("rms_norm", write(tensors), "--verify", "--eps", "1e-5"));
    tensors.put("expected.grad_weight", Tensor.of(new float[] {nan, second + 1e-4f}, 2));
    CommandResult far = apply("rms_norm", write(tensors), "--verify", "--eps", "1e-5");
    assertEquals(1, far.exit(), far.out());
    assertFalse(far.out().contains("NaN"), far.out());
    tensors.put("expected.grad_weight", Tensor.of(new float[] {0, second}, 2));
    CommandResult other = apply("rms_norm", write(tensors), "--verify", "--eps", "1e-5");
    assertTrue(other.out().contains("grad_weight[0] is NaN, expected 0.0"), other.out());
  }

  @Test
  void conditionsBeyondFloat64ExcuseNothing() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.of(new double[] {1e158, -1e158}, 2, 1));
    tensors.put("running_mean", Tensor.of(new double[] {0}, 1));
    tensors.put("running_var", Tensor.of(new double[] {1}, 1));
    tensors.put("weight", Tensor.of(new double[] {1}, 1));
    tensors.put("grad_output", Tensor.of(new double[] {1e150, 1e150}, 2, 1));
    // sum |g| |xhat| is beyond float64, sum g xhat is 0
    tensors.put("expected.grad_weight", Tensor.of(new double[] {1e40}, 1));
    assertEquals(1, apply("batch_norm", write(tensors), "--verify").exit());
    tensors.put("expected.grad_weight", Tensor.of(new double[] {0}, 1));
    assertPasses(apply("batch_norm", write(tensors), "--verify"));
  }
}
