package org.batchnorm4j.cli;

import static org.batchnorm4j.cli.ApplyRun.apply;
import static org.batchnorm4j.cli.ApplyRun.assertPasses;
import static org.batchnorm4j.cli.ApplyRun.sizes;
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
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the command {@code apply} refuses, and how it says so. */
class ApplyRefusalsTest {
  @TempDir Path folder;

  private Path write(Map<String, Tensor> tensors) throws IOException {
    return write(tensors, Map.of());
  }

  private Path write(Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
    return ApplyRun.write(folder.resolve("in.safetensors"), tensors, metadata);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "batch_norm | input | | there is no tensor \"input\", the values to normalise; there are",
        "batch_norm | input | int64 2x3 | input is int64, expected float32, float64, float16",
        "batch_norm | input | float32 6 | batch_norm needs an input (N, C) or (N, C, ...), got",
        "batch_norm | weight | float32 2 | weight has shape (2), expected (3) for the input (2, 3)",
        "batch_norm | weight | float64 3 | weight is float64, but the input is float32",
        "batch_norm | weight | float16 3 | weight is float16, but the input is float32; convert one",
        "layer_norm | weight | float64 3 | weight is float64, but the input is float32; convert one",
        "batch_norm | bias | float32 3x1 | bias has shape (3, 1), expected (3) for the input",
        "batch_norm | running_mean | float32 3 | running_mean and running_var must either both",
        "batch_norm | grad_output | float32 3x2 | grad_output has shape (3, 2), expected (2, 3)",
        "batch_norm | grad_output | float64 2x3 | grad_output is float64, but the input is float32",
        "batch_norm | num_batches_tracked | float32 1 | num_batches_tracked is float32, expected",
        "batch_norm | num_batches_tracked | int64 2 | num_batches_tracked must be one number",
        "batch_norm | gamma | float32 3 | there is no use for the tensor \"gamma\"; known are",
        "layer_norm | bias | float32 3 | layer_norm needs a normalized shape, or a weight of that",
        "layer_norm | running_mean | float32 3 | layer_norm needs a normalized shape",
        "group_norm | running_mean | float32 3 | group_norm has no running statistics",
        "group_norm | bias | float32 3 | group_norm needs the number of groups",
        "rms_norm --normalized-shape 3 | bias | float32 3 | rms_norm has no bias",
        "layer_norm --normalized-shape 2 | bias | float32 2 | layer_norm"
      })
  void tensorsThatDoNotFitAreNamed(String norm, String name, String tensor, String message)
      throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.ones(2, 3));
    if (tensor == null) {
      tensors.put("x", tensors.remove(name));
    } else {
      String[] words = tensor.split(" ");
      DType dtype =
          List.of(DType.values()).stream()
              .filter(d -> words[0].equals(d.toString()))
              .findAny()
              .orElseThrow();
      tensors.put(name, Tensor.zeros(dtype, sizes(words[1])));
    }
    Path in = write(tensors);
    Path out = folder.resolve("out.safetensors");
    List<Object> args = new ArrayList<>(List.of(norm.split(" ")));
    args.addAll(1, List.of(in, out));
    CommandResult result = apply(args.toArray());
    assertEquals(1, result.exit(), result.toString());
    assertTrue(result.err().startsWith("batchnorm4j apply: " + in + ": " + message), result.err());
    assertEquals(1, result.err().lines().count());
    assertFalse(Files.exists(out));
  }

  @ParameterizedTest(name = "{0} beside {1}")
  @CsvSource({
    // PyTorch: one type for all, or float32 beside half an input
    "FLOAT32, FLOAT32, true, true",
    "FLOAT32, FLOAT64, false, true",
    "FLOAT32, FLOAT16, false, false",
    "FLOAT64, FLOAT64, true, true",
    "FLOAT64, FLOAT32, false, false",
    "FLOAT64, BFLOAT16, false, false",
    "FLOAT16, FLOAT16, true, true",
    "FLOAT16, FLOAT32, true, true",
    "FLOAT16, BFLOAT16, false, false",
    "FLOAT16, FLOAT64, false, true",
    "BFLOAT16, FLOAT32, true, true",
    "BFLOAT16, FLOAT16, false, false"
  })
  void parametersHaveTheTypeOfTheInputAndStatisticsThatOrAWiderOne(
      DType input, DType other, boolean parameter, boolean statistic) throws IOException {
    Path out = folder.resolve("out.safetensors");
    for (String norm : List.of("batch_norm", "instance_norm", "layer_norm", "rms_norm")) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("input", Tensor.zeros(input, 2, 3, 3));
      tensors.put("weight", Tensor.zeros(other, 3));
      CommandResult result = apply(norm, write(tensors), out);
      assertEquals(parameter ? 0 : 1, result.exit(), norm + result);
      if (!parameter) {
        String said = "weight is " + other + ", but the input is " + input;
        assertTrue(result.err().contains(said), result.err());
      }
    }
    for (String norm : List.of("batch_norm", "instance_norm")) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("input", Tensor.zeros(input, 2, 3, 3));
      tensors.put("running_mean", Tensor.zeros(input, 3));
      tensors.put("running_var", Tensor.zeros(other, 3));
      CommandResult result = apply(norm, write(tensors), out);
      assertEquals(statistic ? 0 : 1, result.exit(), norm + result);
      if (!statistic) {
        String said = "running_var is " + other + ", but the input is " + input + ", beside which";
        assertTrue(result.err().contains(said), result.err());
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "batch_norm, training momentum init-factor min-factor running-variance",
    "layer_norm, normalized-shape",
    "group_norm, groups",
    "instance_norm, training momentum",
    "rms_norm, normalized-shape"
  })
  void optionsThatTheNormDoesNotUseAreRefusedByName(String norm, String own) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("training", "true");
    values.put("momentum", "0.2");
    values.put("init-factor", "1");
    values.put("min-factor", "0.1");
    values.put("running-variance", "biased");
    values.put("normalized-shape", "3");
    values.put("groups", "1");
    Set<String> used = Set.of(own.split(" "));
    values.forEach(
        (option, value) -> {
          CommandResult result = apply(norm, "missing", "out", "--" + option, value);
          String refusal =
              "batchnorm4j apply: " + norm + " has no use for --" + option + "; it takes ";
          assertEquals(used.contains(option) ? 1 : 2, result.exit(), result.toString());
          assertEquals(!used.contains(option), result.err().startsWith(refusal), result.err());
          used.forEach(
              name -> assertEquals(!used.contains(option), result.err().contains("--" + name)));
        });
  }

  @Test
  void casesRefuseOptionsThatTheyDoNotUseAndIgnoreSuchMetadataAloud() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("input", Tensor.zeros(2, 3));
    tensors.put("expected.output", Tensor.zeros(2, 3));
    Map<String, String> metadata =
        Map.of("op", "layer_norm", "normalized_shape", "3", "training", "true");
    Path in = write(tensors, metadata);
    CommandResult said = apply("--case", "--verify", in);
    assertPasses(said);
    assertEquals(
        "batchnorm4j: "
            + in
            + ": metadata \"training\" means nothing to layer_norm and is ignored"
            + System.lineSeparator(),
        said.err());
    CommandResult refused = apply("--case", "--verify", in, "--momentum", "0.3");
    assertEquals(1, refused.exit());
    assertTrue(
        refused
            .out()
            .startsWith(
                "FAILED "
                    + in
                    + ": layer_norm has no use for --momentum; it takes --eps, --layout,"
                    + " --normalized-shape, --preset"),
        refused.out());
    write(tensors, Map.of("op", "layernorm"));
    assertTrue(
        apply("--case", "--verify", in)
            .out()
            .startsWith("FAILED " + in + ": norm \"layernorm\" is unknown; choose batch_norm"));
    write(tensors, Map.of("eps", "1"));
    assertTrue(
        apply("--case", "--verify", in)
            .out()
            .startsWith("FAILED " + in + ": there is no \"op\" that names the norm"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "apply instance_norm a b --running-variance biased | instance_norm has no use for"
            + " --running-variance; it takes --eps, --layout, --momentum, --preset, --training",
        "apply group_norm a b --preset keras | group_norm has no preset keras; choose pytorch or"
            + " onnx",
        "apply rms_norm a b --preset onnx | rms_norm has no preset onnx; choose pytorch",
        "apply batchnorm a b | there is no norm \"batchnorm\" (did you mean batch_norm?); choose"
            + " batch_norm, layer_norm, group_norm, instance_norm, rms_norm, or take it from the"
            + " file with --case",
        "apply batch_norm | the file to read is missing",
        "apply batch_norm a | the file to write is missing: name it after a, or use --verify",
        "apply --case batch_norm b | the file to write is missing: name it after b, or use --verify",
        "apply batch_norm a b --eps -1 | eps must be 0 or more, got \"-1\"",
        "apply batch_norm a b --eps NaN | eps must be a finite number, got \"NaN\"",
        "apply batch_norm a b --momentum much | momentum must be a finite number, got \"much\"",
        "apply batch_norm a b --training yes | training must be true or false, got \"yes\"",
        "apply group_norm a b --groups 0 | groups must be a whole number above 0, got \"0\"",
        "apply layer_norm a b --normalized-shape 3,,4 | normalized shape must be sizes with commas"
            + " between, such as 3,4, got \"3,,4\"",
        "apply batch_norm a b --preset torch | preset \"torch\" is unknown; choose pytorch,"
            + " puzzlelib, labml, onnx or keras",
        "apply batch_norm a b --layout nchw | layout must be channels_first or channels_last, got"
            + " \"nchw\"",
        "apply batch_norm a b --running-variance x | running variance must be unbiased or biased,"
            + " got \"x\"",
        "apply batch_norm a b --momentum 1 --min-factor 0 | momentum and init or min factor exclude"
            + " each other: factors make the weight of a batch depend on its number",
        "apply batch_norm a b --threads 0 | threads must be from 1 to 1024, got 0",
        "apply batch_norm a b --momentun 1 | there is no option \"--momentun\" (did you mean"
            + " --momentum?)"
      })
  void wrongUsageIsOneLineWithTheRemedy(String line, String message) {
    CommandResult result = CommandResult.of(line.strip().split(" "));
    assertEquals(2, result.exit(), result.err());
    assertEquals(
        "batchnorm4j apply: " + message + "; try batchnorm4j apply --help" + System.lineSeparator(),
        result.err());
  }
}
