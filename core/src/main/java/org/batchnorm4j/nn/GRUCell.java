package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Gated recurrent unit, as PyTorch's {@code nn.GRUCell}: with the gates r, z and n of both products
 * {@code i} and {@code h}, {@code r = sigmoid(i_r + h_r)}, {@code z = sigmoid(i_z + h_z)}, {@code n
 * = tanh(i_n + r h_n)} and {@code h' = (1 - z) n + z h} (Cho et al. 2014); both products batch
 * normalised if the options say so.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class GRUCell extends RecurrentCell {
  /** A cell with first values that differ from run to run. */
  public GRUCell(int inputSize, int hiddenSize) {
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
  public GRUCell(int inputSize, int hiddenSize, RecurrentOptions options, RandomStream random) {
    super("GRUCell", 3, inputSize, hiddenSize, options, random);
  }

  @Override
  public RecurrentState step(Tensor input, RecurrentState state, int step, Pass pass) {
    Tensor before = state.hidden();
    gates.check(input, before);
    Tensor[] i = gates.split(gates.ofInput(input, step, pass), pass);
    Tensor[] h = gates.split(gates.ofHidden(before, step, pass), pass);
    Tensor reset = pass.sigmoid(pass.add(i[0], h[0]));
    Tensor keep = pass.sigmoid(pass.add(i[1], h[1]));
    Tensor fresh = pass.tanh(pass.add(i[2], pass.mul(reset, h[2])));
    Tensor hidden = pass.add(fresh, pass.mul(keep, pass.sub(before, fresh)));
    return new RecurrentState(hidden, Optional.empty());
  }
}
