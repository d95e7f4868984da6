package org.batchnorm4j.tensor;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;

/**
 * A tensor standardised by its own moments, these moments and the line that followed from them.
 *
 * <p>As safe for use by many threads as its parts.
 *
 * @param output the standardised values
 * @param moments of the input
 * @param line what was computed with
 */
public record StandardisedBatch(Tensor output, BatchMoments moments, ChannelAffine line) {}
