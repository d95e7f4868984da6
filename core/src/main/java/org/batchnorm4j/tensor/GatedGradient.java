package org.batchnorm4j.tensor;

import org.batchnorm4j.statistics.GradientSums;

/**
 * The gradient in front of a ReLU and its sums per channel.
 *
 * <p>As safe for use by many threads as its parts.
 *
 * @param gradient the output gradient where the ReLU was active, else 0
 * @param sums of that gradient
 */
public record GatedGradient(Tensor gradient, GradientSums sums) {}
