package org.batchnorm4j.nn.deploy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNorm3d;
import org.batchnorm4j.nn.BatchNormNd;
import org.batchnorm4j.nn.Conv1d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.ConvTranspose2d;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * A layer and the batch norm behind it, to be made one. Immutable.
 *
 * @param name what messages call the layer
 * @param layer what takes the batch norm in
 * @param norm the batch norm
 */
record FoldablePair(String name, Module layer, BatchNorm norm) {

  /**
   * The new weights.
   *
   * @throws IllegalArgumentException if the batch norm cannot be folded; the message says why
   */
  FoldedWeights weights() {
    return switch (layer) {
      case Conv1d conv -> {
        checkConvolution(3);
        yield weights(conv.weight(), conv.bias());
      }
      case Conv2d conv -> {
        checkConvolution(4);
        yield weights(conv.weight(), conv.bias());
      }
      case Conv3d conv -> {
        checkConvolution(5);
        yield weights(conv.weight(), conv.bias());
      }
      case ConvTranspose2d conv -> {
        checkConvolution(4);
        Tensor weight = conv.weight().value();
        int groups = conv.options().window().groups();
        yield weights(weight, conv.bias(), OutputChannels.second(weight, groups));
      }
      case Linear linear -> {
        checkLinear();
        yield weights(linear.weight(), linear.bias());
      }
      default ->
          throw new IllegalArgumentException(
              "it follows " + name + "; only a convolution or a linear layer can take it in");
    };
  }

  /** The layer with other weights. */
  Module with(FoldedWeights weights) {
    Tensor weight = weights.weight();
    int in = weight.axis(1);
    int out = weights.bias().axis(0);
    RandomStream unused = RandomStream.of(0); // all first values are overwritten
    Module made =
        switch (layer) {
          case Conv1d line ->
              new Conv1d(in * line.options().groups(), out, line.options().withBias(true), unused);
          case Conv2d conv ->
              new Conv2d(in * conv.options().groups(), out, conv.options().withBias(true), unused);
          case Conv3d cube ->
              new Conv3d(in * cube.options().groups(), out, cube.options().withBias(true), unused);
          case ConvTranspose2d up ->
              new ConvTranspose2d(weight.axis(0), out, up.options().withBias(true), unused);
          default -> new Linear(in, out, true, weight.dtype(), unused);
        };
    Map<String, Tensor> state = new LinkedHashMap<>();
    state.put("weight", weight);
    state.put("bias", weights.bias());
    made.loadStateDict(state, true);
    return made;
  }

  /** Whether the layer's channels are those of the batch norm for inputs (N, C) only. */
  boolean holdsForRankTwoOnly() {
    return layer instanceof Linear && norm.options().axis() == 1;
  }

  private FoldedWeights weights(Parameter weight, Optional<Parameter> bias) {
    return weights(weight.value(), bias, OutputChannels.first(weight.value()));
  }

  private FoldedWeights weights(Tensor weight, Optional<Parameter> bias, OutputChannels outputs) {
    if (norm.runningMean().isEmpty()) {
      throw new IllegalArgumentException(
          "it tracks no running statistics, so inference normalises each batch by its own");
    }
    if (norm.numFeatures() != outputs.count()) {
      throw new IllegalArgumentException(
          "it has " + norm.numFeatures() + " channels, but " + name + " gives " + outputs.count());
    }
    DType dtype = norm.options().dtype();
    if (dtype != weight.dtype()) {
      throw new IllegalArgumentException(
          "it is " + dtype + ", but " + name + " is " + weight.dtype());
    }
    return FoldedWeights.of(weight, bias.map(Parameter::value).orElse(null), outputs, norm);
  }

  private void checkConvolution(int rank) {
    boolean fits =
        norm.options().rank().orElse(rank) == rank
            && switch (norm) {
              case BatchNorm1d _ -> rank == 3;
              case BatchNorm2d _ -> rank == 4;
              case BatchNorm3d _ -> rank == 5;
              case BatchNormNd _ -> true;
            };
    if (!fits) {
      throw new IllegalArgumentException("it takes no " + rank + "D input, as " + name + " gives");
    }
    if (norm.options().axis() != 1) {
      throw new IllegalArgumentException(
          "its channels are the last axis, but those of " + name + " are axis 1");
    }
  }

  private void checkLinear() {
    boolean lastAxis = norm.options().axis() == -1;
    boolean fits =
        switch (norm) {
          case BatchNorm1d any -> lastAxis || any.options().rank().orElse(2) == 2;
          case BatchNormNd any -> lastAxis || any.options().rank().orElse(2) == 2;
          case BatchNorm2d _ -> lastAxis;
          case BatchNorm3d _ -> lastAxis;
        };
    if (!fits) {
      throw new IllegalArgumentException(
          "its channels are axis 1 of more than 2, but those of " + name + " are the last axis");
    }
  }
}
