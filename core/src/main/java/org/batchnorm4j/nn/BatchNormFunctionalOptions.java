package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.function.Consumer;
import org.batchnorm4j.autograd.Epilogue;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Everything that {@link Functional#batchNorm} needs besides the input and the running statistics,
 * as torch.js passes it in one value. Defaults are PyTorch's: no gamma, no beta, inference,
 * momentum 0.1 (weight of the <em>new</em> batch), eps 1e-5, the unbiased variance stored, a batch
 * of one refused, nothing behind.
 *
 * <p>Immutable and safe for use by many threads; each {@code with...} gives a changed copy.
 */
public final class BatchNormFunctionalOptions {
  private static final BatchNormFunctionalOptions DEFAULTS =
      new BatchNormFunctionalOptions(new Draft());

  private final Draft values;

  private BatchNormFunctionalOptions(Draft values) {
    this.values = values;
  }

  private BatchNormFunctionalOptions with(Consumer<Draft> change) {
    Draft copy = new Draft(values);
    change.accept(copy);
    return new BatchNormFunctionalOptions(copy);
  }

  /** The values; written to while a copy is made, never once options hold it. */
  private static final class Draft {
    private @Nullable Tensor weight;
    private @Nullable Tensor bias;
    private boolean training;
    private double momentum = 0.1;
    private double eps = 1e-5;
    private VarianceEstimator runningVariance = VarianceEstimator.UNBIASED;
    private BatchOfOne batchOfOne = BatchOfOne.REFUSE;
    private Epilogue epilogue = Epilogue.none();

    Draft() {}

    Draft(Draft source) {
      weight = source.weight;
      bias = source.bias;
      training = source.training;
      momentum = source.momentum;
      eps = source.eps;
      runningVariance = source.runningVariance;
      batchOfOne = source.batchOfOne;
      epilogue = source.epilogue;
    }
  }

  /** PyTorch's defaults. */
  public static BatchNormFunctionalOptions defaults() {
    return DEFAULTS;
  }

  /** Gamma (C). */
  public BatchNormFunctionalOptions withWeight(Tensor gamma) {
    return with(o -> o.weight = gamma);
  }

  /** Beta (C). */
  public BatchNormFunctionalOptions withBias(Tensor beta) {
    return with(o -> o.bias = beta);
  }

  /** Whether the batch's own statistics normalise, and move the running ones. */
  public BatchNormFunctionalOptions withTraining(boolean value) {
    return with(o -> o.training = value);
  }

  /**
   * Weight of the new batch in the running statistics; any finite number, as in PyTorch.
   *
   * @throws IllegalArgumentException if it is NaN or infinite, which the running statistics would
   *     become
   */
  public BatchNormFunctionalOptions withMomentum(double weightOfNewBatch) {
    RunningStatistics.checkMomentum("batch_norm", weightOfNewBatch);
    return with(o -> o.momentum = weightOfNewBatch);
  }

  /** Added to the variance inside the root; checked when it is used, as training needs more. */
  public BatchNormFunctionalOptions withEps(double value) {
    return with(o -> o.eps = value);
  }

  /** Which variance the running one follows. */
  public BatchNormFunctionalOptions withRunningVariance(VarianceEstimator estimator) {
    return with(o -> o.runningVariance = estimator);
  }

  /** What training does with one value per channel. */
  public BatchNormFunctionalOptions withBatchOfOne(BatchOfOne policy) {
    return with(o -> o.batchOfOne = policy);
  }

  /** What happens to the result, fused: ReLU, or a sum and ReLU. */
  public BatchNormFunctionalOptions withEpilogue(Epilogue value) {
    return with(o -> o.epilogue = value);
  }

  /** Gamma. */
  public Optional<Tensor> weight() {
    return Optional.ofNullable(values.weight);
  }

  /** Beta. */
  public Optional<Tensor> bias() {
    return Optional.ofNullable(values.bias);
  }

  /** Whether the batch's own statistics normalise. */
  public boolean training() {
    return values.training;
  }

  /** Weight of the new batch. */
  public double momentum() {
    return values.momentum;
  }

  /** Added to the variance inside the root. */
  public double eps() {
    return values.eps;
  }

  /** Which variance the running one follows. */
  public VarianceEstimator runningVariance() {
    return values.runningVariance;
  }

  /** What training does with one value per channel. */
  public BatchOfOne batchOfOne() {
    return values.batchOfOne;
  }

  /** What happens to the result. */
  public Epilogue epilogue() {
    return values.epilogue;
  }
}
