package org.batchnorm4j.autograd;

import java.util.Arrays;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Normalisation over groups of adjacent values: the one computation behind group, instance, layer
 * and root-mean-square norm. A tensor (N, C, ...) is cut into N times G groups of C / G channels
 * with all their positions, or (..., normalized shape) into one group per leading index. Each group
 * gives {@code (x - mean) / sqrt(var + eps)} with the <em>biased</em> variance, or {@code x /
 * sqrt(mean(x^2) + eps)}, and then {@code * weight + bias}; eps is inside the root.
 *
 * <p>With {@code L} values per group, {@code inv} the inverse root, {@code xhat} the result before
 * weight and bias and {@code h = g weight}, the gradient is {@code dx = inv (h - mean(h) - xhat
 * mean(h xhat))}, without {@code mean(h)} where no mean was taken away (Ba, Kiros and Hinton 2016;
 * Wu and He 2018; Ulyanov, Vedaldi and Lempitsky 2016; Zhang and Sennrich 2019). Gradients can be
 * differentiated again.
 *
 * <p>Statistics are those of batch norm over another grouping: sums in float64 and in an order that
 * follows from the shape alone, so results have equal bits for any number of threads and any
 * kernels. A constant group gives exactly its bias, NaN stays in its group. float16 and bfloat16
 * are widened to float32 and the result is rounded once; channels last is computed on a
 * channels-first copy and comes back channels last.
 *
 * <p>Belongs to one pass and one thread, as the pass does.
 */
public final class GroupedNormalization {
  private final String name;
  private final Tensor input;
  private final Axes axes;
  private final GroupStandardisation groups;
  private final Pass pass;

  /** What a value of weight and bias belongs to. */
  private enum Axes {
    CHANNELS,
    LAST
  }

  private GroupedNormalization(
      String name, Tensor input, Axes axes, GroupStandardisation groups, Pass pass) {
    this.name = name;
    this.input = input;
    this.axes = axes;
    this.groups = groups;
    this.pass = pass;
  }

  /**
   * Groups of channels; takes the moments of each.
   *
   * @param name what errors call the operation: {@code group_norm}
   * @param input (N, C, ...) of any floating type and layout
   * @param groups G, a divisor of C: 1 for a group per sample, C for one per channel and sample
   * @throws ShapeException if the rank is below 2 or the groups do not divide the channels
   */
  public static GroupedNormalization ofChannels(String name, Tensor input, int groups, Pass pass) {
    if (input.rank() < 2) {
      throw new ShapeException(
          name + " expected at least 2D input (N, C), got shape " + input.shape());
    }
    int channels = input.axis(1);
    if (groups < 1 || channels % groups != 0) {
      throw new ShapeException(
          name
              + ": expected a number of channels that num_groups "
              + groups
              + " divides, but axis 1 of the input shape "
              + input.shape()
              + " has "
              + channels);
    }
    int length = (int) input.shape().span(2, input.rank());
    Tensor x = wide(name, input, pass);
    Tensor view = pass.reshape(x, input.axis(0), channels, length);
    return new GroupedNormalization(
        name, input, Axes.CHANNELS, GroupStandardisation.of(view, groups, pass), pass);
  }

  /**
   * One group per leading index; takes the moments of each.
   *
   * @param name what errors call the operation: {@code layer_norm}
   * @param input (..., normalized shape) of any floating type and layout
   * @param axes how many axes from the end make a group, at least 1
   * @throws ShapeException if the input has fewer axes
   */
  public static GroupedNormalization ofLastAxes(String name, Tensor input, int axes, Pass pass) {
    int kept = input.rank() - axes;
    if (axes < 1 || kept < 0) {
      throw new ShapeException(
          name + " over the last " + axes + " axes does not fit the input shape " + input.shape());
    }
    int length = (int) input.shape().span(kept, input.rank());
    Tensor x = wide(name, input, pass);
    Tensor view = pass.reshape(x, input.shape().span(0, kept), 1, length);
    return new GroupedNormalization(
        name, input, Axes.LAST, GroupStandardisation.of(view, 1, pass), pass);
  }

  /** Count, mean and M2 of each group, sample by sample. */
  public BatchMoments moments() {
    return groups.moments();
  }

