package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Long short-term memory, as PyTorch's {@code nn.LSTMCell}: with the gates i, f, g and o of the sum
 * of both products, {@code c' = sigmoid(f) c + sigmoid(i) tanh(g)} and {@code h' = sigmoid(o)
 * tanh(c')} (Hochreiter and Schmidhuber 1997). If the options say so, both products are batch
 * normalised and the memory is where it goes out, {@code h' = sigmoid(o) tanh(norm_cell(c'))}, with
 * a gamma and a beta of its own (Cooijmans et al. 2016, equations 6 to 8).
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class LSTMCell extends RecurrentCell {
  private final @Nullable StepBatchNorm norm;

  /** A cell with first values that differ from run to run. */
  public LSTMCell(int inputSize, int hiddenSize) {
    this(
        inputSize,
        hiddenSize,
        RecurrentOptions.defaults(),
        RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * A cell with repeatable first values.
   *
   * @param inputSize size of the input
   * @param hiddenSize size of the state
   * @param options biases, type and batch norm
   * @param random where first values come from
   * @throws IllegalArgumentException if a size is not positive
   */
  public LSTMCell(int inputSize, int hiddenSize, RecurrentOptions options, RandomStream random) {
    super("LSTMCell", 4, inputSize, hiddenSize, options, random);
    norm =
        options.normSteps().isPresent()
            ? members().child("norm_cell", options.norm(hiddenSize, true))
            : null;
  }

  @Override
  public RecurrentState step(Tensor input, RecurrentState state, int step, Pass pass) {
    Tensor before =
        state
            .memory()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        members()
                            + " needs a state with a memory; start from initial(batch, pass)"));
    gates.check(input, state.hidden());
    gates.check(input, before);
    Tensor sum =
        pass.add(gates.ofInput(input, step, pass), gates.ofHidden(state.hidden(), step, pass));
    Tensor[] gate = gates.split(sum, pass);
    Tensor kept = pass.mul(pass.sigmoid(gate[1]), before);
    Tensor memory = pass.add(kept, pass.mul(pass.sigmoid(gate[0]), pass.tanh(gate[2])));
    Tensor shown = norm == null ? memory : norm.forward(memory, step, pass);
    Tensor hidden = pass.mul(pass.sigmoid(gate[3]), pass.tanh(shown));
    return new RecurrentState(hidden, Optional.of(memory));
  }

  @Override
  public boolean hasMemory() {
    return true;
  }
}
