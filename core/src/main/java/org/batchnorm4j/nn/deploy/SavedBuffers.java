package org.batchnorm4j.nn.deploy;

import java.util.IdentityHashMap;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Tensor;

/** Copies of all buffers of a model, to be put back. Not safe for use by several threads. */
final class SavedBuffers {
  private final IdentityHashMap<Tensor, Tensor> copies = new IdentityHashMap<>();

  SavedBuffers(Module model) {
    model
        .members()
        .namedBuffers()
        .values()
        .forEach(buffer -> copies.computeIfAbsent(buffer, Tensor::detach));
  }

  /** Overwrites the buffers with the copies. */
  void restore() {
    copies.forEach(Tensor::copyFrom);
  }
}
