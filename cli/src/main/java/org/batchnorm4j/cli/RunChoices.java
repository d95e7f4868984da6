package org.batchnorm4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.model.Network;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.training.BatchParts;
import org.batchnorm4j.training.Checkpoint;
import org.batchnorm4j.training.OptimizerKind;
import org.batchnorm4j.training.ScheduleKind;
import org.batchnorm4j.training.TrainingOptions;
import org.jspecify.annotations.Nullable;

/** What was chosen on the command line of {@code train}, laid over the defaults or a checkpoint. */
final class RunChoices {
  private final TrainCommand given;

  RunChoices(TrainCommand given) {
    this.given = given;
  }

  /**
   * Checks everything that can be checked without files.
   *
   * @throws UsageException if a value is out of range or unknown, or options exclude each other
   */
  void check() {
    RunPlan plan = newRun();
    try {
      kernels();
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
    threads();
    if (given.resume == null) { // a run that goes on has the norm and sizes of its checkpoint
      checkSizes(plan.norm(), plan.options());
    }
    if (given.overwrite && given.resume != null) {
      throw new UsageException("--overwrite and --resume exclude each other");
    }
    if (given.overwrite && given.out == null) {
      throw new UsageException("--overwrite needs --out DIR, the run to replace");
    }
  }

  private static void checkSizes(Norm norm, TrainingOptions options) {
    BatchParts parts = options.parts();
    boolean across = norm.looksAcrossTheBatch();
    if (across && options.batchSize() == 1) {
      throw new UsageException(
          "--batch-size 1 leaves batch norm one picture to take mean and variance from; choose"
              + " --batch-size 2 or more, or --norm none");
    }
    try {
      parts.requireSense(options.batchSize());
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
    if (across && parts.ghost() == 1) {
      throw new UsageException(
          "--ghost 1 leaves batch norm one picture to take mean and variance from; choose --ghost 2"
              + " or more");
    }
    if (!across && parts.ghost() > 0) {
      throw new UsageException(
          "--ghost "
              + parts.ghost()
              + " changes nothing with --norm "
              + norm.name()
              + ", which looks at one picture at a time; leave it out");
    }
  }

  /** Number of threads. */
  int threads() {
    return Processing.threads(given.threads);
  }

  /** Which kernels. */
  KernelPreference kernels() {
    return Processing.kernels(given.kernels);
  }

  /** The plan of a new run. */
  RunPlan newRun() {
    return planOver(RunPlan.defaults());
  }

  /**
   * The plan by which a run goes on.
   *
   * @param file where the checkpoint was read, for messages
   * @throws UsageException if an option says otherwise than the checkpoint; the message names both
   * @throws FormatException if this program did not write the checkpoint
   */
  RunPlan resumed(Checkpoint checkpoint, Path file) throws FormatException {
    RunPlan before = RunPlan.of(checkpoint, file);
    RunPlan after = planOver(before);
    List<String> conflicts = new ArrayList<>();
    before
        .labels()
        .forEach(
            (name, value) -> {
              // another directory may hold the same pictures, which are compared later
              boolean same =
                  name.equals("data")
                      ? before.dataWord().equals(after.dataWord())
                      : value.equals(after.labels().get(name));
              if (!same) {
                conflicts.add(name);
              }
            });
    conflicts.addAll(after.options().conflictsWith(before.options()));
    if (!conflicts.isEmpty()) {
      String name = conflicts.getFirst();
      throw new UsageException(
          "--"
              + name
              + " "
              + after.values().get(name)
              + " conflicts with the checkpoint, whose run has --"
              + name
              + " "
              + before.values().get(name)
              + "; leave the option out to go on, or start a new run without --resume"
              + hint(name, before));
    }
    return after;
  }

  private static String hint(String name, RunPlan before) {
    return name.equals("epochs")
        ? "; epochs can be added with the schedule constant only, this is "
            + before.options().schedule().option()
        : "";
  }

  private RunPlan planOver(RunPlan base) {
    try {
      return over(base);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private RunPlan over(RunPlan base) {
    return new RunPlan(
        given.model == null ? base.model() : Network.named(given.model),
        given.norm == null ? base.norm() : Norm.named(given.norm),
        given.data == null ? base.data() : DataSource.parse(given.data),
        Optional.ofNullable(given.holdout).orElse(base.holdout()),
        optionsOver(base.options()));
  }

  private TrainingOptions optionsOver(TrainingOptions base) {
    TrainingOptions options = base;
    if (given.optimizer != null) {
      OptimizerKind kind = OptimizerKind.named(given.optimizer);
      if (kind != base.optimizer()) { // which would bring its default rate again
        options = options.withOptimizer(kind);
      }
    }
    options = with(options, given.learningRate, TrainingOptions::withLearningRate);
    options = with(options, given.weightDecay, TrainingOptions::withWeightDecay);
    options = with(options, given.epochs, TrainingOptions::withEpochs);
    options = with(options, given.batchSize, TrainingOptions::withBatchSize);
    options = with(options, given.seed, TrainingOptions::withSeed);
    options = with(options, given.crop, TrainingOptions::withCrop);
    options = options.withParts(partsOver(options.parts()));
    options = with(options, given.checkpointEvery, TrainingOptions::withCheckpointEvery);
    if (given.schedule != null) {
      options = options.withSchedule(ScheduleKind.named(given.schedule));
    }
    return given.flip ? options.withFlip(true) : options;
  }

  private BatchParts partsOver(BatchParts base) {
    BatchParts parts = with(base, given.replicas, BatchParts::withReplicas);
    parts = with(parts, given.microBatches, BatchParts::withMicroBatches);
    return with(parts, given.ghost, BatchParts::withGhost);
  }

  private static <O, T> O with(O options, @Nullable T value, BiFunction<O, T, O> change) {
    return value == null ? options : change.apply(options, value);
  }
}
