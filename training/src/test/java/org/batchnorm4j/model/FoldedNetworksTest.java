package org.batchnorm4j.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.deploy.FoldedModel;
import org.batchnorm4j.nn.deploy.Folding;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FoldedNetworksTest {

  /** The network with parameters and statistics as after a training that mattered. */
  private static Module lived(Network network, ImageShape shape, RandomStream random) {
    Module model = network.build(shape, 10, Norm.batch(), 1);
    model
        .stateDict()
        .forEach(
            (name, tensor) -> {
              if (name.endsWith("running_mean")) {
                tensor.copyFrom(Tensor.randn(random, tensor.size()).mul(0.3));
              } else if (name.endsWith("running_var")) {
                tensor.copyFrom(Tensor.uniform(random, 0.2, 2, tensor.size()));
              }
            });
    return model;
  }

  @ParameterizedTest
  @CsvSource({
    "LABML_MNIST, 1, 16, 3",
    "LABML_CIFAR10, 3, 32, 13",
    "MLP, 1, 5, 2",
    "RESNET, 2, 8, 9"
  })
  void everyBatchNormIsFoldedIntoTheNetworkWithoutNorms(
      Network network, int channels, int side, int norms) {
    RandomStream random = RandomStream.of(4);
    ImageShape shape = new ImageShape(channels, side, side);
    Module model = lived(network, shape, random);
    FoldedModel folded = Folding.fold(model);
    assertEquals(List.of(), folded.kept());
    assertEquals(norms, folded.folded().size());

    Module without = network.build(shape, 10, Norm.none(), 2);
    without.loadStateDict(folded.model().stateDict(), true);
    Tensor pictures = Tensor.randn(random, 2, channels, side, side);
    float[] answers = folded.model().forward(pictures, Pass.inference()).toFloats();
    assertArrayEquals(without.forward(pictures, Pass.inference()).toFloats(), answers);

    // far above what rounding does, far below a wrong term; the bound itself is held in core,
    // where a float64 network leaves room for neither
    FoldedModel.Deviation deviation = folded.deviationFrom(model, pictures, Pass.inference());
    assertTrue(deviation.largest() < 1e-3 * deviation.largestOutput(), deviation::toString);
  }
}
