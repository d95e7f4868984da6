/**
 * Batch normalisation for the JVM: tensors, automatic differentiation, layers and the kernels under
 * them.
 */
module org.batchnorm4j {
  requires static org.jspecify;

  exports org.batchnorm4j.autograd;
  exports org.batchnorm4j.kernel;
  exports org.batchnorm4j.nn;
  exports org.batchnorm4j.nn.deploy;
  exports org.batchnorm4j.nn.parallel;
  exports org.batchnorm4j.optim;
  exports org.batchnorm4j.statistics;
  exports org.batchnorm4j.tensor;

  uses org.batchnorm4j.kernel.CpuKernels;
  uses org.batchnorm4j.tensor.MatrixMultiplyProvider;
}
