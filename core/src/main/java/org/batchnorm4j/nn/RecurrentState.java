package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.tensor.Tensor;

/**
 * What a {@link RecurrentCell} hands on from one step to the next. Immutable; safe for use by many
 * threads.
 *
 * @param hidden the hidden state (N, hidden), which is the output of the step
 * @param memory the cell state (N, hidden) of an {@link LSTMCell}; other cells have none
 */
public record RecurrentState(Tensor hidden, Optional<Tensor> memory) {}
