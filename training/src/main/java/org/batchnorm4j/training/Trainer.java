package org.batchnorm4j.training;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.batchnorm4j.data.Augmentation;
import org.batchnorm4j.data.Batch;
import org.batchnorm4j.data.Batches;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.optim.LearningRateSchedule;
import org.batchnorm4j.optim.Optimizer;
import org.batchnorm4j.tensor.Backend;

/**
 * Trains a classifier: batches in a seeded order, cross-entropy, a step of the optimiser, a test at
 * the end of each epoch, and a checkpoint from which a later run goes on to the same bits.
 *
 * <p>With several replicas or micro-batches each takes a shard of every batch; batch norm takes its
 * statistics from the whole batch, and the sum of the gradients moves the parameters once. Results
 * depend on their number, in roundings and in what is drawn at random for each. Ghost batches share
 * all but the statistics.
 *
 * <p>Everything random is a function of the seed and of the step, so a checkpoint holds no
 * generator; sums run in a fixed order, so the number of threads of the backend does not matter.
 * From the second step on, steps take their memory from the first. A trainer belongs to one thread.
 */
public final class Trainer {
  private final Module model;
  private final DataSplit data;
  private final TrainingOptions options;
  private final DataFacts facts;
  private final DataLoader loader;
  private final Optimizer optimizer;
  private final LearningRateSchedule schedule;
  private final Evaluator evaluator;
  private final Steps steps;
  private final List<EpochMetrics> metrics = new ArrayList<>();
  private Map<String, String> labels = Map.of();
  private Position position = Position.START;

  /**
   * A run that has not begun.
   *
   * @param model changed by training; its parameters are float32
   * @param data pictures to train on and to test with
   * @param options how to train
   * @param backend where to compute
   * @throws IllegalArgumentException if the training set gives no batch, or {@linkplain
   *     BatchParts#requireSense parts make no sense}
   */
  public Trainer(Module model, DataSplit data, TrainingOptions options, Backend backend) {
    options.parts().requireSense(options.batchSize());
    this.model = model;
    this.data = data;
    this.options = options;
    facts = DataFacts.of(data.training());
    loader =
        new DataLoader(
            data.training(),
            LoaderOptions.training(options.batchSize(), options.seed())
                .withAugmentation(new Augmentation(options.crop(), options.flip())));
    if (loader.batches() == 0) {
      throw new IllegalArgumentException("there is nothing to train on in " + data.training());
    }
    optimizer =
        options
            .optimizer()
            .create(model.parameters(), options.learningRate(), options.weightDecay());
    schedule =
        options.schedule().over(options.learningRate(), (long) options.epochs() * loader.batches());
    evaluator = new Evaluator(backend);
    steps = Steps.of(options, model, backend);
  }

  /** Puts texts into every checkpoint, such as the name of the model; returns this. */
  public Trainer withLabels(Map<String, String> texts) {
    labels = Map.copyOf(texts);
    return this;
  }

  /**
   * Takes up a run where a checkpoint left it.
   *
   * @throws IllegalArgumentException if the checkpoint is {@linkplain #requireSameRun not of this
   *     run}, model or optimiser do not fit its tensors, its counts contradict each other, or it is
   *     further than these options go
   */
  public void restore(Checkpoint checkpoint) {
    requireSameRun(checkpoint);
    Position reached = checkpoint.position();
    if (reached.epoch() > options.epochs()
        || reached.batch() > loader.batches()
        || checkpoint.metrics().size() != reached.epoch()) {
      throw new IllegalArgumentException(
          "the checkpoint is at batch "
              + reached.batch()
              + " behind epoch "
              + reached.epoch()
              + " with metrics of "
              + checkpoint.metrics().size()
              + " epochs, which these "
              + options.epochs()
              + " epochs of "
              + loader.batches()
              + " batches never come to");
    }
    long steps = (long) reached.epoch() * loader.batches() + reached.batch();
    if (reached.step() != steps) {
      throw new IllegalArgumentException(
          "metadata \"position.step\" is \""
              + reached.step()
              + "\", expected "
              + steps
              + ": "
              + reached.epoch()
              + " epochs of "
              + loader.batches()
              + " batches, and "
              + reached.batch()
              + " batches");
    }
    checkpoint.loadInto(model);
    optimizer.loadStateDict(checkpoint.optimizer());
    position = reached;
    metrics.clear();
    metrics.addAll(checkpoint.metrics());
  }

  /**
   * Checks that a checkpoint comes from a run with these pictures and options, as far as a caller
   * chooses them.
   *
   * @throws IllegalArgumentException if an option {@linkplain TrainingOptions#conflictsWith
   *     conflicts}, or the training pictures are not those of the checkpoint
   */
  public void requireSameRun(Checkpoint checkpoint) {
    if (!checkpoint.data().equals(facts)) {
      throw new IllegalArgumentException(
          "the training pictures are not those of the checkpoint: these are "
              + describe(facts)
              + ", the checkpoint's were "
              + describe(checkpoint.data()));
    }
    for (String name : options.conflictsWith(checkpoint.options())) {
      throw new IllegalArgumentException(
          "the checkpoint's run has "
              + name
              + " "
              + checkpoint.options().toMap().get(name)
              + ", these options have "
              + options.toMap().get(name));
    }
  }

