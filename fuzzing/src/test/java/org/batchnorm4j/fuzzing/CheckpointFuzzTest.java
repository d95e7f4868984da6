package org.batchnorm4j.fuzzing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.DigitImages;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.training.Checkpoint;
import org.batchnorm4j.training.Trainer;
import org.batchnorm4j.training.TrainingOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Texts of a checkpoint around sound tensors; damaged tensors are those of {@link
 * SafetensorsFuzzTest}. The bytes are lines {@code name=text}, in which {@code ;} stands for the
 * end of a line.
 */
final class CheckpointFuzzTest {
  private static final Map<String, Tensor> TENSORS =
      Map.of("0.weight", Tensor.ones(2, 2), "optimizer.step", Tensor.scalar(3L));

  private static final ReaderTrial TRIAL = new ReaderTrial();

  @AfterAll
  static void close() throws IOException {
    TRIAL.close();
  }

  /** The texts of a run that has not begun, and of one that has finished two epochs. */
  static Stream<byte[]> seeds() throws IOException {
    Trainer trainer =
        new Trainer(
            new Sequential(new Flatten(), new Linear(784, 10, true, RandomStream.of(1))),
            new DataSplit(DigitImages.training(1, 20), DigitImages.test(1, 10)),
            TrainingOptions.defaults(),
            CpuBackend.of(KernelPreference.SCALAR, 1, line -> {}));
    Path file = Files.createTempFile("seed", ".safetensors");
    try {
      trainer.withLabels(Map.of("model", "line")).checkpoint().write(file, HastyDisk.INSTANCE);
      try (SafetensorsFile open = SafetensorsFile.open(file)) {
        Map<String, String> texts = new TreeMap<>(open.metadata());
        byte[] begun = lines(texts);
        texts.put("position.epoch", "2");
        texts.put("position.loss-sum", "1.5E-3");
        texts.put("metrics", "1,0.5,0.9,NaN,0.8,0.001\n2,1.0E-5,1.0,-0.0,0.9,1.0E-4\n");
        return Stream.of(begun, lines(texts));
      }
    } finally {
      Files.delete(file);
    }
  }

  private static byte[] lines(Map<String, String> texts) {
    return texts.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue().replace('\n', ';'))
        .collect(Collectors.joining("\n"))
        .getBytes(StandardCharsets.UTF_8);
  }

  @MethodSource("seeds")
  @FuzzTest
  void checkpointIsReadAndWrittenBackOrRefused(byte[] bytes) throws IOException {
    Map<String, String> texts = new TreeMap<>();
    for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n", -1)) {
      int equals = line.indexOf('=');
      texts.put(
          line.substring(0, Math.max(0, equals)), line.substring(equals + 1).replace(';', '\n'));
    }
    Path file = TRIAL.beside("checkpoint");
    SafetensorsWriter.write(file, HastyDisk.INSTANCE, TENSORS, texts);
    TRIAL.read(
        Files.readAllBytes(file),
        0,
        path -> {
          Checkpoint read = Checkpoint.read(path);
          Path copy = TRIAL.beside("copy");
          read.write(copy, HastyDisk.INSTANCE);
          Checkpoint again = Checkpoint.read(copy);
          assertEquals(read.labels(), again.labels());
          assertEquals(read.options().toMap(), again.options().toMap());
          assertEquals(read.data(), again.data());
          assertEquals(read.position(), again.position());
          assertEquals(read.metrics(), again.metrics());
          assertEquals(read.model().keySet(), again.model().keySet());
          assertEquals(read.optimizer().keySet(), again.optimizer().keySet());
        });
  }
}
