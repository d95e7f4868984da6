package org.batchnorm4j.nn.deploy;

/**
 * A batch norm that was folded into the layer before it. Immutable and safe for use by many
 * threads.
 *
 * @param path where the batch norm lay in the model
 * @param into where the layer lies that has taken it in
 * @param largestScale largest {@code |gamma| / sqrt(running_var + eps)} of a channel, by which its
 *     weights grew; hundreds are a sign of a tiny running variance
 * @param rounding what rounding the new weight and bias to their type changes in an output at most,
 *     for inputs from -1 to 1: the largest sum over a channel of {@code |rounded - exact|}. Derived
 *     from the weights, not measured
 */
public record FoldedLayer(String path, String into, double largestScale, double rounding) {}
