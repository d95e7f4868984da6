package org.batchnorm4j.training;

import java.util.function.Consumer;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Backend;

/**
 * Forward and backward of batches, as their parts say. Steps take their memory from those before.
 * Used from one thread.
 */
sealed interface Steps permits WholeSteps, ReplicaSteps, MicroBatchSteps {

  /** Returns the steps of a run with these options. */
  static Steps of(TrainingOptions options, Module model, Backend backend) {
    BatchParts parts = options.parts();
    if (parts.replicas() > 1) {
      return new ReplicaSteps(parts.replicas(), model, backend, options.seed());
    }
    if (parts.microBatches() > 1) {
      return new MicroBatchSteps(parts.microBatches(), model, backend, options.seed());
    }
    return new WholeSteps(parts.statistics(), model, backend, options.seed());
  }

  /**
   * Computes the gradients of one batch.
   *
   * @param step number of the step, which random numbers depend on
   * @param use what is done with them, before their memory is given back
   */
  void step(Batch batch, long step, Consumer<StepOutcome> use);

  /** Bytes taken from the heap for steps so far. */
  long memoryTaken();
}
