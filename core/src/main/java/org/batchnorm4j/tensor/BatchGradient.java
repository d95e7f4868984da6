package org.batchnorm4j.tensor;

import org.batchnorm4j.statistics.GradientSums;

/**
 * The gradient of a tensor that was standardised by its own moments.
 *
 * <p>As safe for use by many threads as its parts.
 *
 * @param input gradient of the input
 * @param gradient the output gradient where the ReLU was active; the output gradient itself where
 *     nothing was gated
 * @param sums of that gradient
 */
public record BatchGradient(Tensor input, Tensor gradient, GradientSums sums) {}
