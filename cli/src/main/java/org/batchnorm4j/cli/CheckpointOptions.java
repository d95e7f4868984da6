package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.training.Checkpoint;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What the commands on a checkpoint have in common. Used from one thread. */
final class CheckpointOptions {
  private final Path checkpoint;
  private final @Nullable String data;
  private final @Nullable Integer holdout;
  private final @Nullable Integer threads;
  private final @Nullable String kernels;

  CheckpointOptions(Given given) {
    checkpoint = Path.of(given.parameters().getFirst());
    data = given.text("--data");
    holdout = given.integer("--holdout");
    threads = given.integer("--threads");
    kernels = given.text("--kernels");
  }

  /** For commands that write a checkpoint. */
  static OptionSpec out() {
    return Definition.requiredPath(
        "--out", "FILE", "Where the new checkpoint goes; written whole or not at all.");
  }

  /** What all these commands take, the options behind those of the command. */
  static CommandSpec behind(CommandSpec command) {
    return command
        .addPositional(
            Definition.parameter(
                "CHECKPOINT", "A checkpoint.safetensors, or the directory of a run."))
        .addOption(
            Definition.text(
                "--data",
                "DATA",
                "Pictures: digits, mnist:DIR, fashion-mnist:DIR or cifar10:DIR (default: those of"
                    + " the run)."))
        .addOption(
            Definition.whole(
                "--holdout",
                "N",
                "The last N pictures of the t10k files are for testing (default: as in the run if"
                    + " the data are the same, else all)."))
        .addOption(Processing.threadsOption())
        .addOption(Processing.kernelsOption())
        .addOption(Definition.verbose())
        .addOption(Definition.help());
  }

  /**
   * Checks everything that can be checked without files.
   *
   * @throws UsageException if a value is out of range or unknown
   */
  void check() {
    try {
      if (data != null) {
        DataSource.parse(data);
      }
      Processing.kernels(kernels);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
    Processing.threads(threads);
  }

  /** What computes; says on the error stream what could not be had. */
  CpuBackend backend(Surroundings surroundings) {
    return CpuBackend.of(
        Processing.kernels(kernels),
        Processing.threads(threads),
        line -> surroundings.err().println("batchnorm4j: " + line));
  }

  /** Reads the checkpoint. */
  TrainedModel read() throws IOException {
    Path file = CheckpointFiles.resolve(checkpoint);
    Checkpoint state = Checkpoint.read(file);
    return new TrainedModel(file, state, RunPlan.of(state, file));
  }

  /** Whether pictures of another place than the run's were asked for. */
  boolean asksForData() {
    return data != null;
  }

  /** Where pictures come from, and how many of them are for testing. */
  PictureChoice pictures(RunPlan plan) throws IOException {
    if (data == null || RunPlan.sameData(data, plan.data().toString())) {
      return new PictureChoice(plan.data(), holdout == null ? plan.holdout() : holdout);
    }
    return new PictureChoice(DataSource.parse(data), holdout == null ? 0 : holdout);
  }
}
