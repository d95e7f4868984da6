package org.batchnorm4j.nn;

import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * A layer or a model: a function of a tensor with named parameters, buffers and parts.
 *
 * <p>Implement {@link #forward} and return from {@link #members} the one {@link Members} object in
 * which the constructor registered everything; {@link Members#describe} makes a {@code toString}.
 * Forward in inference is safe for use by many threads as long as nobody trains; training belongs
 * to one thread.
 */
public interface Module {

  /**
   * Computes the output.
   *
   * @param input shapes as the layer documents them
   * @param pass training or inference, tape, backend and random numbers
   */
  Tensor forward(Tensor input, Pass pass);

  /** The names under which this module's parts are known. */
  Members members();

  /** Where this module lies in its model, such as {@code layer1.bn}; empty for the model itself. */
  default String path() {
    return members().path();
  }

  /** All parameters by path, this module's first, then those of its parts in order. */
  default Map<String, Parameter> namedParameters() {
    return members().namedParameters();
  }

  /** All parameters, each once. */
  default List<Parameter> parameters() {
    return namedParameters().values().stream().distinct().toList();
  }

  /** Number of trainable and frozen values in all parameters. */
  default long parameterCount() {
    return parameters().stream().mapToLong(p -> p.value().size()).sum();
  }

  /**
   * Parameters and buffers by path, in the order and under the names of PyTorch. The tensors are
   * the module's own: {@link Tensor#detach} keeps a value that training goes on to change.
   */
  default Map<String, Tensor> stateDict() {
    return members().state();
  }

  /**
   * Overwrites parameters and buffers. Everything is checked before anything is written.
   *
   * @param state tensors by path; other element types are converted
   * @param strict whether names that are missing or not expected are an error
   * @return the names that did not match, empty if all did
   * @throws IllegalArgumentException if a shape differs, or in strict mode if names do not match;
   *     the message lists all of them
   */
  default StateMismatch loadStateDict(Map<String, Tensor> state, boolean strict) {
    return members().load(state, strict);
  }
}
