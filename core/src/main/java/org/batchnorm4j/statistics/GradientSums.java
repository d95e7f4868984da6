package org.batchnorm4j.statistics;

/**
 * The two sums per channel that the backward pass of batch norm needs: {@code sum(g)}, which is the
 * gradient of beta, and {@code sum(g * (x - mean))}, which times {@code 1 / sqrt(var + eps)} is
 * that of gamma. The arrays are not to be written to.
 *
 * <p>Safe for use by many threads as long as none writes to the arrays.
 *
 * @param sumG sum of the output gradient
 * @param sumGx sum of the output gradient times the centred input
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record GradientSums(double[] sumG, double[] sumGx) {}
