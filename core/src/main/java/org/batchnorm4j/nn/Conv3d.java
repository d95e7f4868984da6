package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Convolutions;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Rows;
import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * 3-D convolution (cross-correlation) of (N, C, D, H, W). Output sizes are {@code floor((D + 2
 * padding - dilation (kernel - 1) - 1) / stride) + 1}. State: {@code weight} (out, in / groups, Kd,
 * Kh, Kw), {@code bias} (out), of the options' type. First values uniform on ±1/sqrt(fan-in), as
 * PyTorch's.
 *
 * <p>Computed as a 2-D convolution: the Kd planes that an output plane sees stand side by side as
 * channels of one picture, so each output is one sum of all its products. The copied planes take Kd
 * / stride times the memory of the input.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Conv3d implements Module {
  private static final int ZEROS = -1;

  private final Members members = new Members("Conv3d");
  private final int outChannels;
  private final Conv3dOptions options;
  private final ConvolutionParameters parameters;

  /** A layer with first values that differ from run to run. */
  public Conv3d(int inChannels, int outChannels, Conv3dOptions options) {
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
  public Conv3d(int inChannels, int outChannels, Conv3dOptions options, RandomStream random) {
    Conv2dOptions plane = options.plane();
    ConvolutionParameters.checkChannels("Conv3d", inChannels, outChannels, plane.groups());
    this.outChannels = outChannels;
    this.options = options;
    parameters =
        ConvolutionParameters.of(
            members,
            inChannels,
            plane.bias() ? outChannels : 0,
            plane.dtype(),
            random,
            outChannels,
            inChannels / plane.groups(),
            options.depth().kernelWidth(),
            plane.kernelHeight(),
            plane.kernelWidth());
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, in, D, H, W)
   * @return (N, out, D', H', W')
   * @throws ShapeException if rank or channels do not fit, or the window is larger than the input
   * @throws IllegalArgumentException if the input is not of the type of the weight
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    parameters.check(input, 5, "(N, C, D, H, W)");
    int planes = outputPlanes(input);
    ConvolutionGeometry geometry = geometry(input, planes);
    int n = input.axis(0);
    int height = input.axis(3);
    int width = input.axis(4);
    Tensor kernel = parameters.weight().in(pass);
    Parameter bias = parameters.bias();
    Tensor stacked =
        Rows.gather(
            pass.reshape(input, (long) n * input.axis(1) * input.axis(2), height, width),
            planesSeen(input, planes),
            pass);
    Tensor y =
        Convolutions.conv2d(
            pass.reshape(stacked, geometry.batch(), geometry.inChannels(), height, width),
            pass.reshape(
                kernel,
                outChannels,
                (long) kernel.axis(1) * kernel.axis(2),
                kernel.axis(3),
                kernel.axis(4)),
            bias == null ? null : bias.in(pass),
            geometry,
            pass);
    Tensor split = pass.reshape(y, n, planes, outChannels, y.axis(2), y.axis(3));
    return pass.permute(split, 0, 2, 1, 3, 4);
  }

  private int outputPlanes(Tensor input) {
    Conv2dOptions line = options.depth();
    try {
      return ConvolutionGeometry.windowsAlong(
          "depth",
          input.axis(2),
          line.kernelWidth(),
          line.strideW(),
          line.paddingW(),
          line.dilationW());
    } catch (IllegalArgumentException e) {
      throw parameters.refusal(input, e);
    }
  }

  /** Of pictures (N D', C Kd, H, W). */
  private ConvolutionGeometry geometry(Tensor input, int planes) {
    Conv2dOptions plane = options.plane();
    try {
      // what no int holds is too much for an array as well
      return new ConvolutionGeometry(
          Math.clamp((long) input.axis(0) * planes, 0, Integer.MAX_VALUE),
          Math.clamp((long) input.axis(1) * options.depth().kernelWidth(), 0, Integer.MAX_VALUE),
          input.axis(3),
          input.axis(4),
          outChannels,
          plane.kernelHeight(),
          plane.kernelWidth(),
          plane.strideH(),
          plane.strideW(),
          plane.paddingH(),
          plane.paddingW(),
          plane.dilationH(),
          plane.dilationW(),
          plane.groups());
    } catch (IllegalArgumentException e) {
      throw parameters.refusal(input, e);
    }
  }

  /** Which plane of the input stands at each place (n, d', c, k); {@code ZEROS} for padding. */
  private int[] planesSeen(Tensor input, int planes) {
    Conv2dOptions line = options.depth();
    int channels = input.axis(1);
    int depth = input.axis(2);
    int[] seen = new int[input.axis(0) * planes * channels * line.kernelWidth()];
    int place = 0;
    for (int n = 0; n < input.axis(0); n++) {
      for (int d = 0; d < planes; d++) {
        for (int c = 0; c < channels; c++) {
          for (int k = 0; k < line.kernelWidth(); k++) {
            int at = d * line.strideW() - line.paddingW() + k * line.dilationW();
            seen[place++] = at < 0 || at >= depth ? ZEROS : (n * channels + c) * depth + at;
          }
        }
      }
    }
    return seen;
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
  public Conv3dOptions options() {
    return options;
  }

  /** The kernel (out, in / groups, Kd, Kh, Kw). */
  public Parameter weight() {
    return parameters.weight();
  }

  /** The constant (out). */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(parameters.bias());
  }
}
