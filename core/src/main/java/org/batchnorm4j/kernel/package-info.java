/**
 * The inner loops of normalisation over primitive arrays: sums in, statistics out; values in,
 * normalised values or gradients out. Nothing here knows tensors, threads or files, so other
 * programs can embed it.
 *
 * <p>Read {@link org.batchnorm4j.kernel.CpuKernels} first, then {@link
 * org.batchnorm4j.kernel.ScalarKernels}, which defines every bit; {@link
 * org.batchnorm4j.kernel.KernelChoice} picks the implementation that runs.
 */
@NullMarked
package org.batchnorm4j.kernel;

import org.jspecify.annotations.NullMarked;
