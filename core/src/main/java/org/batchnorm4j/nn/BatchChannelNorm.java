package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * Batch-channel normalisation over (N, C, ...): batch norm, and then group norm of its result, each
 * with weight and bias (Qiao, Wang, Liu, Shen and Yuille 2019, section 4). The batch norm keeps
 * channels from dying together, the group norm works sample by sample.
 *
 * <p>For small batches the paper normalises with running estimates, which {@code
 * batchNorm().freeze(BatchNormFreeze.NORMALISATION)} does while they go on moving.
 *
 * <p>State: that of {@code batch_norm} and {@code group_norm}. Inference is safe for use by many
 * threads; training is not.
 */
public final class BatchChannelNorm implements Module {
  private final Members members = new Members("BatchChannelNorm");
  private final BatchNormNd batchNorm;
  private final GroupNorm groupNorm;

  /**
   * A float32 layer.
   *
   * @param numGroups groups of channels, a divisor of their number
   * @param numChannels channels of the input
   * @throws IllegalArgumentException if the groups do not divide the channels
   */
  public BatchChannelNorm(int numGroups, int numChannels) {
    batchNorm = members.child("batch_norm", new BatchNormNd(numChannels));
    groupNorm = members.child("group_norm", new GroupNorm(numGroups, numChannels));
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return groupNorm.forward(batchNorm.forward(input, pass), pass);
  }

  /** Both parts below. */
  @Override
  public String toString() {
    return members.describe("");
  }

  @Override
  public Members members() {
    return members;
  }

  /** The first part, whose statistics can be frozen. */
  public BatchNorm batchNorm() {
    return batchNorm;
  }
}
