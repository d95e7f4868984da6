package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation of (N, C) inside a recurrence: one gamma and beta for all time steps, running
 * statistics for each, because the first steps of a sequence are distributed unlike the later ones.
 * Steps beyond the last share its statistics. Otherwise as {@link BatchNorm1d}: in training the
 * batch's mean and <em>biased</em> variance normalise, the <em>unbiased</em> variance is stored,
 * and momentum is the weight of the new batch.
 *
 * <p>State: {@code weight} (C), {@code bias} (C) if there is one, {@code running_mean} and {@code
 * running_var} (steps, C). Source: Cooijmans, Ballas, Laurent, Gülçehre and Courville 2016,
 * "Recurrent Batch Normalization", section 3.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class StepBatchNorm implements Module {
  private final Members members = new Members("StepBatchNorm");
  private final int numFeatures;
  private final double eps;
  private final double momentum;
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final Tensor[] means; // one view per step, so that each is the same object every time
  private final Tensor[] variances;

  StepBatchNorm(
      int numFeatures,
      int steps,
      boolean shifts,
      double gamma,
      double eps,
      double momentum,
      DType dtype) {
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    weight = members.parameter("weight", Tensor.full(gamma, dtype, numFeatures));
    bias = shifts ? members.parameter("bias", Tensor.zeros(dtype, numFeatures)) : null;
    means = rows(members.buffer("running_mean", Tensor.zeros(dtype, steps, numFeatures)));
    variances = rows(members.buffer("running_var", Tensor.full(1, dtype, steps, numFeatures)));
  }

  private static Tensor[] rows(Tensor table) {
    Tensor[] rows = new Tensor[table.axis(0)];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = table.range(i, i + 1).reshape(table.axis(1));
    }
    return rows;
  }

  /** Normalises as the first step does. */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return forward(input, 0, pass);
  }

  /**
   * Normalises each channel.
   *
   * @param input (N, C)
   * @param step number of the time step, from 0 on
   * @throws ShapeException if the shape does not fit, or in training for a batch of one
   * @throws IllegalArgumentException if the step is negative
   */
  public Tensor forward(Tensor input, int step, Pass pass) {
    if (step < 0) {
      throw new IllegalArgumentException(members + ": steps count from 0, got " + step);
    }
    if (input.rank() != 2 || input.axis(1) != numFeatures) {
      throw new ShapeException(
          members
              + " was built for (N, "
              + numFeatures
              + "), but the input has shape "
              + input.shape());
    }
    int row = Math.min(step, means.length - 1);
    return Functional.batchNorm(
        input,
        means[row],
        variances[row],
        weight.in(pass),
        bias == null ? null : bias.in(pass),
        pass.isTraining(),
        momentum,
        eps,
        pass);
  }

  /** How many steps have statistics of their own. */
  public int steps() {
    return means.length;
  }

  /** Gamma (C). */
  public Parameter weight() {
    return weight;
  }

  /** Beta (C). */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }

  @Override
  public Members members() {
    return members;
  }

  /** Channels and steps. */
  @Override
  public String toString() {
    return members.describe(numFeatures + ", steps=" + means.length);
  }
}
