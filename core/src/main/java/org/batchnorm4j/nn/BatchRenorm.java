package org.batchnorm4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.BatchNormalization;
import org.batchnorm4j.autograd.BatchStatistics;
import org.batchnorm4j.autograd.Epilogue;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Batch renormalisation over axis 1: batch norm whose training output is that of inference as far
 * as limits allow, so that small batches and batches unlike the whole do less harm.
 *
 * <p>With mean m and deviation {@code s = sqrt(var + eps)} of the batch (<em>biased</em> variance)
 * and the running M and {@code S = sqrt(running_var + eps)}: {@code y = ((x - m) / s r + d) weight
 * + bias} with {@code r = clip(s / S, 1 / rMax, rMax)} and {@code d = clip((m - M) / S, -dMax,
 * dMax)}. Gradients flow through m and s, and take r and d for constants. r and d come from the
 * running statistics before the batch moves them; the batch weighs 0.01.
 *
 * <p>Inference gives {@code (x - M) / S weight + bias}. Unlike in the paper it is the <em>biased
 * variance</em> that is averaged, not the deviation, so that the state goes into a {@link
 * BatchNorm} as it is.
 *
 * <p>The batch is what the pass makes of it ({@link Pass#withStatistics}): of all replicas or
 * micro-batches, or one ghost batch after the other, each corrected by the statistics that the one
 * before has moved. Ranks that share a layer use it once in a pass, as its running statistics are
 * read there.
 *
 * <p>State: {@code weight}, {@code bias}, {@code running_mean}, {@code running_var} (C), {@code
 * num_batches_tracked} (int64), which also says how far the limits have grown. Source: Ioffe 2017,
 * "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models",
 * algorithm 1.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class BatchRenorm implements Module {
  private static final double EPS = 1e-5;
  private static final double MOMENTUM = 0.01;

  private final Members members = new Members("BatchRenorm");
  private final int numFeatures;
  private final BatchRenormLimits limits;
  private final Parameter weight;
  private final Parameter bias;
  private final Tensor runningMean;
  private final Tensor runningVar;
  private final Tensor numBatchesTracked;

  /** A float32 layer with the paper's limits. */
  public BatchRenorm(int numFeatures) {
    this(numFeatures, BatchRenormLimits.paper(), DType.FLOAT32);
  }

  /**
   * A layer with limits of its own.
   *
   * @param numFeatures channels of the input
   * @param limits of r and d
   * @param dtype type of the state and of the input, float32 or float64
   * @throws IllegalArgumentException if there are no channels, or the type cannot be trained
   */
  public BatchRenorm(int numFeatures, BatchRenormLimits limits, DType dtype) {
    if (numFeatures < 1) {
      throw new IllegalArgumentException(
          "BatchRenorm needs at least 1 channel, got " + numFeatures);
    }
    Members.checkParameterType("BatchRenorm", dtype);
    this.numFeatures = numFeatures;
    this.limits = limits;
    weight = members.parameter("weight", Tensor.full(1, dtype, numFeatures));
    bias = members.parameter("bias", Tensor.zeros(dtype, numFeatures));
    runningMean = members.buffer("running_mean", Tensor.zeros(dtype, numFeatures));
    runningVar = members.buffer("running_var", Tensor.full(1, dtype, numFeatures));
    numBatchesTracked = members.buffer("num_batches_tracked", Tensor.scalar(0L));
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, C, ...), any layout
   * @return same shape, type and layout
   * @throws ShapeException if rank or channels do not fit, or there is one value per channel in
   *     training
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
      return BatchNormalization.withGivenStatistics(
          input,
          runningMean,
          runningVar,
          weight.in(pass),
          bias.in(pass),
          EPS,
          Epilogue.none(),
          pass);
    }
    Usual usual = usual(); // before anyone can have moved it
    String layer = members.toString();
    BatchStatistics statistics = BatchStatistics.of(layer, input, input.axis(0), pass);
    Functional.checkBatch(layer, input, statistics, EPS, BatchOfOne.REFUSE);
    if (statistics.parts() == 1) {
      return train(input, statistics, usual, pass);
    }
    List<Tensor> results = new ArrayList<>();
    for (int i = 0; i < statistics.parts(); i++) {
      results.add(train(statistics.range(input, i, pass), statistics.part(i), usual(), pass));
    }
    return pass.concatenate(results);
  }

  private Tensor train(Tensor input, BatchStatistics statistics, Usual usual, Pass pass) {
    BatchMoments moments = statistics.moments(0);
    double[] r = new double[numFeatures];
    double[] d = new double[numFeatures];
    correct(moments, usual, r, d);
    Tensor gamma = weight.in(pass);
    Tensor scale = Tensor.of(r, numFeatures).to(input.dtype());
    Tensor shift = Tensor.of(d, numFeatures).to(input.dtype());
    Tensor y =
        BatchNormalization.withBatchStatistics(
            input,
            statistics,
            pass.mul(gamma, scale),
            pass.add(pass.mul(gamma, shift), bias.in(pass)),
            EPS,
            Epilogue.none(),
            pass);
    statistics.update(this, () -> move(moments));
    return y;
  }

  /** The running statistics at some time. */
  @SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
  private record Usual(double[] means, double[] variances, long batches) {}

  private Usual usual() {
    return new Usual(
        runningMean.toDoubles(), runningVar.toDoubles(), numBatchesTracked.itemAsLong());
  }

  private void correct(BatchMoments moments, Usual usual, double[] r, double[] d) {
    double most = limits.r(usual.batches());
    double farthest = limits.d(usual.batches());
    for (int c = 0; c < numFeatures; c++) {
      double deviation = Math.sqrt(usual.variances()[c] + EPS);
      double own = Math.sqrt(moments.variance(c, VarianceEstimator.BIASED) + EPS);
      r[c] = Math.clamp(own / deviation, 1 / most, most);
      d[c] = Math.clamp((moments.mean(c) - usual.means()[c]) / deviation, -farthest, farthest);
    }
  }

  private void move(BatchMoments moments) {
    numBatchesTracked.copyFrom(Tensor.scalar(numBatchesTracked.itemAsLong() + 1));
    RunningStatistics.report(
        members.toString(),
        RunningStatistics.update(
            runningMean, runningVar, moments, VarianceEstimator.BIASED, MOMENTUM));
  }

  /** Channels and limits. */
  @Override
  public String toString() {
    return members.describe(numFeatures + ", r_max=" + limits.rMax() + ", d_max=" + limits.dMax());
  }

  @Override
  public Members members() {
    return members;
  }

  /** The limits of r and d. */
  public BatchRenormLimits limits() {
    return limits;
  }
}
