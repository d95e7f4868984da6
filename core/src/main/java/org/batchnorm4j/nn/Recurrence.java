package org.batchnorm4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * A recurrent cell over whole sequences (N, T, input), from a state of zeros: the hidden states of
 * all steps (N, T, hidden), or that of the last one (N, hidden). State: {@code cell}'s.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Recurrence implements Module {
  private final Members members = new Members("Recurrence");
  private final RecurrentCell cell;
  private final Output output;

  /** Which hidden states come out. Safe for use by many threads. */
  public enum Output {
    /** Those of all steps, (N, T, hidden). */
    ALL,
    /** That of the last step, (N, hidden). */
    LAST
  }

  /**
   * Runs a cell.
   *
   * @param cell computes each step
   * @param output which hidden states come out
   */
  public Recurrence(RecurrentCell cell, Output output) {
    this.cell = members.child("cell", cell);
    this.output = output;
  }

  /**
   * {@inheritDoc}
   *
   * @param input (N, T, input), T at least 1
   * @return (N, T, hidden) or (N, hidden)
   * @throws ShapeException if the shape does not fit
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() != 3 || input.axis(1) == 0) {
      throw new ShapeException(
          members
              + " expected 3D input (N, T, "
              + cell.inputSize()
              + ") of at least one step, got shape "
              + input.shape());
    }
    int batch = input.axis(0);
    int steps = input.axis(1);
    Tensor bySteps = pass.permute(input, 1, 0, 2);
    RecurrentState state = cell.initial(batch, pass);
    List<Tensor> all = new ArrayList<>(steps);
    for (int t = 0; t < steps; t++) {
      Tensor x = pass.reshape(pass.range(bySteps, t, t + 1), batch, input.axis(2));
      state = cell.step(x, state, t, pass);
      if (output == Output.ALL) {
        all.add(pass.reshape(state.hidden(), 1, batch, cell.hiddenSize()));
      }
    }
    return switch (output) {
      case ALL -> pass.permute(pass.concatenate(all), 1, 0, 2);
      case LAST -> state.hidden();
    };
  }

  @Override
  public Members members() {
    return members;
  }

  /** The cell below. */
  @Override
  public String toString() {
    return members.describe("");
  }
}
