package org.batchnorm4j.tensor;

/**
 * The result of max pooling.
 *
 * <p>As safe for use by many threads as its tensors.
 *
 * @param output the largest values
 * @param positions for each output in storage order, where in the input's storage it came from
 * @param inputShape shape of the input
 */
public record MaxPooled(Tensor output, Tensor positions, Shape inputShape) {}
