package org.batchnorm4j.nn;

import java.util.OptionalInt;
import org.batchnorm4j.tensor.DType;

/**
 * How a {@link RecurrentCell} is built. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. Defaults: with biases, float32, no batch norm.
 */
public final class RecurrentOptions {
  private static final RecurrentOptions DEFAULTS =
      new RecurrentOptions(true, DType.FLOAT32, 0, 0.1, 1e-5, 0.1);

  private final boolean bias;
  private final DType dtype;
  private final int normSteps;
  private final double gamma;
  private final double eps;
  private final double momentum;

  private RecurrentOptions(
      boolean bias, DType dtype, int normSteps, double gamma, double eps, double momentum) {
    this.bias = bias;
    this.dtype = dtype;
    this.normSteps = normSteps;
    this.gamma = gamma;
    this.eps = eps;
    this.momentum = momentum;
  }

  /** PyTorch's defaults. */
  public static RecurrentOptions defaults() {
    return DEFAULTS;
  }

  /** Whether constants are added to both products. */
  public RecurrentOptions withBias(boolean value) {
    return new RecurrentOptions(value, dtype, normSteps, gamma, eps, momentum);
  }

  /**
   * Type of the parameters and of the input.
   *
   * @throws IllegalArgumentException if it is neither float32 nor float64
   */
  public RecurrentOptions withDtype(DType value) {
    Members.checkParameterType("a recurrent cell's", value);
    return new RecurrentOptions(bias, value, normSteps, gamma, eps, momentum);
  }

  /**
   * Batch norm of both products, and of the memory of an {@link LSTMCell} where it goes out.
   * Without biases there is no constant behind the norms.
   *
   * @param maxSteps how many time steps have running statistics of their own; later steps share
   *     those of the last one
   * @throws IllegalArgumentException if it is not positive
   */
  public RecurrentOptions withBatchNorm(int maxSteps) {
    if (maxSteps < 1) {
      throw new IllegalArgumentException(
          "recurrent batch norm needs statistics of at least 1 step, got " + maxSteps);
    }
    return new RecurrentOptions(bias, dtype, maxSteps, gamma, eps, momentum);
  }

  /**
   * First value of every gamma. The default 0.1 keeps tanh and sigmoid where they have a slope;
   * with 1 gradients vanish over many steps (Cooijmans et al. 2016, section 4).
   */
  public RecurrentOptions withGamma(double value) {
    return new RecurrentOptions(bias, dtype, normSteps, value, eps, momentum);
  }

  /**
   * Added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public RecurrentOptions withEps(double value) {
    if (!(value > 0)) {
      throw new IllegalArgumentException("recurrent batch norm eps must be positive, got " + value);
    }
    return new RecurrentOptions(bias, dtype, normSteps, gamma, value, momentum);
  }

  /**
   * Weight of the <em>new</em> batch in the running statistics.
   *
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  public RecurrentOptions withMomentum(double value) {
    RunningStatistics.checkMomentum("recurrent batch norm", value);
    return new RecurrentOptions(bias, dtype, normSteps, gamma, eps, value);
  }

  /** Whether there are biases. */
  public boolean bias() {
    return bias;
  }

  /** Type of the parameters. */
  public DType dtype() {
    return dtype;
  }

  /** How many steps have statistics of their own, if there is batch norm. */
  public OptionalInt normSteps() {
    return normSteps == 0 ? OptionalInt.empty() : OptionalInt.of(normSteps);
  }

  StepBatchNorm norm(int features, boolean shifts) {
    return new StepBatchNorm(features, normSteps, shifts, gamma, eps, momentum, dtype);
  }

  /** As PyTorch prints cells: nothing but what is no default. */
  @Override
  public String toString() {
    return (bias ? "" : ", bias=False") + (normSteps == 0 ? "" : ", batch_norm_steps=" + normSteps);
  }
}
