/**
 * The kernels of normalisation on {@code jdk.incubator.vector}, equal in every bit to the scalar
 * ones.
 */
module org.batchnorm4j.simd {
  requires jdk.incubator.vector;
  requires org.batchnorm4j;
  requires static org.jspecify;

  provides org.batchnorm4j.kernel.CpuKernels with
      org.batchnorm4j.simd.VectorKernels;
}
