package org.batchnorm4j.nn.deploy;

/**
 * A batch norm that was left as it is. Immutable and safe for use by many threads.
 *
 * @param path where it lies in the model
 * @param reason why, and what would change that
 */
public record KeptBatchNorm(String path, String reason) {}
