package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * A batch norm that does not know its channels yet: a first input turns it into the layer.
 * PyTorch's {@code LazyBatchNorm1d} to {@code 3d} are layers of two lives, without values at first;
 * here the lazy one is a factory and the layer is whole from the start.
 *
 * <p>The rank is checked before anything is made, so a wrong first input leaves nothing behind.
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @param <L> the layer that it becomes
 */
public final class LazyBatchNorm<L extends BatchNorm> {
  private final RankRange ranks;
  private final BatchNormOptions options;
  private final Constructor<L> constructor;

  private interface Constructor<L> {
    L build(int numFeatures, BatchNormOptions options);
  }

  private LazyBatchNorm(RankRange ranks, BatchNormOptions options, Constructor<L> constructor) {
    this.ranks = ranks.within(options);
    this.options = options;
    this.constructor = constructor;
  }

  /** Becomes a {@link BatchNorm1d}. */
  public static LazyBatchNorm<BatchNorm1d> of1d(BatchNormOptions options) {
    return new LazyBatchNorm<>(BatchNorm1d.RANKS, options, BatchNorm1d::new);
  }

  /** Becomes a {@link BatchNorm2d}. */
  public static LazyBatchNorm<BatchNorm2d> of2d(BatchNormOptions options) {
    return new LazyBatchNorm<>(BatchNorm2d.RANKS, options, BatchNorm2d::new);
  }

  /** Becomes a {@link BatchNorm3d}. */
  public static LazyBatchNorm<BatchNorm3d> of3d(BatchNormOptions options) {
    return new LazyBatchNorm<>(BatchNorm3d.RANKS, options, BatchNorm3d::new);
  }

  /** Becomes a {@link BatchNormNd}. */
  public static LazyBatchNorm<BatchNormNd> ofNd(BatchNormOptions options) {
    return new LazyBatchNorm<>(BatchNormNd.RANKS, options, BatchNormNd::new);
  }

  /**
   * The layer for inputs like this one, which is looked at for its shape alone.
   *
   * @throws ShapeException if the rank does not fit the layer, or there are no channels
   */
  public L forInput(Tensor first) {
    String who = "Lazy" + ranks.kind();
    ranks.checkRank(who, first);
    int channels = first.axis(options.axis());
    if (channels < 1) {
      throw new ShapeException(
          who
              + " takes its channels from the first input, but axis "
              + options.axis()
              + " of the input shape "
              + first.shape()
              + " has none");
    }
    return constructor.build(channels, options);
  }

  /**
   * The layer for what a model gives for an input: appended to a {@link Sequential}, it fits. The
   * model runs once in inference.
   *
   * @throws ShapeException if the rank does not fit the layer, or there are no channels
   */
  public L behind(Module model, Tensor input) {
    return forInput(model.forward(input, Pass.inference()));
  }
}
