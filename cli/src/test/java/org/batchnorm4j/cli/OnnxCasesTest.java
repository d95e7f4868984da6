package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command {@code apply} on ONNX's own cases. Their results come from float32 computations of
 * others, so each addition there may cost u of the sum: a value may be {@code (8 + M) u} times the
 * largest absolute value of its tensor away.
 */
class OnnxCasesTest {
  @TempDir Path folder;

  @Test
  void everyCaseAgrees() throws IOException {
    List<Path> cases;
    try (Stream<Path> found = Files.list(SharedFiles.path("conformance/onnx"))) {
      cases = found.sorted().toList();
    }
    assertTrue(cases.size() >= 5, "only " + cases);
    double worst = 0;
    for (Path directory : cases) {
      worst = Math.max(worst, check(directory));
    }
    System.out.printf("ONNX cases: largest difference / bound %.3f%n", worst);
  }

  private double check(Path directory) throws IOException {
    Protobuf model = Protobuf.parse(Files.readAllBytes(directory.resolve("model.onnx")));
    Protobuf graph = model.messages(7).getFirst();
    Protobuf node = graph.messages(1).getFirst();
    Path data = directory.resolve("test_data_set_0");
    Map<String, Tensor> known = new HashMap<>();
    for (Protobuf initializer : graph.messages(5)) {
      known.put(initializer.texts(8).getFirst(), initializer.tensor());
    }
    List<String> names = new ArrayList<>();
    for (Protobuf input : graph.messages(11)) {
      String name = input.texts(1).getFirst();
      if (!known.containsKey(name)) {
        names.add(name);
      }
    }
    for (int i = 0; i < names.size(); i++) {
      known.put(names.get(i), read(data.resolve("input_" + i + ".pb")));
    }
    Map<String, Protobuf> attributes = new LinkedHashMap<>();
    node.messages(5).forEach(a -> attributes.put(a.texts(1).getFirst(), a));
    boolean batchNorm = node.texts(4).getFirst().equals("BatchNormalization");
    List<String> roles =
        batchNorm
            ? List.of("input", "weight", "bias", "running_mean", "running_var")
            : List.of("input", "weight", "bias");
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < roles.size(); i++) {
      tensors.put(roles.get(i), known.get(node.texts(1).get(i)));
    }
    List<String> words = new ArrayList<>(List.of("apply"));
    words.add(batchNorm ? "batch_norm" : "group_norm");
    Path in = folder.resolve(directory.getFileName() + ".safetensors");
    Path out = folder.resolve(directory.getFileName() + ".out.safetensors");
    SafetensorsWriter.write(in, tensors, Map.of());
    words.addAll(List.of(in.toString(), out.toString()));
    options(batchNorm, attributes, words);
    CommandResult result = CommandResult.of(words.toArray(String[]::new));
    assertEquals(0, result.exit(), result.toString());
    Map<String, Tensor> results;
    try (SafetensorsFile file = SafetensorsFile.open(out)) {
      results = file.readAll();
    }
    double worst = 0;
    List<String> outputs = List.of("output", "running_mean", "running_var");
    int given = node.texts(2).size();
    assertTrue(given == 1 || given == 3, directory + " has " + given + " outputs");
    for (int i = 0; i < given; i++) {
      Tensor expected = read(data.resolve("output_" + i + ".pb"));
      worst = Math.max(worst, share(directory, results.get(outputs.get(i)), expected));
    }
    return worst;
  }

  private static void options(
      boolean batchNorm, Map<String, Protobuf> attributes, List<String> words) {
    if (attributes.containsKey("epsilon")) {
      words.addAll(List.of("--eps", Float.toString(attributes.get("epsilon").single(2))));
    }
    if (!batchNorm) {
      words.addAll(List.of("--groups", Long.toString(attributes.get("num_groups").number(3, 0))));
      return;
    }
    words.addAll(List.of("--preset", "onnx"));
    if (attributes.containsKey("momentum")) {
      words.addAll(List.of("--momentum", Float.toString(attributes.get("momentum").single(2))));
    }
    boolean training =
        attributes.containsKey("training_mode")
            && attributes.get("training_mode").number(3, 0) == 1;
    words.addAll(List.of("--training", Boolean.toString(training)));
  }

  private static Tensor read(Path file) throws IOException {
    return Protobuf.parse(Files.readAllBytes(file)).tensor();
  }

  private static double share(Path directory, Tensor actual, Tensor expected) {
    assertEquals(expected.shape(), actual.shape());
    double[] is = actual.toDoubles();
    double[] should = expected.toDoubles();
    double largest = 0;
    for (double value : should) {
      largest = Math.max(largest, Math.abs(value));
    }
    double bound = (8 + should.length) * 0x1p-24 * largest;
    double worst = 0;
    for (int i = 0; i < is.length; i++) {
      double difference = Math.abs(is[i] - should[i]);
      assertTrue(difference <= bound, directory + "[" + i + "]: " + is[i] + " for " + should[i]);
      worst = Math.max(worst, difference / bound);
    }
    return worst;
  }
}
