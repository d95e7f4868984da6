/** Readers and writers for files of tensors and of data sets. */
module org.batchnorm4j.io {
  requires transitive org.batchnorm4j;
  requires static org.jspecify;

  exports org.batchnorm4j.io;
  exports org.batchnorm4j.io.cifar;
  exports org.batchnorm4j.io.idx;
}
