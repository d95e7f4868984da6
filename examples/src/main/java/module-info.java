/** Small programs that show how the library is used. */
module org.batchnorm4j.examples {
  requires org.batchnorm4j;
  requires static org.jspecify;

  exports org.batchnorm4j.examples;
}
