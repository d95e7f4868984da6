package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.training.Checkpoint;
import org.batchnorm4j.training.RunDirectory;
import org.batchnorm4j.training.RunSummary;
import org.batchnorm4j.training.Trainer;
import org.batchnorm4j.training.TrainingResult;
import org.jspecify.annotations.Nullable;

/** One run of {@code train}, from the arguments to the summary. Used once, from one thread. */
final class TrainingSession {
  private final Surroundings surroundings;
  private final TrainCommand given;
  private final RunChoices choices;
  private final String arguments;

  TrainingSession(
      Surroundings surroundings, TrainCommand given, RunChoices choices, String arguments) {
    this.surroundings = surroundings;
    this.given = given;
    this.choices = choices;
    this.arguments = arguments;
  }

  /** Trains; returns the exit code. */
  int run() throws IOException {
    Path from = given.resume == null ? null : CheckpointFiles.resolve(given.resume);
    Checkpoint checkpoint = from == null ? null : Checkpoint.read(from);
    RunPlan plan = plan(checkpoint);
    Path out = RunPlaces.choose(given.out, given.overwrite, from, plan);
    DataSplit data = load(plan);
    Backend backend =
        CpuBackend.of(
            choices.kernels(),
            choices.threads(),
            line -> {
              if (!given.quiet) {
                surroundings.err().println("batchnorm4j: " + line);
              }
            });
    Module model = model(plan, data);
    Trainer trainer = new Trainer(model, data, plan.options(), backend).withLabels(plan.labels());
    if (checkpoint != null) {
      restore(trainer, checkpoint);
    }
    RunDirectory directory = RunDirectory.at(out, surroundings.disk());
    if (given.overwrite) {
      RunPlaces.clear(directory);
    }
    RunReport report =
        new RunReport(plan, data, model.parameterCount(), backend.describe(), directory);
    if (!given.quiet) {
      surroundings.out().print(report.opening(trainer.position(), from));
    }
    StopSignal stop = surroundings.signals().get();
    Progress progress = Progress.of(surroundings, given.quiet, plan.options().epochs());
    progress.begin(trainer.position(), trainer.batchesPerEpoch());
    TrainingResult result = trainer.run(directory, progress, stop::requested);
    if (!result.finished()) {
      surroundings
          .err()
          .println(report.stopped(result.position(), trainer.batchesPerEpoch(), given.quiet));
      return stop.exitCode();
    }
    directory.write(summary(result, plan, model, backend));
    if (!given.quiet) {
      surroundings.out().print(report.closing(result));
    }
    return 0;
  }

  private RunPlan plan(@Nullable Checkpoint checkpoint) {
    try {
      return checkpoint == null ? choices.newRun() : choices.resumed(checkpoint);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private static DataSplit load(RunPlan plan) throws IOException {
    try {
      return plan.data().load(plan.holdout());
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private static Module model(RunPlan plan, DataSplit data) {
    try {
      return plan.model()
          .build(
              data.training().shape(),
              data.training().classes(),
              plan.norm(),
              plan.options().seed());
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private static void restore(Trainer trainer, Checkpoint checkpoint) {
    try {
      trainer.restore(checkpoint);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private RunSummary summary(TrainingResult result, RunPlan plan, Module model, Backend backend) {
    RunSummary summary =
        RunSummary.of(result, model.parameterCount())
            .with("command", "batchnorm4j " + arguments)
            .with("computed_with", backend.describe())
            .with("version", VersionText.version())
            .with("java", Runtime.version().toString());
    for (var option : plan.values().entrySet()) {
      if (!option.getKey().equals("epochs")) {
        summary = summary.with(option.getKey().replace('-', '_'), option.getValue());
      }
    }
    return summary;
  }
}
