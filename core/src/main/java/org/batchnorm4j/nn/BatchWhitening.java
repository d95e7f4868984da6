package org.batchnorm4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Whitening;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Decorrelated batch normalisation over axis 1: the channels of each group get mean 0 and a
 * covariance next to the identity, {@code y = (covariance + eps I)^-1/2 (x - mean) weight + bias}
 * with the symmetric root; see {@link Whitening}. Groups of 1 channel are batch norm.
 *
 * <ul>
 *   <li>Training: mean and covariance of the batch, divided by the number of values; gradients flow
 *       through both. The running averages move by {@code 0.9 running + 0.1 batch}.
 *   <li>Inference: the running mean, and the root of the running covariance. It is the covariance
 *       that is averaged, as batch norm averages variances.
 *   <li>The batch is what the pass makes of it ({@link Pass#withStatistics}): of all replicas or
 *       micro-batches, which meet for the means and again for the covariances, or one ghost batch
 *       after the other, each of which moves the averages.
 * </ul>
 *
 * <p>State: {@code weight}, {@code bias}, {@code running_mean} (C), {@code running_covariance} (G,
 * d, d). Source: Huang et al. 2018, "Decorrelated Batch Normalization", and 2019, "Iterative
 * Normalization: Beyond Standardization towards Efficient Whitening".
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchWhitening implements Module {
  private static final double MOMENTUM = 0.1;

  private final Members members = new Members("BatchWhitening");
  private final int numFeatures;
  private final int groups;
  private final double eps;
  private final Whitening.Root root;
  private final Parameter weight;
  private final Parameter bias;
  private final Tensor runningMean;
  private final Tensor runningCovariance;

  /**
   * A layer of the given groups.
   *
   * @param numFeatures channels of the input
   * @param groupSize channels that are whitened together, a divisor of their number; the papers
   *     take 16 to 64
   * @param root how the inverse root is found
   * @param eps added to each variance, positive
   * @param dtype type of the state and of the input, float32 or float64
   * @throws IllegalArgumentException if a number is out of range or the type cannot be trained
   */
  public BatchWhitening(
      int numFeatures, int groupSize, Whitening.Root root, double eps, DType dtype) {
    if (numFeatures < 1 || groupSize < 1 || numFeatures % groupSize != 0) {
      throw new IllegalArgumentException(
          "BatchWhitening needs channels that the size of a group divides, got "
              + numFeatures
              + " channels and groups of "
              + groupSize);
    }
    if (!(eps > 0)) {
      throw new IllegalArgumentException("BatchWhitening eps must be positive, got " + eps);
    }
    Members.checkParameterType("BatchWhitening", dtype);
    this.numFeatures = numFeatures;
    this.groups = numFeatures / groupSize;
    this.eps = eps;
    this.root = root;
    weight = members.parameter("weight", Tensor.full(1, dtype, numFeatures));
    bias = members.parameter("bias", Tensor.zeros(dtype, numFeatures));
    runningMean = members.buffer("running_mean", Tensor.zeros(dtype, numFeatures));
    runningCovariance =
        members.buffer("running_covariance", Tensor.zeros(dtype, groups, groupSize, groupSize));
    for (int g = 0; g < groups; g++) {
      double[] identity = new double[groupSize * groupSize];
      for (int i = 0; i < groupSize; i++) {
        identity[i * groupSize + i] = 1;
      }
      runningCovariance.range(g, g + 1).copyFrom(Tensor.of(identity, 1, groupSize, groupSize));
    }
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, C, ...), any layout
   * @return same shape and type, channels first
   * @throws ShapeException if rank or channels do not fit, or there is at most one value per
   *     channel in training
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() < 2 || input.axis(1) != numFeatures) {
      throw new ShapeException(
          members
              + " was built for (N, "
              + numFeatures
              + ", ...), but the input has shape "
              + input.shape());
    }
    members.checkInputType(input, weight);
    if (!pass.isTraining()) {
      Tensor mean = runningMean.to(DType.FLOAT64).reshape(-1, 1);
      Tensor centred = pass.sub(Whitening.rows(input, pass), mean);
      return whitened(input, centred, runningCovariance.to(DType.FLOAT64), pass);
    }
    int[] cuts = pass.statistics().cuts(input.axis(0));
    if (cuts.length == 2) {
      return train(input, pass);
    }
    List<Tensor> results = new ArrayList<>();
    for (int i = 0; i + 1 < cuts.length; i++) {
      results.add(train(pass.range(input, cuts[i], cuts[i + 1]), pass));
    }
    return pass.concatenate(results);
  }

  private Tensor train(Tensor input, Pass pass) {
    Whitening.Statistics statistics =
        Whitening.statistics(members.toString(), Whitening.rows(input, pass), groups, pass);
    if (statistics.count() < 2) {
      throw new ShapeException(
          members
              + ": expected more than 1 value per channel when training, got input shape "
              + input.shape()
              + "; use a larger batch, or run this pass in inference");
    }
    Tensor y = whitened(input, statistics.centred(), statistics.covariance(), pass);
    double[] mean = statistics.mean().toDoubles();
    double[] covariance = statistics.covariance().toDoubles();
    pass.statistics()
        .update(
            this,
            () -> {
              move(runningMean, mean);
              move(runningCovariance, covariance);
            });
    return y;
  }

  private Tensor whitened(Tensor input, Tensor centred, Tensor covariance, Pass pass) {
    Tensor matrix = Whitening.matrix(covariance, eps, root, pass);
    Tensor white = Whitening.apply(centred, matrix, input, pass);
    long[] perChannel = new long[input.rank() - 1];
    Arrays.fill(perChannel, 1);
    perChannel[0] = numFeatures;
    Tensor gamma = pass.reshape(weight.in(pass), perChannel);
    Tensor beta = pass.reshape(bias.in(pass), perChannel);
    return pass.add(pass.mul(white, gamma), beta);
  }

  /** NaN and infinity in the batch leave the average alone. */
  private static void move(Tensor running, double... batch) {
    double[] moved = running.toDoubles();
    for (int i = 0; i < moved.length; i++) {
      if (Double.isFinite(batch[i])) {
        moved[i] = (1 - MOMENTUM) * moved[i] + MOMENTUM * batch[i];
      }
    }
    running.copyFrom(Tensor.of(moved, running.shape().toArray()));
  }

  /** Channels, groups and root. */
  @Override
  public String toString() {
    return members.describe(
        numFeatures
            + ", group_size="
            + numFeatures / groups
            + ", root="
            + root
            + ", eps="
            + PythonText.of(eps));
  }

  @Override
  public Members members() {
    return members;
  }
}
