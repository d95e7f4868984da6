package org.batchnorm4j.training;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.DigitImages;
import org.batchnorm4j.model.Network;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Backend;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NormsTrainTest {
  @TempDir Path directory;

  static List<String> names() {
    return Norm.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void networkLearnsDigitsWithEveryNorm(String name) throws IOException {
    DataSplit data = new DataSplit(DigitImages.training(3, 400), DigitImages.test(3, 100));
    Module model = Network.LABML_MNIST.build(data.training().shape(), 10, Norm.named(name), 1);
    TrainingOptions options = TrainingOptions.defaults().withEpochs(2).withBatchSize(40);
    TrainingResult result =
        new Trainer(model, data, options, Backend.standard())
            .run(RunDirectory.at(directory), new TrainingListener() {}, () -> false);
    // 2.3 is the loss of ten equal chances; 20 steps are enough to fall well below it
    assertTrue(result.lastEpoch().trainLoss() < 2, result.toString());
    assertTrue(result.lastEpoch().trainLoss() < result.metrics().getFirst().trainLoss());
  }
}
