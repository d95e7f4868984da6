/**
 * Our batch norm side by side with that of others: same data, one process, interleaved rounds,
 * preallocated outputs. Read {@link org.batchnorm4j.benchmarks.comparison.Comparison} first; peers
 * are found as services of {@link org.batchnorm4j.benchmarks.comparison.Peer}.
 */
@NullMarked
package org.batchnorm4j.benchmarks.comparison;

import org.jspecify.annotations.NullMarked;
