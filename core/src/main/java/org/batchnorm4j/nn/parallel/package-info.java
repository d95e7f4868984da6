/**
 * One batch on several replicas or in several micro-batches, normalised as if it were whole. Local
 * moments and gradient sums come in from batch norm through the reducer that a pass carries; those
 * of everyone go back. {@link org.batchnorm4j.nn.parallel.Replicas} runs a piece of work as several
 * ranks, {@link org.batchnorm4j.nn.parallel.VirtualBatch} runs micro-batches one after the other.
 *
 * <p>Read {@link org.batchnorm4j.nn.parallel.Collective} first, then {@code SyncBatchNorm}.
 */
@NullMarked
package org.batchnorm4j.nn.parallel;

import org.jspecify.annotations.NullMarked;