  private static String describe(DataFacts facts) {
    return facts.shape()
        + " of "
        + facts.classes()
        + " classes, SHA-256 "
        + facts.fingerprint().substring(0, 12);
  }

  /** Returns the number of batches of each epoch. */
  public int batchesPerEpoch() {
    return loader.batches();
  }

  /** Returns how far the run has come. */
  public Position position() {
    return position;
  }

  /** Returns the bytes taken from the heap for steps so far. */
  long memoryTaken() {
    return steps.memoryTaken();
  }

  /** Returns the state between two steps; its tensors are the model's and the optimiser's own. */
  public Checkpoint checkpoint() {
    return new Checkpoint(
        labels, options, facts, position, metrics, model.stateDict(), optimizer.stateDict());
  }

  /**
   * Trains until all epochs are done or {@code stop} says so, and saves at the end of each epoch,
   * after every so many steps as the options say, and when stopped.
   *
   * @param directory where checkpoint and metrics go
   * @param listener told how it goes
   * @param stop asked after each batch
   * @throws IOException if the disk refuses a file; the last checkpoint is then unchanged
   * @throws ArithmeticException if the loss is no longer a number; likewise
   * @throws org.batchnorm4j.nn.parallel.CollectiveException if a replica fails; likewise
   */
  public TrainingResult run(RunDirectory directory, TrainingListener listener, BooleanSupplier stop)
      throws IOException {
    List<EpochMetrics> known = directory.withKnownTimes(List.copyOf(metrics));
    metrics.clear();
    metrics.addAll(known);
    directory.write(metrics);
    while (position.epoch() < options.epochs()) {
      if (!epoch(directory, listener, stop)) {
        save(directory, listener);
        return new TrainingResult(position, metrics, false);
      }
    }
    if (Files.notExists(directory.checkpoint())) {
      save(directory, listener); // a finished run resumed into another directory
    }
    return new TrainingResult(position, metrics, true);
  }

  /** Does what is left of the current epoch; returns whether it got to the end. */
  private boolean epoch(RunDirectory directory, TrainingListener listener, BooleanSupplier stop)
      throws IOException {
    Stopwatch watch = new Stopwatch(position.seen());
    try (Batches batches = loader.epoch(position.epoch(), position.batch())) {
      while (batches.hasNext()) {
        if (stop.getAsBoolean()) {
          return false;
        }
        Batch batch = batches.next();
        steps.step(batch, position.step(), outcome -> finish(batch, outcome));
        listener.batchDone(position, loader.batches(), watch.imagesPerSecond(position.seen()));
        int every = options.checkpointEvery();
        if (every > 0 && position.step() % every == 0 && position.batch() < loader.batches()) {
          save(directory, listener);
        }
      }
    }
    double imagesPerSecond = watch.imagesPerSecond(position.seen());
    listener.testing(position);
    Optional<Evaluation> test = evaluator.evaluate(model, data.test(), stop);
    if (test.isEmpty()) {
      return false;
    }
    if (!Double.isFinite(test.get().loss())) {
      throw new ArithmeticException(
          "the test loss became "
              + test.get().loss()
              + " behind epoch "
              + (position.epoch() + 1)
              + "; a learning rate below "
              + options.learningRate()
              + " may help");
    }
    EpochMetrics row =
        new EpochMetrics(
            position.epoch() + 1,
            position.meanLoss(),
            position.accuracy(),
            test.get().loss(),
            test.get().accuracy(),
            schedule.at(position.step() - 1),
            imagesPerSecond,
            watch.seconds());
    metrics.add(row);
    position = position.nextEpoch();
    directory.write(metrics); // before the checkpoint, see RunDirectory
    save(directory, listener);
    listener.epochDone(row);
    return true;
  }

  private void save(RunDirectory directory, TrainingListener listener) throws IOException {
    directory.write(checkpoint());
    listener.checkpointWritten(directory.checkpoint(), position);
  }

  private void checkLoss(double value) {
    if (!Double.isFinite(value)) {
      throw new ArithmeticException(
          "the loss became "
              + value
              + " at step "
              + (position.step() + 1)
              + " (epoch "
              + (position.epoch() + 1)
              + ", batch "
              + (position.batch() + 1)
              + "); a learning rate below "
              + options.learningRate()
              + " may help");
    }
  }

  private void finish(Batch batch, StepOutcome outcome) {
    checkLoss(outcome.loss());
    optimizer.setLearningRate(schedule.at(position.step()));
    optimizer.step(outcome.gradients());
    int count = batch.size();
    position = position.afterBatch(outcome.loss() * count, outcome.correct(), count);
  }

  /** Time of the part of an epoch that this process does. */
  private static final class Stopwatch {
    private final long start = System.nanoTime();
    private final long seenBefore;

    Stopwatch(long seenBefore) {
      this.seenBefore = seenBefore;
    }

    double seconds() {
      return (System.nanoTime() - start) / 1e9;
    }

    double imagesPerSecond(long seen) {
      return seen == seenBefore ? Double.NaN : (seen - seenBefore) / seconds();
    }
  }
}
