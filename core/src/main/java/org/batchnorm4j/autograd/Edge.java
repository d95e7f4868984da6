package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;

/**
 * One input of a recorded operation, with the way back to it.
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @param input a tensor that the operation read
 * @param derivative turns the gradient of the output into that of the input; called only if the
 *     input needs one
 */
public record Edge(Tensor input, Derivative derivative) {}
