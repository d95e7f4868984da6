package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Convolutions;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * 2-D convolution (cross-correlation) of (N, C, H, W). Output sizes are {@code floor((H + 2 padding
 * - dilation (kernel - 1) - 1) / stride) + 1}. State: {@code weight} (out, in / groups, Kh, Kw),
 * {@code bias} (out), of the options' type. First values uniform on ±1/sqrt(fan-in), as PyTorch's.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Conv2d implements Module {
  private final Members members;
  private final int outChannels;
  private final Conv2dOptions options;
  private final ConvolutionParameters parameters;

  /** A layer with first values that differ from run to run. */
  public Conv2d(int inChannels, int outChannels, Conv2dOptions options) {
    this(inChannels, outChannels, options, RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * A layer with repeatable first values.
   *
   * @param inChannels channels of the input
   * @param outChannels channels of the output
   * @param options window and steps
   * @param random where first values come from
   * @throws IllegalArgumentException if channels are not positive or not divisible by the groups
   */
  public Conv2d(int inChannels, int outChannels, Conv2dOptions options, RandomStream random) {
    this("Conv2d", inChannels, outChannels, options, random);
  }

  /** A layer that errors and texts call by another name. */
  Conv2d(String kind, int inChannels, int outChannels, Conv2dOptions options, RandomStream random) {
    members = new Members(kind);
    int groups = options.groups();
    ConvolutionParameters.checkChannels(kind, inChannels, outChannels, groups);
    this.outChannels = outChannels;
    this.options = options;
    parameters =
        ConvolutionParameters.of(
            members,
            inChannels,
            options.bias() ? outChannels : 0,
            options.dtype(),
            random,
            outChannels,
            inChannels / groups,
            options.kernelHeight(),
            options.kernelWidth());
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, in, H, W)
   * @return (N, out, H', W')
   * @throws ShapeException if rank or channels do not fit, or the window is larger than the input
   * @throws IllegalArgumentException if the input is not of the type of the weight
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return forward(input, weight().in(pass), pass);
  }

  /** The same with another kernel of the same shape. */
  Tensor forward(Tensor input, Tensor kernel, Pass pass) {
    parameters.check(input, 4, "(N, C, H, W)");
    Parameter bias = parameters.bias();
    return Convolutions.conv2d(
        input, kernel, bias == null ? null : bias.in(pass), geometry(input), pass);
  }

  private ConvolutionGeometry geometry(Tensor input) {
    try {
      return new ConvolutionGeometry(
          input.axis(0),
          input.axis(1),
          input.axis(2),
          input.axis(3),
          outChannels,
          options.kernelHeight(),
          options.kernelWidth(),
          options.strideH(),
          options.strideW(),
          options.paddingH(),
          options.paddingW(),
          options.dilationH(),
          options.dilationW(),
          options.groups());
    } catch (IllegalArgumentException e) {
      throw parameters.refusal(input, e);
    }
  }

  @Override
  public Members members() {
    return members;
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(parameters.inChannels() + ", " + outChannels + ", " + options);
  }

  /** Window and steps. */
  public Conv2dOptions options() {
    return options;
  }

  /** The kernel (out, in / groups, Kh, Kw). */
  public Parameter weight() {
    return parameters.weight();
  }

  /** The constant (out). */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(parameters.bias());
  }
}
