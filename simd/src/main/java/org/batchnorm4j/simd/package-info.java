/**
 * The SIMD twin of the scalar kernels: the only code that knows {@code jdk.incubator.vector}.
 * Arrays flow in and out exactly as in {@link org.batchnorm4j.kernel.CpuKernels}; {@link
 * org.batchnorm4j.kernel.KernelChoice} finds it as a service.
 */
@NullMarked
package org.batchnorm4j.simd;

import org.jspecify.annotations.NullMarked;
