/** Data sets, the training loop, checkpoints and ready-made networks. */
module org.batchnorm4j.training {
  requires transitive org.batchnorm4j;
  requires transitive org.batchnorm4j.io;
  requires static org.jspecify;

  exports org.batchnorm4j.data;
  exports org.batchnorm4j.model;
  exports org.batchnorm4j.training;
}
