/** Matrix multiplication by a native library, called on Java arrays. */
module org.batchnorm4j.blas {
  requires org.batchnorm4j;
  requires static org.jspecify;
}
