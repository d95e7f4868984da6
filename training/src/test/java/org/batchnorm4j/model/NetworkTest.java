package org.batchnorm4j.model;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworkTest {
  private static final ImageShape DIGIT = new ImageShape(1, 28, 28);
  private static final ImageShape COLOUR = new ImageShape(3, 32, 32);

  @Test
  void publishedNetworksHaveThePublishedNumbersOfParameters() {
    assertEquals(431_650, Network.LABML_MNIST.build(DIGIT, 10, Norm.batch(), 1).parameterCount());
    Module large = Network.LABML_CIFAR10.build(COLOUR, 10, Norm.batch(), 1);
    assertEquals(14_728_266, large.parameterCount());
    assertTrue(
        large
            .stateDict()
            .keySet()
            .containsAll(List.of("layers.0.bias", "layers.41.running_var", "fc.weight")));
  }

  @Test
  void otherNetworksHaveTheParametersOfTheirLayers() {
    // linear 784 to 256 to 128 without bias, gamma and beta of both norms, linear to 10 with bias
    assertEquals(
        784 * 256 + 256 * 128 + 2 * (256 + 128) + 128 * 10 + 10,
        Network.MLP.build(DIGIT, 10, Norm.batch(), 1).parameterCount());
    // windows of 9 without bias: 1 to 16; 16 to 16 twice; 16 to 32 and 32 to 32; 32 to 64 and 64 to
    // 64; shortcuts 16 to 32
    // and 32 to 64; gamma and beta of 3 norms of 16, 3 of 32, 3 of 64; linear 64 to 10
    int windows = 16 + 2 * 16 * 16 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64;
    int shortcuts = 16 * 32 + 32 * 64;
    int norms = 2 * 3 * (16 + 32 + 64);
    assertEquals(
        9 * windows + shortcuts + norms + 64 * 10 + 10,
        Network.RESNET.build(DIGIT, 10, Norm.batch(), 1).parameterCount());
  }

  @Test
  void stateHasPyTorchNames() {
    assertEquals(
        List.of(
            "conv1.weight",
            "bn1.weight",
            "bn1.bias",
            "bn1.running_mean",
            "bn1.running_var",
            "bn1.num_batches_tracked",
            "conv2.weight"),
        Network.LABML_MNIST.build(DIGIT, 10, Norm.batch(), 1).stateDict().keySet().stream()
            .limit(7)
            .toList());
  }

  @ParameterizedTest
  @CsvSource({
    "labml-mnist,1,28",
    "labml-mnist,3,32",
    "labml-mnist,2,16",
    "mlp,1,28",
    "mlp,3,32",
    "mlp,1,1",
    "resnet,1,28",
    "resnet,3,32",
    "resnet,1,5",
    "labml-cifar10,3,32",
    "labml-cifar10,1,40"
  })
  void scoresComeOutForEverySizeThatFits(String name, int channels, int side) {
    ImageShape shape = new ImageShape(channels, side, side);
    for (Norm norm : Norm.all()) {
      Module model = Network.named(name).build(shape, 7, norm, 1);
      assertScores(model, channels, side, 7);
    }
  }

  @Test
  void scoresOfTheLargeNetworkComeOutForLargerPicturesToo() {
    ImageShape shape = new ImageShape(1, 40, 65);
    Module model = Network.LABML_CIFAR10.build(shape, 7, Norm.batch(), 1);
    Tensor pictures = Tensor.randn(RandomStream.of(5), 1, 1, 40, 65);
    assertEquals(Shape.of(1, 7), model.forward(pictures, Pass.inference()).shape());
  }

  private static void assertScores(Module model, int channels, int side, int classes) {
    Tensor pictures = Tensor.randn(RandomStream.of(5), 2, channels, side, side);
    Tensor scores = model.forward(pictures, Pass.inference());
    assertEquals(Shape.of(2, classes), scores.shape());
    assertTrue(Double.isFinite(scores.sum().item()), scores.toString());
  }

  @Test
  void blockOfTheResidualNetworkAddsItsInput() {
    Module model = Network.RESNET.build(DIGIT, 10, Norm.batch(), 1);
    Module block = requireNonNull(model.members().children().get("block1"));
    Module body = requireNonNull(block.members().children().get("body"));
    // with gamma of the last norm at 0 the long way gives 0, so relu(x) is left
    requireNonNull(block.stateDict().get("body.bn2.weight")).fill(0);
    Tensor x = Tensor.randn(RandomStream.of(5), 2, 16, 4, 4);
    float[] expected = x.toFloats();
    for (int i = 0; i < expected.length; i++) {
      expected[i] = Math.max(0, expected[i]);
    }
    assertArrayEquals(expected, block.forward(x, Pass.inference()).toFloats());
    assertEquals(
        List.of("conv1", "bn1", "relu", "conv2", "bn2"),
        List.copyOf(body.members().children().keySet()));
  }

  @Test
  void firstValuesDependOnTheSeedAlone() {
    for (Network network : List.of(Network.LABML_MNIST, Network.MLP, Network.RESNET)) {
      float[] first = weights(network.build(DIGIT, 10, Norm.batch(), 3));
      assertArrayEquals(first, weights(network.build(DIGIT, 10, Norm.batch(), 3)));
      assertFalse(Arrays.equals(first, weights(network.build(DIGIT, 10, Norm.batch(), 4))));
    }
  }

  @Test
  void layersOfOneShapeHaveDifferentFirstValues() {
    Module model = Network.RESNET.build(DIGIT, 10, Norm.batch(), 3);
    assertNotEquals(
        requireNonNull(model.stateDict().get("block1.body.conv1.weight")).at(0, 0, 0, 0),
        requireNonNull(model.stateDict().get("block1.body.conv2.weight")).at(0, 0, 0, 0));
  }

  private static float[] weights(Module model) {
    return model.parameters().getFirst().value().toFloats();
  }

  @Test
  void withoutNormLayersKeepTheirNamesAndHaveBias() {
    List<String> names =
        List.copyOf(
            Network.LABML_MNIST.build(DIGIT, 10, Norm.none(), 1).namedParameters().keySet());
    assertEquals(
        List.of(
            "conv1.weight",
            "conv1.bias",
            "conv2.weight",
            "conv2.bias",
            "fc1.weight",
            "fc1.bias",
            "fc2.weight",
            "fc2.bias"),
        names);
    Module large = Network.LABML_CIFAR10.build(COLOUR, 10, Norm.none(), 1);
    assertTrue(large.namedParameters().containsKey("layers.3.weight"));
    assertScores(large, 3, 32, 10);
  }

  @Test
  void picturesTooSmallAreRefusedWithWhatFits() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Network.LABML_CIFAR10.build(DIGIT, 10, Norm.batch(), 1));
    assertEquals(
        "model labml-cifar10 needs pictures of at least 32x32 for its five poolings, each of which"
            + " halves the picture; these are 28x28, which fits labml-mnist, mlp, resnet",
        e.getMessage());
    assertTrue(Network.LABML_MNIST.fits(new ImageShape(1, 16, 16)));
    assertFalse(Network.LABML_MNIST.fits(new ImageShape(1, 16, 15)));
  }

  @Test
  void unknownNamesListTheKnownOnes() {
    assertEquals(
        "there is no model \"vgg\"; choose one of labml-mnist, labml-cifar10, mlp, resnet",
        assertThrows(IllegalArgumentException.class, () -> Network.named("vgg")).getMessage());
    assertEquals(
        "there is no norm \"lair\"; choose one of batch, layer, group, instance, rms, local-response, renorm, ws+group, batch-channel, ws+batch-channel, whitening, iterative-whitening, none",
        assertThrows(IllegalArgumentException.class, () -> Norm.named("lair")).getMessage());
  }
}
