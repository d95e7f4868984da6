package org.batchnorm4j.training;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.parallel.Collective;
import org.batchnorm4j.nn.parallel.CollectiveException;
import org.batchnorm4j.nn.parallel.Replicas;
import org.batchnorm4j.nn.parallel.Shard;
import org.batchnorm4j.nn.parallel.SyncBatchNorm;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.Tensor;

/**
 * Forward and backward of batches on several replicas, which share the model and the threads of the
 * backend. Each takes a shard; batch norm takes its statistics from all of them. Steps take their
 * memory from those before. Used from one thread.
 */
final class ReplicaSteps {
  private final Replicas replicas;
  private final Module model;
  private final Backend backend;
  private final long seed;
  private final List<BufferPool> pools = new ArrayList<>();

  ReplicaSteps(int size, Module model, Backend backend, long seed) {
    replicas = Replicas.of(size);
    this.model = model;
    this.backend = backend;
    this.seed = seed;
    for (int i = 0; i < size; i++) {
      pools.add(new BufferPool());
    }
  }

  /** Bytes taken from the heap for steps so far, without sums of gradients. */
  long memoryTaken() {
    return pools.stream().mapToLong(BufferPool::allocatedBytes).sum();
  }

  /** What a replica makes of its shard. */
  private record Part(Gradients gradients, double loss, int correct) {}

  /**
   * Gradients on the heap.
   *
   * @throws CollectiveException if a replica fails
   */
  StepOutcome step(Batch batch, long step) {
    List<Arena> arenas = pools.stream().map(BufferPool::open).toList();
    List<Part> parts = parts(batch, step, arenas);
    double loss = 0;
    int correct = 0;
    GradientTotal total = new GradientTotal();
    for (Part part : parts) {
      total.add(part.gradients());
      loss += part.loss();
      correct += part.correct();
    }
    arenas.forEach(Arena::close); // after a failure they stay open: a replica may still be at work
    return new StepOutcome(total.gradients(), loss, correct);
  }

  private List<Part> parts(Batch batch, long step, List<Arena> arenas) {
    try {
      return replicas.run(
          collective -> part(batch, step, collective, arenas.get(collective.rank())));
    } catch (CollectiveException e) {
      if (e.getCause() instanceof VirtualMachineError error) {
        throw error; // too little memory is answered as without replicas
      }
      throw e;
    }
  }

  private Part part(Batch batch, long step, Collective collective, Arena arena) {
    Shard shard = Shard.of(collective, batch.size());
    Pass pass =
        Pass.training()
            .withBackend(backend)
            .withMemory(arena)
            .withRandom(seed, step * replicas.size() + collective.rank())
            .withStatistics(SyncBatchNorm.over(collective));
    Tensor labels = shard.of(batch.labels());
    Tensor scores = model.forward(shard.of(batch.images()), pass);
    Tensor mean = Objectives.crossEntropy(scores, labels, pass);
    double loss = shard.size() == 0 ? 0 : mean.item() * shard.weight();
    Gradients gradients = pass.backward(shard.part(mean, pass));
    int correct = Answers.correct(pass.backend().argmax(scores), labels);
    return new Part(gradients, loss, correct);
  }
}
