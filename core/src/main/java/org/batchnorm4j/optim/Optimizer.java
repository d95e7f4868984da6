package org.batchnorm4j.optim;

import java.util.Map;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.tensor.Tensor;

/**
 * Moves parameters against their gradients. Parameters are float32 or float64; each is moved, and
 * its state kept, in its own type. State can be saved and loaded, so that a resumed run goes on
 * with the same bits. Not safe for use by many threads.
 */
public sealed interface Optimizer permits SGD, AdamFamily {

  /**
   * One step for every trainable parameter.
   *
   * @param gradients of the loss, as {@code pass.backward(loss)} gives them
   * @throws IllegalStateException if a trainable parameter has no gradient; the message names it
   */
  void step(Gradients gradients);

  /** The learning rate of the next step. */
  double learningRate();

  /** Sets the learning rate of the next step. */
  void setLearningRate(double learningRate);

  /** Everything that the next step depends on, by name; the tensors are the optimiser's own. */
  Map<String, Tensor> stateDict();

  /**
   * Overwrites the state.
   *
   * @throws IllegalArgumentException if a name is missing or unexpected, or a shape differs
   */
  void loadStateDict(Map<String, Tensor> state);
}
