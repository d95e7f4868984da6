package org.batchnorm4j.peers.training;

import java.util.Arrays;
import java.util.Locale;
import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.model.Network;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.nn.Module;

/** What is trained, and how many steps of it are worth their time. */
enum TrainedNetwork {
  /** Two convolutions of 5x5 and two linear layers. */
  LABML_MNIST(1, 28, 40, 60),
  /** Thirteen convolutions of 3x3. */
  LABML_CIFAR10(3, 32, 3, 9),
  /** Residual blocks. */
  RESNET18(3, 32, 2, 5);

  static final int CLASSES = 10;
  private static final long SEED = 20261121;

  private final int channels;
  private final int side;
  final int warmUp;
  final int steps;

  TrainedNetwork(int channels, int side, int warmUp, int steps) {
    this.channels = channels;
    this.side = side;
    this.warmUp = warmUp;
    this.steps = steps;
  }

  /** Of one picture. */
  ImageShape shape() {
    return new ImageShape(channels, side, side);
  }

  /** The same first values at each call. */
  Module build() {
    Norm norm = Norm.named("batch");
    return switch (this) {
      case LABML_MNIST -> Network.LABML_MNIST.build(shape(), CLASSES, norm, SEED);
      case LABML_CIFAR10 -> Network.LABML_CIFAR10.build(shape(), CLASSES, norm, SEED);
      case RESNET18 -> ResNet18.build(CLASSES, SEED);
    };
  }

  /**
   * The network of that word.
   *
   * @throws IllegalArgumentException if there is none
   */
  static TrainedNetwork named(String option) {
    return Arrays.stream(values())
        .filter(network -> network.option().equals(option))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no network \""
                        + option
                        + "\"; there are "
                        + Arrays.stream(values()).map(TrainedNetwork::option).toList()));
  }

  /** The word that chooses it. */
  String option() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
