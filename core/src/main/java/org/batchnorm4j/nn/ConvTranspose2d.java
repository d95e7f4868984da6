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
 * Transposed 2-D convolution of (N, C, H, W), which does what the backward pass of a {@link Conv2d}
 * of the same window does to gradients. Output sizes are {@code (H - 1) stride - 2 padding +
 * dilation (kernel - 1) + output_padding + 1}. State: {@code weight} (in, out / groups, Kh, Kw),
 * {@code bias} (out), of the options' type. First values uniform on ±1/sqrt(out / groups Kh Kw), as
 * PyTorch's.
 *
 * <p>An output padding must be less than the stride; PyTorch also takes one that is less than the
 * dilation alone.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class ConvTranspose2d implements Module {
  private final Members members = new Members("ConvTranspose2d");
  private final int outChannels;
  private final ConvTranspose2dOptions options;
  private final ConvolutionParameters parameters;

  /** A layer with first values that differ from run to run. */
  public ConvTranspose2d(int inChannels, int outChannels, ConvTranspose2dOptions options) {
    this(inChannels, outChannels, options, RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * A layer with repeatable first values.
   *
   * @param inChannels channels of the input
   * @param outChannels channels of the output
   * @param options window and steps
   * @param random where first values come from
   * @throws IllegalArgumentException if channels are not positive or not divisible by the groups,
   *     or the output padding is not less than the stride
   */
  public ConvTranspose2d(
      int inChannels, int outChannels, ConvTranspose2dOptions options, RandomStream random) {
    Conv2dOptions window = options.window();
    ConvolutionParameters.checkChannels(
        "ConvTranspose2d", inChannels, outChannels, window.groups());
    if (options.outputPaddingH() >= window.strideH()
        || options.outputPaddingW() >= window.strideW()) {
      throw new IllegalArgumentException(
          "ConvTranspose2d output_padding must be less than the stride, got ("
              + options.outputPaddingH()
              + ", "
              + options.outputPaddingW()
              + ") with stride ("
              + window.strideH()
              + ", "
              + window.strideW()
              + ")");
    }
    this.outChannels = outChannels;
    this.options = options;
    parameters =
        ConvolutionParameters.of(
            members,
            inChannels,
            window.bias() ? outChannels : 0,
            window.dtype(),
            random,
            inChannels,
            outChannels / window.groups(),
            window.kernelHeight(),
            window.kernelWidth());
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, in, H, W)
   * @return (N, out, H', W')
   * @throws ShapeException if rank or channels do not fit, or nothing would be left of the output
   * @throws IllegalArgumentException if the input is not of the type of the weight
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    parameters.check(input, 4, "(N, C, H, W)");
    Parameter bias = parameters.bias();
    return Convolutions.convTranspose2d(
        input,
        parameters.weight().in(pass),
        bias == null ? null : bias.in(pass),
        geometry(input),
        pass);
  }

  private ConvolutionGeometry geometry(Tensor input) {
    Conv2dOptions window = options.window();
    long height =
        outputSize(
            input.axis(2),
            window.kernelHeight(),
            window.strideH(),
            window.paddingH(),
            window.dilationH(),
            options.outputPaddingH());
    long width =
        outputSize(
            input.axis(3),
            window.kernelWidth(),
            window.strideW(),
            window.paddingW(),
            window.dilationW(),
            options.outputPaddingW());
    if (input.axis(2) < 1
        || input.axis(3) < 1
        || Math.min(height, width) < 1
        || Math.max(height, width) > Integer.MAX_VALUE) {
      throw new ShapeException(
          members
              + ", input "
              + input.shape()
              + ": the output would have "
              + height
              + "x"
              + width
              + " positions, which is not possible; a smaller padding or another window leaves"
              + " some");
    }
    try {
      return new ConvolutionGeometry(
          input.axis(0),
          outChannels,
          (int) height,
          (int) width,
          input.axis(1),
          window.kernelHeight(),
          window.kernelWidth(),
          window.strideH(),
          window.strideW(),
          window.paddingH(),
          window.paddingW(),
          window.dilationH(),
          window.dilationW(),
          window.groups());
    } catch (IllegalArgumentException e) {
      throw parameters.refusal(input, e);
    }
  }

  private static long outputSize(
      int size, int kernel, int stride, int padding, int dilation, int outputPadding) {
    return (size - 1L) * stride - 2L * padding + dilation * (kernel - 1L) + outputPadding + 1;
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
  public ConvTranspose2dOptions options() {
    return options;
  }

  /** The kernel (in, out / groups, Kh, Kw). */
  public Parameter weight() {
    return parameters.weight();
  }

  /** The constant (out). */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(parameters.bias());
  }
}
