package org.batchnorm4j.tensor;

/** Holds the backend that tensors use by themselves, made at first use. */
final class StandardBackend {
  static final Backend INSTANCE = CpuBackend.automatic();

  private StandardBackend() {}
}
