/** The command line: train, evaluate, apply, diagnose, recalibrate and fold. */
module org.batchnorm4j.cli {
  requires info.picocli;
  requires jdk.unsupported;
  requires org.batchnorm4j;
  requires org.batchnorm4j.training;
  requires static org.jspecify;
}
