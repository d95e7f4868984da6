package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * One step of a recurrent network: an input and the state before it give the state after it.
 *
 * <p>State, as PyTorch's: {@code weight_ih} (gates hidden, input), {@code weight_hh} (gates hidden,
 * hidden), {@code bias_ih} and {@code bias_hh} (gates hidden), with 1 gate for {@link RNNCell}, 3
 * for {@link GRUCell} and 4 for {@link LSTMCell}. First values uniform on ±1/sqrt(hidden).
 *
 * <p>With {@link RecurrentOptions#withBatchNorm} both products are batch normalised, each with a
 * gamma of its own and statistics for every time step (Cooijmans et al. 2016): {@code norm_ih} and
 * {@code norm_hh}, which are {@link StepBatchNorm}s.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public abstract sealed class RecurrentCell implements Module permits RNNCell, GRUCell, LSTMCell {
  final RecurrentGates gates;
  private final Members members;

  RecurrentCell(
      String kind,
      int gateCount,
      int inputSize,
      int hiddenSize,
      RecurrentOptions options,
      RandomStream random) {
    members = new Members(kind);
    gates = new RecurrentGates(members, gateCount, inputSize, hiddenSize, options, random);
  }

  /** Size of the input. */
  public final int inputSize() {
    return gates.inputSize;
  }

  /** Size of the hidden state. */
  public final int hiddenSize() {
    return gates.hiddenSize;
  }

  /** The type of the parameters and of the input. */
  public final DType dtype() {
    return gates.options.dtype();
  }

  /** Whether the state has a memory beside the hidden state. */
  public boolean hasMemory() {
    return false;
  }

  /**
   * Computes one step.
   *
   * @param input (N, input)
   * @param state the state before
   * @param step number of the step from 0 on, which chooses the statistics of a batch norm
   * @return the state after
   * @throws ShapeException if a shape does not fit
   */
  public abstract RecurrentState step(Tensor input, RecurrentState state, int step, Pass pass);

  /** A state of zeros in the memory of a pass. */
  public final RecurrentState initial(int batch, Pass pass) {
    Tensor zeros = pass.filled(0, dtype(), Shape.of(batch, hiddenSize()));
    return new RecurrentState(zeros, hasMemory() ? Optional.of(zeros) : Optional.empty());
  }

  /**
   * The hidden state after a first step from zeros.
   *
   * @param input (N, input)
   * @return (N, hidden)
   */
  @Override
  public final Tensor forward(Tensor input, Pass pass) {
    if (input.rank() != 2) {
      throw new ShapeException(
          members + " expected 2D input (N, input), got shape " + input.shape());
    }
    return step(input, initial(input.axis(0), pass), 0, pass).hidden();
  }

  @Override
  public final Members members() {
    return members;
  }

  /** What is printed behind the options. */
  String more() {
    return "";
  }

  /** As PyTorch prints it, and for how many steps there are statistics. */
  @Override
  public final String toString() {
    return gates.describe(more());
  }
}
