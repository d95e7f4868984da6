package org.batchnorm4j.training;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.data.Batches;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.Tensor;

/**
 * Tests a model on pictures, in inference: running statistics, no tape. Keeps memory from one
 * evaluation to the next. Not safe for use by several threads.
 */
public final class Evaluator {
  /** Pictures at once. Fixed, so that the sum of losses has the same bits in every run. */
  private static final int BATCH_SIZE = 250;

  private final Backend backend;
  private final BufferPool pool = new BufferPool();

  /** An evaluator on the given backend. */
  public Evaluator(Backend backend) {
    this.backend = backend;
  }

  /**
   * Tests a model on all pictures of a data set.
   *
   * @throws IllegalArgumentException if the set is empty, or the model gives another number of
   *     scores than there are classes
   */
  public Evaluation evaluate(Module model, Dataset data) {
    return evaluate(model, data, () -> false).orElseThrow();
  }

  /**
   * Tests a model on all pictures of a data set; nothing comes out if {@code stop} said so between
   * two batches.
   */
  public Optional<Evaluation> evaluate(Module model, Dataset data, BooleanSupplier stop) {
    if (data.size() == 0) {
      throw new IllegalArgumentException("there are no pictures to test with in " + data);
    }
    long[][] confusion = new long[data.classes()][data.classes()];
    double lossSum = 0;
    DataLoader loader = new DataLoader(data, LoaderOptions.evaluation(BATCH_SIZE));
    try (Batches batches = loader.epoch(0)) {
      while (batches.hasNext()) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        lossSum += count(model, batches.next(), confusion);
      }
    }
    return Optional.of(new Evaluation(lossSum / data.size(), confusion));
  }

  /** Adds the answers to a batch to the confusion matrix; returns the sum of its losses. */
  private double count(Module model, Batch batch, long[][] confusion) {
    try (Arena arena = pool.open()) {
      Pass pass = Pass.inference().withBackend(backend).withMemory(arena);
      Tensor scores = model.forward(batch.images(), pass);
      if (scores.rank() != 2 || scores.axis(1) != confusion.length) {
        throw new IllegalArgumentException(
            "the model gives scores of shape "
                + scores.shape()
                + " for data of "
                + confusion.length
                + " classes");
      }
      long[] labels = batch.labels().toLongs();
      long[] answers = pass.backend().argmax(scores).toLongs();
      for (int i = 0; i < labels.length; i++) {
        confusion[(int) labels[i]][(int) answers[i]]++;
      }
      return pass.backend().crossEntropy(scores, batch.labels()).item() * labels.length;
    }
  }
}
