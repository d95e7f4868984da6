package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;

/**
 * Is shown what a layer took and what it gave while a pass runs: {@link Pass#withObserver} hands it
 * to the pass, and layers that can be observed call {@link Pass#observe}. Batch normalisation can.
 *
 * <p>Implementations need no more thread safety than the pass that carries them: they are called by
 * the thread that runs the model.
 */
@FunctionalInterface
public interface LayerObserver {

  /**
   * Called after a layer has computed. The tensors are valid during the call, since they may lie in
   * an arena; they are not to be written to.
   *
   * @param layer the layer itself
   * @param input what it took, channels on axis 1
   * @param output what it gave, of the shape of the input
   */
  void observe(Object layer, Tensor input, Tensor output);
}
