package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Instance normalisation: each channel of each sample by its own mean and <em>biased</em> variance,
 * {@code y = (x - mean) / sqrt(var + eps) * weight + bias}, as PyTorch's modules of the same names
 * compute it. eps is inside the root. A constant channel gives exactly its bias. Inputs may lack
 * the batch axis.
 *
 * <p>With running statistics, training moves them by {@code (1 - momentum) * running + momentum *
 * batch}, where batch is the mean over the samples of their means and of their <em>unbiased</em>
 * variances; momentum is the weight of the new batch. Inference then normalises by them. {@code
 * num_batches_tracked} is part of the state and stays what it is, 0 at first: PyTorch keeps the
 * counter and never moves it, and states are the same in both.
 *
 * <p>State: {@code weight}, {@code bias} (C) if affine; {@code running_mean}, {@code running_var}
 * (C), {@code num_batches_tracked} (int64) if tracked. Source: Ulyanov, Vedaldi and Lempitsky 2016.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public abstract sealed class InstanceNorm implements Module
    permits InstanceNorm1d, InstanceNorm2d, InstanceNorm3d {
  private final Members members;
  private final int rank;
  private final int numFeatures;
  private final InstanceNormOptions options;
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;
  private final @Nullable Tensor runningMean;
  private final @Nullable Tensor runningVar;
  private final @Nullable Tensor numBatchesTracked;

  InstanceNorm(String kind, int rank, int numFeatures, InstanceNormOptions options) {
    if (numFeatures < 1) {
      throw new IllegalArgumentException(kind + " needs at least 1 channel, got " + numFeatures);
    }
    this.members = new Members(kind);
    this.rank = rank;
    this.numFeatures = numFeatures;
    this.options = options;
    boolean tracks = options.trackRunningStats();
    DType dtype = options.dtype();
    Tensor zeros = Tensor.zeros(dtype, numFeatures);
    Tensor ones = Tensor.full(1, dtype, numFeatures);
    weight = options.affine() ? members.parameter("weight", ones.detach()) : null;
    bias = options.affine() ? members.parameter("bias", zeros.detach()) : null;
    runningMean = tracks ? members.buffer("running_mean", zeros.detach()) : null;
    runningVar = tracks ? members.buffer("running_var", ones.detach()) : null;
    numBatchesTracked = tracks ? members.buffer("num_batches_tracked", Tensor.scalar(0L)) : null;
  }

  @Override
  public final Members members() {
    return members;
  }

  /**
   * Normalises each channel of each sample.
   *
   * @param input (N, C, ...) of the layer's rank, or (C, ...); any floating type and layout
   * @return same shape, type and layout
   * @throws ShapeException if rank or channels do not fit, or if the input's own statistics
   *     normalise and a channel has one value
   * @throws IllegalStateException if running statistics are to move in a pass whose statistics
   *     replicas or micro-batches share
   */
  @Override
  public final Tensor forward(Tensor input, Pass pass) {
    if (input.rank() != rank && input.rank() != rank - 1) {
      throw new ShapeException(
          members
              + " expected "
              + (rank - 1)
              + "D or "
              + rank
              + "D input (got "
              + input.rank()
              + "D input of shape "
              + input.shape()
              + ")");
    }
    boolean batched = input.rank() == rank;
    int axis = batched ? 1 : 0;
    if (input.axis(axis) != numFeatures) {
      throw new ShapeException(
          members
              + " expected the input's size at axis "
              + axis
              + " to match num_features ("
              + numFeatures
              + "), but got: "
              + input.axis(axis)
              + " in the input shape "
              + input.shape());
    }
    if (batched) {
      return normalised(input, pass);
    }
    long[] sizes = input.shape().toArray();
    long[] withBatch = new long[rank];
    withBatch[0] = 1;
    System.arraycopy(sizes, 0, withBatch, 1, sizes.length);
    return pass.reshape(normalised(pass.reshape(input, withBatch), pass), sizes);
  }

  private Tensor normalised(Tensor input, Pass pass) {
    if (runningMean != null && !pass.statistics().ownValuesOnly()) {
      throw new IllegalStateException(
          members
              + " moves running statistics, which replicas and micro-batches do not share; build it"
              + " without withTrackRunningStats(true)");
    }
    return SampleNorms.instanceNorm(
        members.toString(),
        input,
        runningMean,
        runningVar,
        weight == null ? null : weight.in(pass),
        bias == null ? null : bias.in(pass),
        pass.isTraining() || !options.trackRunningStats(),
        options.momentum(),
        options.eps(),
        pass);
  }

  /** Forgets all batches: running mean 0, running variance 1, counter 0. */
  public final void resetRunningStats() {
    if (runningMean != null && runningVar != null && numBatchesTracked != null) {
      runningMean.fill(0);
      runningVar.fill(1);
      numBatchesTracked.fill(0);
    }
  }

  /** Number of channels. */
  public final int numFeatures() {
    return numFeatures;
  }

  /** How this layer behaves. */
  public final InstanceNormOptions options() {
    return options;
  }

  /** Gamma (C). */
  public final Optional<Parameter> weight() {
    return Optional.ofNullable(weight);
  }

  /** Beta (C). */
  public final Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }

  /** Running mean (C), the layer's own tensor. */
  public final Optional<Tensor> runningMean() {
    return Optional.ofNullable(runningMean);
  }

  /** Running variance (C), the layer's own tensor. */
  public final Optional<Tensor> runningVar() {
    return Optional.ofNullable(runningVar);
  }

  /** As PyTorch prints it. */
  @Override
  public final String toString() {
    return members.describe(numFeatures + ", " + options);
  }
}
