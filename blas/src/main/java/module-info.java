/** Matrix multiplication by a native library, called on Java arrays. */
module org.batchnorm4j.blas {
  requires org.batchnorm4j;
  requires static org.jspecify;

  exports org.batchnorm4j.blas;

  provides org.batchnorm4j.tensor.MatrixMultiplyProvider with
      org.batchnorm4j.blas.OpenBlasProvider;
}
