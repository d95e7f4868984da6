package org.batchnorm4j.model;

import org.batchnorm4j.autograd.GroupedNormalization;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.Tensor;

/**
 * Root-mean-square norm of a picture (N, C, H, W): {@code x / sqrt(mean(x^2) + eps) * weight} with
 * the mean over all channels and positions of a sample and a weight per channel; eps 1e-5. It is
 * the group norm of one group without its mean and bias, and fits any size of picture.
 *
 * <p>Safe for use by several threads as long as none trains.
 */
final class PictureRMSNorm implements Module {
  private static final double EPS = 1e-5;

  private final Members members = new Members("PictureRMSNorm");
  private final Parameter weight;

  PictureRMSNorm(int channels) {
    weight = members.parameter("weight", Tensor.ones(channels));
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return GroupedNormalization.ofChannels(members.toString(), input, 1, pass)
        .scaledByRootMeanSquare(weight.in(pass), null, EPS);
  }

  @Override
  public Members members() {
    return members;
  }

  @Override
  public String toString() {
    return members.describe(weight.value().size() + ", eps=1e-05");
  }
}
