package org.batchnorm4j.training;

import java.util.function.Consumer;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.Tensor;

/** Each batch in one pass. Used from one thread. */
final class WholeSteps implements Steps {
  private final StatisticsReducer statistics;
  private final Module model;
  private final Backend backend;
  private final long seed;
  private final BufferPool pool = new BufferPool();

  WholeSteps(StatisticsReducer statistics, Module model, Backend backend, long seed) {
    this.statistics = statistics;
    this.model = model;
    this.backend = backend;
    this.seed = seed;
  }

  @Override
  public void step(Batch batch, long step, Consumer<StepOutcome> use) {
    try (Arena arena = pool.open()) {
      Pass pass =
          Pass.training()
              .withBackend(backend)
              .withMemory(arena)
              .withRandom(seed, step)
              .withStatistics(statistics);
      Tensor scores = model.forward(batch.images(), pass);
      Tensor loss = Objectives.crossEntropy(scores, batch.labels(), pass);
      Gradients gradients = pass.backward(loss);
      int correct = Answers.correct(pass.backend().argmax(scores), batch.labels());
      use.accept(new StepOutcome(gradients, loss.item(), correct));
    }
  }

  @Override
  public long memoryTaken() {
    return pool.allocatedBytes();
  }
}
