package org.batchnorm4j.tensor;

import org.batchnorm4j.statistics.BatchMoments;

/**
 * A tensor standardised by its own moments, and these moments.
 *
 * <p>As safe for use by many threads as its parts.
 *
 * @param output the standardised values
 * @param moments of the input
 */
public record StandardisedBatch(Tensor output, BatchMoments moments) {}
