package org.batchnorm4j.nn.deploy;

/**
 * In which order {@link Recalibration} visits the batch norms of a model. Immutable and safe for
 * use by many threads.
 */
public enum RecalibrationOrder {
  /**
   * One layer after the other, in the order in which the model uses them: each takes the statistics
   * of what the model computes in inference with all layers before it recalibrated already. These
   * are the statistics that inference meets. As many passes over the batches as there are layers.
   */
  LAYER_BY_LAYER,
  /**
   * All layers in one pass in training mode: each batch is normalised by its own statistics, and
   * dropout drops, as in PyTorch's {@code update_bn}; a batch that training refuses is refused
   * here. A layer then sees its predecessors normalise batch by batch, which is not quite what
   * inference does; large batches make the difference small.
   */
  ONE_PASS
}
