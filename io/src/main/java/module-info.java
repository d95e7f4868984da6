/** Readers and writers for files of tensors and of data sets. */
module org.batchnorm4j.io {
  requires transitive org.batchnorm4j;
  requires static org.jspecify;
  requires tools.jackson.core;

  exports org.batchnorm4j.io;
  exports org.batchnorm4j.io.cifar;
  exports org.batchnorm4j.io.idx;
  exports org.batchnorm4j.io.safetensors;
}
