/**
 * What is known about the values of a channel, and how it is combined: counts, means and sums of
 * squares come in from the kernels, and merged moments and variances go out to the layers, their
 * running statistics, and anything that reduces across replicas or machines.
 *
 * <p>Read {@link org.batchnorm4j.statistics.ChannelMoments} first.
 */
@NullMarked
package org.batchnorm4j.statistics;

import org.jspecify.annotations.NullMarked;
