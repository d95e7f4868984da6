package org.batchnorm4j.training;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
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

/**
 * Each batch on several replicas, which share the model and the threads of the backend. Each takes
 * a shard; batch norm takes its statistics from all of them. Used from one thread.
 */
final class ReplicaSteps implements Steps {
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

  @Override
  public long memoryTaken() {
    return pools.stream().mapToLong(BufferPool::allocatedBytes).sum();
  }

  /** What a replica makes of its shard. */
  private record Part(Gradients gradients, double loss, int correct) {}

  /**
   * {@inheritDoc}
   *
   * @throws CollectiveException if a replica fails
   */
  @Override
  public void step(Batch batch, long step, Consumer<StepOutcome> use) {
    List<Arena> arenas = pools.stream().map(BufferPool::open).toList();
    List<Part> parts = parts(batch, step, arenas);
    double loss = 0;
    int correct = 0;
    for (Part part : parts) {
      loss += part.loss();
      correct += part.correct();
    }
    List<Gradients> gradients = parts.stream().map(Part::gradients).toList();
    Gradients total = GradientTotal.of(gradients, arenas.getFirst());
    use.accept(new StepOutcome(total, loss, correct));
    arenas.forEach(Arena::close); // after a failure they stay open: a replica may still be at work
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
    ShardLoss loss = ShardLoss.of(model, batch, shard, pass);
    return new Part(pass.backward(loss.part()), loss.value(), loss.correct());
  }
}
