package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * {@code h' = tanh(x weight_ih^T + bias_ih + h weight_hh^T + bias_hh)}, or with ReLU, as PyTorch's
 * {@code nn.RNNCell}; both products batch normalised if the options say so.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class RNNCell extends RecurrentCell {
  private final Nonlinearity nonlinearity;

  /** What bounds the new state. Safe for use by many threads. */
  public enum Nonlinearity {
    /** Hyperbolic tangent. */
    TANH,
    /** {@code max(x, 0)}. */
    RELU
  }

  /** A cell with first values that differ from run to run. */
  public RNNCell(int inputSize, int hiddenSize) {
    this(
        inputSize,
        hiddenSize,
        RecurrentOptions.defaults(),
        Nonlinearity.TANH,
        RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * A cell with repeatable first values.
   *
   * @param inputSize size of the input
   * @param hiddenSize size of the state
   * @param options biases, type and batch norm
   * @param nonlinearity tanh or ReLU
   * @param random where first values come from
   * @throws IllegalArgumentException if a size is not positive
   */
  public RNNCell(
      int inputSize,
      int hiddenSize,
      RecurrentOptions options,
      Nonlinearity nonlinearity,
      RandomStream random) {
    super("RNNCell", 1, inputSize, hiddenSize, options, random);
    this.nonlinearity = nonlinearity;
  }

  @Override
  public RecurrentState step(Tensor input, RecurrentState state, int step, Pass pass) {
    gates.check(input, state.hidden());
    Tensor sum =
        pass.add(gates.ofInput(input, step, pass), gates.ofHidden(state.hidden(), step, pass));
    Tensor hidden =
        switch (nonlinearity) {
          case TANH -> pass.tanh(sum);
          case RELU -> pass.relu(sum);
        };
    return new RecurrentState(hidden, Optional.empty());
  }

  @Override
  String more() {
    return nonlinearity == Nonlinearity.RELU ? ", nonlinearity=relu" : "";
  }
}
