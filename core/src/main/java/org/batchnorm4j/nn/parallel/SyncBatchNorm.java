package org.batchnorm4j.nn.parallel;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormNd;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Batch norm over the shards of all ranks of a {@link Collective}, as PyTorch's {@code
 * SyncBatchNorm}: mean, <em>biased</em> variance and count of each rank are merged, by them every
 * rank normalises its shard, and the two sums of the backward pass are added up.
 *
 * <ul>
 *   <li>Outputs, input gradients and running statistics are those of the whole batch. The running
 *       variance is unbiased by the number of values of all ranks. Momentum is the weight of the
 *       <em>new</em> batch.
 *   <li>Gradients of gamma and beta are those of the shard, to be added up with those of the other
 *       ranks; the loss of a shard is weighted by {@link Shard#part}.
 *   <li>A shard may be empty or have one value per channel. One value per channel over all ranks is
 *       refused on all ranks, unless the options accept it.
 *   <li>Inference, and one rank alone, are plain batch norm without any exchange.
 *   <li>Where ranks share the running statistics, one of them moves them; where each has its own,
 *       all do, to the same values. A layer whose normalisation is frozen while its statistics move
 *       may be used once in a pass by ranks that share it.
 *   <li>Gradients of inputs can be differentiated again, through everyone's values: each sum in
 *       them is a meeting. The gradient of a parameter is the rank's own there too, so what is made
 *       of it must be linear in it if the ranks' results are to add up to that of the whole batch.
 * </ul>
 *
 * <p>{@link #over} is the reducer behind it: in a pass that carries it every batch norm of a model
 * does all this, fused forms and functions included. {@link #convertSyncBatchNorm} puts it into a
 * model, and this class is a layer of its own.
 *
 * <p>Used by the thread of its rank, as its collective.
 */
public final class SyncBatchNorm implements Module {
  private final BatchNorm norm;
  private final Collective collective;

  private SyncBatchNorm(BatchNorm norm, Collective collective) {
    this.norm = norm;
    this.collective = collective;
  }

  /**
   * A new layer for inputs (N, C) or (N, C, ...).
   *
   * @throws IllegalArgumentException if there are no channels
   */
  public static SyncBatchNorm of(int numFeatures, BatchNormOptions options, Collective collective) {
    if (numFeatures < 1) {
      throw new IllegalArgumentException(
          "SyncBatchNorm needs at least 1 channel, got " + numFeatures);
    }
    return of(new BatchNormNd(numFeatures, options), collective);
  }

  /** A layer that shares parameters, running statistics and path with another one. */
  public static SyncBatchNorm of(BatchNorm norm, Collective collective) {
    return new SyncBatchNorm(norm, collective);
  }

  /** What a pass carries so that all its batch norms take the statistics of all ranks. */
  public static StatisticsReducer over(Collective collective) {
    return new SyncStatistics(collective);
  }

  /**
   * The same model, in which every batch norm takes the statistics of all ranks. Parameters,
   * buffers, names and paths are those of the model, which itself stays as it is; other norms are
   * untouched.
   */
  public static Module convertSyncBatchNorm(Module model, Collective collective) {
    return model instanceof BatchNorm norm
        ? of(norm, collective)
        : new SyncModel(model, over(collective));
  }

  /**
   * Normalises the shard of this rank.
   *
   * @param input as the layer's kind says, N being 0 or more
   * @throws ShapeException if the rank or the number of channels does not fit, or if in training
   *     there is only one value per channel on all ranks
   * @throws CollectiveException if another rank does not take part
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() < 2) {
      throw new ShapeException(
          describe()
              + " expected at least 2D input (got "
              + input.rank()
              + "D input of shape "
              + input.shape()
              + ")");
    }
    if (input.axis(norm.options().axis()) == 0) {
      throw new ShapeException(
          describe()
              + ": the number of input channels should be non-zero, got input shape "
              + input.shape());
    }
    return norm.forward(input, pass.withStatistics(over(collective)));
  }

  private String describe() {
    String path = path();
    return path.isEmpty() ? "SyncBatchNorm" : "SyncBatchNorm \"" + path + "\"";
  }

  /** The layer whose parameters and statistics these are. */
  public BatchNorm norm() {
    return norm;
  }

  @Override
  public Members members() {
    return norm.members();
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return "SyncBatchNorm(" + norm.numFeatures() + ", " + norm.options() + ")";
  }

  /** A model that runs with the statistics of all ranks. */
  private record SyncModel(Module model, StatisticsReducer statistics) implements Module {
    @Override
    public Tensor forward(Tensor input, Pass pass) {
      return model.forward(input, pass.withStatistics(statistics));
    }

    @Override
    public Members members() {
      return model.members();
    }

    @Override
    public String toString() {
      return model.toString();
    }
  }
}
