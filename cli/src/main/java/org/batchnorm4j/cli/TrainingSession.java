package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.DataSplit;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.MatrixMultiplyPreference;
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
    if (given.resume == null) {
      RunPlan plan = choices.newRun();
      try (RunClaim claim = RunPlaces.claim(given.out, given.overwrite, plan)) {
        return run(claim, plan, null, null);
      }
    }
    Path from = CheckpointFiles.resolve(given.resume);
    try (RunClaim claim = RunPlaces.claimResumed(given.out, from)) {
      Checkpoint checkpoint = Checkpoint.read(from); // behind the claim: nobody changes it now
      return run(claim, choices.resumed(checkpoint, from), checkpoint, from);
    }
  }

  private Backend backend() {
    MatrixMultiplyPreference products =
        given.deterministic ? MatrixMultiplyPreference.JAVA : MatrixMultiplyPreference.AUTO;
    return CpuBackend.of(choices.kernels(), products, choices.threads(), this::notice);
  }

  private void notice(String line) {
    if (!given.quiet) {
      surroundings.err().println("batchnorm4j: " + line);
    }
  }

  private int run(
      RunClaim claim, RunPlan plan, @Nullable Checkpoint checkpoint, @Nullable Path from)
      throws IOException {
    DataSplit data = load(plan);
    Backend backend = backend();
    Module model = model(plan, data);
    Trainer trainer = new Trainer(model, data, plan.options(), backend).withLabels(plan.labels());
    if (checkpoint != null && from != null) {
      restore(trainer, checkpoint, from);
    }
    RunDirectory directory = RunDirectory.at(claim.directory(), surroundings.disk());
    RunReport report =
        new RunReport(plan, data, model.parameterCount(), backend.describe(), directory);
    if (!given.quiet) {
      surroundings.out().print(report.opening(trainer.position(), from));
    }
    boolean done = trainer.position().epoch() == plan.options().epochs();
    boolean keepSummary = done && Files.exists(directory.summary());
    if (!keepSummary) {
      // it would be of another run, or of this one when it had fewer epochs
      surroundings.disk().delete(directory.summary());
    }
    long resumedAt = trainer.position().step();
    StopSignal stop = surroundings.signals().get();
    Progress progress = Progress.of(surroundings, given.quiet, plan.options().epochs());
    progress.begin(trainer.position(), trainer.batchesPerEpoch());
    TrainingResult result = trainer.run(directory, progress, stop::requested);
    if (!result.finished()) {
      surroundings
          .err()
          .println(report.stopped(result.position(), trainer.batchesPerEpoch(), given.again()));
      return stop.exitCode();
    }
    if (!keepSummary) {
      RunSummary summary = summary(result, plan, model, backend);
      directory.write(from == null ? summary : summary.with("resumed_at_step", resumedAt));
    }
    if (!given.quiet) {
      surroundings.out().print(report.closing(result));
    }
    return 0;
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

  private static void restore(Trainer trainer, Checkpoint checkpoint, Path file)
      throws FormatException {
    if (checkpoint.optimizer().isEmpty()) {
      throw new UsageException(
          file
              + " has no state of an optimiser, as one that fold wrote for inference; go on from the"
              + " checkpoint that was folded");
    }
    try {
      trainer.requireSameRun(checkpoint);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
    try {
      trainer.restore(checkpoint);
    } catch (IllegalArgumentException e) {
      throw new FormatException(file, "the checkpoint is damaged: " + e.getMessage(), e);
    }
  }

  private RunSummary summary(TrainingResult result, RunPlan plan, Module model, Backend backend) {
    RunSummary summary =
        RunSummary.of(result, model.parameterCount())
            .with("command", "batchnorm4j " + arguments)
            .with("computed_with", backend.describe())
            .with("version", VersionText.version())
            .with("java", Runtime.version().toString());
    for (Map.Entry<String, Object> option : plan.values().entrySet()) {
      if (!option.getKey().equals("epochs")) { // those done are there already
        summary = summary.with(option.getKey().replace('-', '_'), option.getValue());
      }
    }
    return summary;
  }
}
