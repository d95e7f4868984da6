package org.batchnorm4j.benchmarks.comparison;

/**
 * Everything that a contender computed.
 *
 * @param tensor y or dx, in the problem's layout
 * @param first mean or gradient of gamma, per channel
 * @param second <em>unbiased</em> variance or gradient of beta, per channel
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record Outputs(float[] tensor, float[] first, float[] second) {}
