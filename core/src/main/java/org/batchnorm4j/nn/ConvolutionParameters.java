package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Weight and bias of a convolution, and the channels they are for. First values uniform on
 * ±1/sqrt(fan-in), as PyTorch's, where fan-in is the size of the weight without its first axis.
 *
 * @param members the layer, for errors
 * @param inChannels channels of the input
 * @param weight the kernel
 * @param bias the constant (out), or null
 */
record ConvolutionParameters(
    Members members, int inChannels, Parameter weight, @Nullable Parameter bias) {

  /** Refuses channels that are not positive or not divisible by the groups. */
  static void checkChannels(String kind, int inChannels, int outChannels, int groups) {
    if (inChannels < 1 || outChannels < 1) {
      throw new IllegalArgumentException(
          kind
              + " needs at least 1 channel on either side, got "
              + inChannels
              + " to "
              + outChannels);
    }
    if (inChannels % groups != 0 || outChannels % groups != 0) {
      throw new IllegalArgumentException(
          kind
              + ": channels "
              + inChannels
              + " and "
              + outChannels
              + " must be divisible by the "
              + groups
              + " groups");
    }
  }

  /** Registers {@code weight} of a shape and, if there are biases, {@code bias}. */
  static ConvolutionParameters of(
      Members members,
      int inChannels,
      int biases,
      DType dtype,
      RandomStream random,
      long... shape) {
    Parameter weight =
        members.parameter(
            "weight", Initialization.kaimingUniform(dtype, random, Math.sqrt(5), shape));
    double bound = 1 / Math.sqrt((double) Initialization.fanIn(shape));
    Parameter bias =
        biases == 0
            ? null
            : members.parameter("bias", Tensor.uniform(dtype, random, -bound, bound, biases));
    return new ConvolutionParameters(members, inChannels, weight, bias);
  }

  /** Refuses an input of another rank, number of channels or type. */
  void check(Tensor input, int rank, String axes) {
    if (input.rank() != rank) {
      throw new ShapeException(
          members
              + " expected "
              + rank
              + "D input "
              + axes
              + ", got shape "
              + input.shape()
              + (input.rank() == rank - 1 ? "; add a batch axis with reshape" : ""));
    }
    if (input.axis(1) != inChannels) {
      throw new ShapeException(
          members
              + " was built for "
              + inChannels
              + (inChannels == 1 ? " channel" : " channels")
              + ", but axis 1 of the input shape "
              + input.shape()
              + " has "
              + input.axis(1)
              + "; shapes read "
              + axes
              + " in every layout");
    }
    members.checkInputType(input, weight);
  }

  /** What a geometry refuses about an input, in the name of the layer. */
  ShapeException refusal(Tensor input, IllegalArgumentException cause) {
    ShapeException named =
        new ShapeException(members + ", input " + input.shape() + ": " + cause.getMessage());
    named.initCause(cause);
    return named;
  }
}
