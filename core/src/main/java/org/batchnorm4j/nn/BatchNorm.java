package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.BatchNormalization;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation over axis 1, {@code y = (x - mean) / sqrt(var + eps) * weight + bias}, as
 * PyTorch's modules of the same names compute it.
 *
 * <ul>
 *   <li>Training: mean and <em>biased</em> variance of the batch normalise; the running averages
 *       move by {@code (1 - momentum) * running + momentum * batch} with the <em>unbiased</em>
 *       variance. Momentum is the weight of the new batch. Gradients flow through the batch
 *       statistics.
 *   <li>Inference: the running statistics normalise, or those of the batch if none are tracked.
 *   <li>eps is inside the root. A constant channel gives exactly its bias.
 *   <li>A batch without values changes no running average; it counts in {@code
 *       num_batches_tracked}.
 * </ul>
 *
 * <p>State: {@code weight}, {@code bias} (C), {@code running_mean}, {@code running_var} (C), {@code
 * num_batches_tracked} (int64). Source: Ioffe and Szegedy 2015, algorithms 1 and 2.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public abstract sealed class BatchNorm implements Module
    permits BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormNd {
  private final Members members;
  private final int leastRank;
  private final int mostRank;
  private final int numFeatures;
  private final BatchNormOptions options;
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;
  private final @Nullable Tensor runningMean;
  private final @Nullable Tensor runningVar;
  private final @Nullable Tensor numBatchesTracked;

  BatchNorm(String kind, int leastRank, int mostRank, int numFeatures, BatchNormOptions options) {
    if (numFeatures < 1) {
      throw new IllegalArgumentException(kind + " needs at least 1 channel, got " + numFeatures);
    }
    this.members = new Members(kind);
    this.leastRank = leastRank;
    this.mostRank = mostRank;
    this.numFeatures = numFeatures;
    this.options = options;
    boolean affine = options.affine();
    boolean tracks = options.trackRunningStats();
    weight = affine ? members.parameter("weight", Tensor.ones(numFeatures)) : null;
    bias = affine && options.bias() ? members.parameter("bias", Tensor.zeros(numFeatures)) : null;
    runningMean = tracks ? members.buffer("running_mean", Tensor.zeros(numFeatures)) : null;
    runningVar = tracks ? members.buffer("running_var", Tensor.ones(numFeatures)) : null;
    numBatchesTracked = tracks ? members.buffer("num_batches_tracked", Tensor.scalar(0L)) : null;
  }

  @Override
  public final Members members() {
    return members;
  }

  /**
   * Normalises each channel.
   *
   * @param input float32 or float64, (N, C) or (N, C, ...) as the layer's name says, any layout
   * @return same shape, type and layout
   * @throws ShapeException if the rank or the number of channels does not fit, or if in training
   *     there is only one value per channel
   */
  @Override
  public final Tensor forward(Tensor input, Pass pass) {
    checkInput(input);
    Tensor gamma = weight == null ? null : weight.in(pass);
    Tensor beta = bias == null ? null : bias.in(pass);
    Tensor mean = runningMean;
    Tensor variance = runningVar;
    if (!pass.isTraining() && mean != null && variance != null) {
      return BatchNormalization.withGivenStatistics(
          input, mean, variance, gamma, beta, options.eps(), false, pass);
    }
    Functional.checkTraining(members.toString(), input, options.eps());
    BatchMoments moments = pass.backend().channelMoments(input);
    Tensor output =
        BatchNormalization.withBatchStatistics(
            input, moments, gamma, beta, options.eps(), false, pass);
    if (pass.isTraining() && mean != null && variance != null && numBatchesTracked != null) {
      long batches = numBatchesTracked.itemAsLong() + 1;
      numBatchesTracked.copyFrom(Tensor.scalar(batches));
      double newWeight = options.averaging().newWeight(batches);
      RunningStatistics.update(mean, variance, moments, options.runningVariance(), newWeight);
    }
    return output;
  }

  private void checkInput(Tensor input) {
    int rank = input.rank();
    if (rank < leastRank || rank > mostRank) {
      String expected =
          mostRank == Integer.MAX_VALUE
              ? "at least " + leastRank + "D"
              : leastRank == mostRank ? leastRank + "D" : leastRank + "D or " + mostRank + "D";
      throw new ShapeException(
          members
              + " expected "
              + expected
              + " input (got "
              + rank
              + "D input of shape "
              + input.shape()
              + ")");
    }
    if (input.axis(1) != numFeatures) {
      throw new ShapeException(
          members
              + " was built for "
              + numFeatures
              + (numFeatures == 1 ? " channel" : " channels")
              + ", but axis 1 of the input shape "
              + input.shape()
              + " has "
              + input.axis(1));
    }
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
  public final BatchNormOptions options() {
    return options;
  }

  /** Gamma (C). */
  public final java.util.Optional<Parameter> weight() {
    return java.util.Optional.ofNullable(weight);
  }

  /** Beta (C). */
  public final java.util.Optional<Parameter> bias() {
    return java.util.Optional.ofNullable(bias);
  }

  /** Running mean (C), the layer's own tensor. */
  public final java.util.Optional<Tensor> runningMean() {
    return java.util.Optional.ofNullable(runningMean);
  }

  /** Running variance (C), the layer's own tensor. */
  public final java.util.Optional<Tensor> runningVar() {
    return java.util.Optional.ofNullable(runningVar);
  }

  /** Number of training batches seen; 0 if none are counted. */
  public final long numBatchesTracked() {
    return numBatchesTracked == null ? 0 : numBatchesTracked.itemAsLong();
  }

  /** As PyTorch prints it. */
  @Override
  public final String toString() {
    return members.kind() + "(" + numFeatures + ", " + options + ")";
  }
}
