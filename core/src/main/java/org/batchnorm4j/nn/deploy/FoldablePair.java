package org.batchnorm4j.nn.deploy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNorm3d;
import org.batchnorm4j.nn.BatchNormNd;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

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
      case Conv2d conv -> {
        checkConvolution();
        yield weights(conv.weight().value(), conv.bias().map(Parameter::value).orElse(null));
      }
      case Linear linear -> {
        checkLinear();
        yield weights(linear.weight().value(), linear.bias().map(Parameter::value).orElse(null));
      }
      default ->
          throw new IllegalArgumentException(
              "it follows " + name + "; only a convolution or a linear layer can take it in");
    };
  }

  /** The layer with other weights. */
  Module with(FoldedWeights weights) {
    Tensor weight = weights.weight();
    RandomStream unused = RandomStream.of(0); // all first values are overwritten
    Module made =
        layer instanceof Conv2d conv
            ? new Conv2d(
                weight.axis(1) * conv.options().groups(),
                weight.axis(0),
                conv.options().withBias(true),
                unused)
            : new Linear(weight.axis(1), weight.axis(0), true, weight.dtype(), unused);
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

  private FoldedWeights weights(Tensor weight, @Nullable Tensor bias) {
    if (norm.runningMean().isEmpty()) {
      throw new IllegalArgumentException(
          "it tracks no running statistics, so inference normalises each batch by its own");
    }
    if (norm.numFeatures() != weight.axis(0)) {
      throw new IllegalArgumentException(
          "it has " + norm.numFeatures() + " channels, but " + name + " gives " + weight.axis(0));
    }
    DType dtype = norm.options().dtype();
    if (dtype != weight.dtype()) {
      throw new IllegalArgumentException(
          "it is " + dtype + ", but " + name + " is " + weight.dtype());
    }
    return FoldedWeights.of(weight, bias, norm);
  }

  private void checkConvolution() {
    boolean fits =
        switch (norm) {
          case BatchNorm2d _ -> true;
          case BatchNormNd any -> any.options().rank().orElse(4) == 4;
          case BatchNorm1d _ -> false;
          case BatchNorm3d _ -> false;
        };
    if (!fits) {
      throw new IllegalArgumentException("it takes no 4D input, as " + name + " gives");
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
