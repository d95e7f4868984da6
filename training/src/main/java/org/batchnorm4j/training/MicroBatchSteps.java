package org.batchnorm4j.training;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.parallel.Shard;
import org.batchnorm4j.nn.parallel.VirtualBatch;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;

/**
 * Each batch as one {@link VirtualBatch}: in the memory of a micro-batch, with as many repetitions
 * as one set of statistics takes. Used from one thread.
 */
final class MicroBatchSteps implements Steps {
  private final int count;
  private final Module model;
  private final Backend backend;
  private final long seed;
  private final BufferPool pool = new BufferPool();
  private final VirtualBatch virtual = new VirtualBatch(pool);

  MicroBatchSteps(int count, Module model, Backend backend, long seed) {
    this.count = count;
    this.model = model;
    this.backend = backend;
    this.seed = seed;
  }

  @Override
  public void step(Batch batch, long step, Consumer<StepOutcome> use) {
    List<Pass> passes =
        IntStream.range(0, count)
            .mapToObj(i -> Pass.training().withBackend(backend).withRandom(seed, step * count + i))
            .toList();
    double[] losses = new double[count];
    int[] correct = new int[count];
    try (Arena arena = pool.open()) {
      VirtualBatch.Result result =
          virtual.gradients(
              passes,
              (i, pass) -> {
                ShardLoss loss = ShardLoss.of(model, batch, Shard.of(i, count, batch.size()), pass);
                losses[i] = loss.value();
                correct[i] = loss.correct();
                return loss.part();
              },
              arena);
      use.accept(
          new StepOutcome(
              result.gradients(), Arrays.stream(losses).sum(), Arrays.stream(correct).sum()));
    }
  }

  @Override
  public long memoryTaken() {
    return pool.allocatedBytes();
  }
}
