package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Group normalisation: the channels of each sample in equal groups of neighbours, {@code y = (x -
 * mean) / sqrt(var + eps) * weight + bias} with mean and <em>biased</em> variance of the group, the
 * same in training and inference. eps is inside the root. A constant group gives exactly its bias.
 *
 * <p>State: {@code weight}, {@code bias} (C), or (groups) by {@link
 * GroupNormOptions#withAffinePerGroup}. Source: Wu and He 2018.
 *
 * <p>Safe for use by many threads as long as none trains.
 */
public final class GroupNorm implements Module {
  private final Members members = new Members("GroupNorm");
  private final int numGroups;
  private final int numChannels;
  private final GroupNormOptions options;
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;

  /** A layer with PyTorch's defaults. */
  public GroupNorm(int numGroups, int numChannels) {
    this(numGroups, numChannels, GroupNormOptions.defaults());
  }

  /**
   * A layer.
   *
   * @param numGroups number of groups, a divisor of the channels
   * @param numChannels C
   * @throws IllegalArgumentException if the groups do not divide the channels
   */
  public GroupNorm(int numGroups, int numChannels, GroupNormOptions options) {
    if (numChannels < 1 || numGroups < 1 || numChannels % numGroups != 0) {
      throw new IllegalArgumentException(
          "GroupNorm: num_channels ("
              + numChannels
              + ") must be divisible by num_groups ("
              + numGroups
              + "), both at least 1");
    }
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.options = options;
    int values = options.affinePerGroup() ? numGroups : numChannels;
    DType dtype = options.dtype();
    weight = options.affine() ? members.parameter("weight", Tensor.full(1, dtype, values)) : null;
    bias = options.affine() ? members.parameter("bias", Tensor.zeros(dtype, values)) : null;
  }

  /**
   * Normalises each group of each sample.
   *
   * @param input (N, C, ...), any floating type and layout
   * @return same shape, type and layout
   * @throws ShapeException if the rank is below 2, the number of channels does not fit, or one
   *     sample has one value per group
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() < 2 || input.axis(1) != numChannels) {
      throw new ShapeException(
          members
              + " was built for "
              + numChannels
              + (numChannels == 1 ? " channel" : " channels")
              + " at axis 1 of (N, C, ...), got input shape "
              + input.shape());
    }
    return SampleNorms.groupNormOfAnyAffine(
        members.toString(),
        input,
        numGroups,
        weight == null ? null : weight.in(pass),
        bias == null ? null : bias.in(pass),
        options.eps(),
        pass);
  }

  @Override
  public Members members() {
    return members;
  }

  /** Number of groups. */
  public int numGroups() {
    return numGroups;
  }

  /** Number of channels. */
  public int numChannels() {
    return numChannels;
  }

  /** How this layer behaves. */
  public GroupNormOptions options() {
    return options;
  }

  /** Factor of each channel or group. */
  public Optional<Parameter> weight() {
    return Optional.ofNullable(weight);
  }

  /** Constant of each channel or group. */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(numGroups + ", " + numChannels + ", " + options);
  }
}
