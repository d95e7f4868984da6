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
 * 1-D convolution (cross-correlation) of (N, C, L). Output length is {@code floor((L + 2 padding -
 * dilation (kernel - 1) - 1) / stride) + 1}. State: {@code weight} (out, in / groups, K), {@code
 * bias} (out), of the options' type. First values uniform on ±1/sqrt(fan-in), as PyTorch's.
 * Computed as a 2-D convolution of pictures one row high.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Conv1d implements Module {
  private final Members members = new Members("Conv1d");
  private final int outChannels;
  private final Conv1dOptions options;
  private final ConvolutionParameters parameters;

  /** A layer with first values that differ from run to run. */
  public Conv1d(int inChannels, int outChannels, Conv1dOptions options) {
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
  public Conv1d(int inChannels, int outChannels, Conv1dOptions options, RandomStream random) {
    Conv2dOptions row = options.row();
    ConvolutionParameters.checkChannels("Conv1d", inChannels, outChannels, row.groups());
    this.outChannels = outChannels;
    this.options = options;
    parameters =
        ConvolutionParameters.of(
            members,
            inChannels,
            row.bias() ? outChannels : 0,
            row.dtype(),
            random,
            outChannels,
            inChannels / row.groups(),
            row.kernelWidth());
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, in, L)
   * @return (N, out, L')
   * @throws ShapeException if rank or channels do not fit, or the window is longer than the input
   * @throws IllegalArgumentException if the input is not of the type of the weight
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    parameters.check(input, 3, "(N, C, L)");
    ConvolutionGeometry geometry = geometry(input);
    Tensor kernel = parameters.weight().in(pass);
    Parameter bias = parameters.bias();
    Tensor y =
        Convolutions.conv2d(
            pass.reshape(input, input.axis(0), input.axis(1), 1, input.axis(2)),
            pass.reshape(kernel, outChannels, kernel.axis(1), 1, kernel.axis(2)),
            bias == null ? null : bias.in(pass),
            geometry,
            pass);
    return pass.reshape(y, y.axis(0), outChannels, y.axis(3));
  }

  private ConvolutionGeometry geometry(Tensor input) {
    Conv2dOptions row = options.row();
    try {
      return new ConvolutionGeometry(
          input.axis(0),
          input.axis(1),
          1,
          input.axis(2),
          outChannels,
          1,
          row.kernelWidth(),
          1,
          row.strideW(),
          0,
          row.paddingW(),
          1,
          row.dilationW(),
          row.groups());
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
  public Conv1dOptions options() {
    return options;
  }

  /** The kernel (out, in / groups, K). */
  public Parameter weight() {
    return parameters.weight();
  }

  /** The constant (out). */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(parameters.bias());
  }
}