  /**
   * {@code (x - mean) / sqrt(var + eps) * weight + bias}.
   *
   * @param weight null for 1; after {@link #ofChannels} one value per channel (C) or per group (G),
   *     after {@link #ofLastAxes} a value per element of the normalized shape
   * @param bias null for 0; sizes as those of the weight
   * @return shape, type and layout of the input
   * @throws ShapeException if weight or bias do not fit
   * @throws IllegalArgumentException if weight or bias have another type than the input; next to
   *     half types they may also be float32
   */
  public Tensor standardised(@Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    return normalised(true, weight, bias, eps);
  }

  /**
   * {@code x / sqrt(mean(x^2) + eps) * weight + bias}; otherwise as {@link #standardised}.
   *
   * @throws ShapeException if weight or bias do not fit
   */
  public Tensor scaledByRootMeanSquare(@Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    return normalised(false, weight, bias, eps);
  }

  private Tensor normalised(
      boolean centred, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    Tensor gamma = parameter("weight", weight);
    Tensor beta = parameter("bias", bias);
    if (gamma != null && beta != null && !gamma.shape().equals(beta.shape())) {
      throw new ShapeException(
          name + ": weight " + gamma.shape() + " and bias " + beta.shape() + " differ in shape");
    }
    if (axes == Axes.CHANNELS) {
      checkVector("weight", gamma);
      checkVector("bias", beta);
      return restored(groups.apply(name, centred, gamma, beta, eps));
    }
    checkElements("weight", gamma);
    checkElements("bias", beta);
    Tensor y = groups.apply(name, centred, null, null, eps);
    Tensor shaped = pass.reshape(y, input.shape().toArray());
    shaped = gamma == null ? shaped : pass.mul(shaped, gamma);
    return restored(beta == null ? shaped : pass.add(shaped, beta));
  }

  private void checkVector(String what, @Nullable Tensor parameter) {
    if (parameter != null && !groups.fits(parameter)) {
      throw new ShapeException(
          name
              + ": expected "
              + what
              + " to be a vector of size equal to the number of channels of the input shape "
              + input.shape()
              + ", got shape "
              + parameter.shape());
    }
  }

  private void checkElements(String what, @Nullable Tensor parameter) {
    if (parameter == null) {
      return;
    }
    int kept = input.rank() - parameter.rank();
    long[] last = input.shape().toArray();
    last = Arrays.copyOfRange(last, Math.max(0, kept), last.length);
    if (kept < 0
        || !parameter.shape().equals(Shape.of(last))
        || parameter.size() != groups.moments().count()) {
      throw new ShapeException(
          name
              + ": expected "
              + what
              + " to have the normalized shape at the end of the input shape "
              + input.shape()
              + ", got shape "
              + parameter.shape());
    }
  }

  private @Nullable Tensor parameter(String what, @Nullable Tensor parameter) {
    if (parameter == null) {
      return null;
    }
    Tensor wide = wide(name + " " + what, parameter, pass);
    DType computed = groups.dtype();
    if (wide.dtype() != computed) {
      throw new IllegalArgumentException(
          name
              + ": "
              + what
              + " is "
              + parameter.dtype()
              + ", but the input is "
              + input.dtype()
              + "; convert one of them with to(DType)");
    }
    return wide;
  }

  private static Tensor wide(String what, Tensor x, Pass pass) {
    if (!x.dtype().isFloating()) {
      throw new IllegalArgumentException(
          what
              + " needs floating-point values, got "
              + x.dtype()
              + " of shape "
              + x.shape()
              + "; convert it with to(DType.FLOAT32)");
    }
    return x.dtype().computes() ? x : pass.to(x, DType.FLOAT32);
  }

  private Tensor restored(Tensor y) {
    Tensor shaped = pass.reshape(y, input.shape().toArray());
    return pass.to(inLayout(shaped, input.layout()), input.dtype());
  }

  private Tensor inLayout(Tensor y, Layout layout) {
    if (y.layout() == layout) {
      return y;
    }
    Shape shape = y.shape();
    Tensor copy = pass.backend().memory().allocate(y.dtype(), shape, layout);
    copy.copyFrom(y);
    return pass.record("layout", copy, new Edge(y, (g, p) -> g)); // layouts are not part of values
  }
}
