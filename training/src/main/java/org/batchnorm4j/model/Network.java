package org.batchnorm4j.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.nn.Module;

/**
 * The ready-made networks. Each takes pictures (N, C, H, W) with any number of channels and gives
 * scores (N, classes); what it cannot adapt to is the least height and width.
 *
 * <p>Immutable and safe for use by several threads.
 */
public enum Network {
  /**
   * The network of labml's MNIST experiment: convolution to 20 channels, norm, ReLU, pool,
   * convolution to 50, norm, ReLU, pool, linear to 500, norm, ReLU, linear. 431,650 parameters for
   * 1x28x28 and ten classes with batch norm. Pictures of at least 16x16.
   */
  LABML_MNIST("labml-mnist", 16, "two windows of 5x5, each with a pooling behind"),
  /**
   * The network like VGG-16 of labml's CIFAR-10 experiment: 13 convolutions in five blocks of 64,
   * 128, 256, 512 and 512 channels, a pool behind each block. 14,728,266 parameters for 3x32x32 and
   * ten classes with batch norm. Pictures of at least 32x32, so CIFAR-10 but not MNIST.
   */
  LABML_CIFAR10("labml-cifar10", 32, "five poolings, each of which halves the picture"),
  /** Two hidden linear layers of 256 and 128, each with norm and ReLU. Pictures of any size. */
  MLP("mlp", 1, ""),
  /**
   * A small residual network: a convolution to 16 channels and three blocks of 16, 32 and 64
   * channels, each {@code relu(norm(conv(relu(norm(conv(x))))) + shortcut(x))}, then the mean over
   * the picture. Pictures of any size.
   */
  RESNET("resnet", 1, "");

  private final String option;
  private final int leastSide;
  private final String reason;

  Network(String option, int leastSide, String reason) {
    this.option = option;
    this.leastSide = leastSide;
    this.reason = reason;
  }

  /** Returns the word that chooses this network, such as {@code labml-mnist}. */
  public String option() {
    return option;
  }

  /** Returns the words of all networks. */
  public static List<String> options() {
    return Arrays.stream(values()).map(Network::option).toList();
  }

  /**
   * Returns the network of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists all
   */
  public static Network named(String option) {
    for (Network network : values()) {
      if (network.option.equals(option)) {
        return network;
      }
    }
    throw new IllegalArgumentException(
        "there is no model \"" + option + "\"; choose one of " + String.join(", ", options()));
  }

  /** Returns whether pictures of this shape are large enough. */
  public boolean fits(ImageShape shape) {
    return Math.min(shape.height(), shape.width()) >= leastSide;
  }

  /**
   * Builds the network with new first values.
   *
   * @param shape shape of each picture
   * @param classes number of scores
   * @param norm what normalises
   * @param seed the same seed gives the same first values
   * @throws IllegalArgumentException if the pictures are too small or there are no classes
   */
  public Module build(ImageShape shape, int classes, Norm norm, long seed) {
    if (!fits(shape)) {
      String others =
          Arrays.stream(values())
              .filter(network -> network.fits(shape))
              .map(Network::option)
              .collect(Collectors.joining(", "));
      throw new IllegalArgumentException(
          "model "
              + option
              + " needs pictures of at least "
              + leastSide
              + "x"
              + leastSide
              + " for its "
              + reason
              + "; these are "
              + shape.height()
              + "x"
              + shape.width()
              + ", which fits "
              + others);
    }
    if (classes < 1) {
      throw new IllegalArgumentException("a network needs at least 1 class, got " + classes);
    }
    Chain chain = new Chain(norm, seed);
    return switch (this) {
      case LABML_MNIST -> LabmlMnist.build(chain, shape, classes);
      case LABML_CIFAR10 -> LabmlCifar10.build(chain, shape, classes);
      case MLP -> Mlp.build(chain, shape, classes);
      case RESNET -> SmallResNet.build(chain, shape, classes);
    };
  }
}
