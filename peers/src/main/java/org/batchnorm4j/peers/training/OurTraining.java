package org.batchnorm4j.peers.training;

import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.optim.Adam;
import org.batchnorm4j.optim.Optimizer;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.Tensor;

/** The step as {@code Trainer} takes it. */
final class OurTraining implements TrainingSide {
  private final Module model;
  private final Optimizer optimizer;
  private final Tensor images;
  private final Tensor labels;
  private final BufferPool pool = new BufferPool();
  private Backend backend = backend(1);
  private int steps;

  OurTraining(TrainedNetwork network, TrainingBatch batch) {
    model = network.build();
    optimizer = new Adam(model.parameters(), LEARNING_RATE);
    images =
        Tensor.of(
            batch.images(),
            TrainingBatch.COUNT,
            network.shape().channels(),
            network.shape().height(),
            network.shape().width());
    labels = Tensor.of(batch.labels(), TrainingBatch.COUNT);
  }

  @Override
  public void useThreads(int threads) {
    backend = backend(threads);
  }

  private static Backend backend(int threads) {
    return CpuBackend.of(KernelPreference.AUTO, threads, System.err::println);
  }

  @Override
  public double step() {
    try (Arena arena = pool.open()) {
      Pass pass = Pass.training().withBackend(backend).withMemory(arena).withRandom(1, steps++);
      Tensor loss = Objectives.crossEntropy(model.forward(images, pass), labels, pass);
      double value = loss.item();
      optimizer.step(pass.backward(loss));
      return value;
    }
  }

  /** Which kernels run. */
  String describe() {
    return backend.describe();
  }

  /** Bytes that steps have taken from the heap for tensors. */
  long pooledBytes() {
    return pool.allocatedBytes();
  }
}
