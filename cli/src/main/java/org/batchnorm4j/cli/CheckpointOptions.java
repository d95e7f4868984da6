package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.training.Checkpoint;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the commands on a checkpoint have in common. Used from one thread. */
final class CheckpointOptions {

  @Parameters(
      index = "0",
      paramLabel = "CHECKPOINT",
      description = "A checkpoint.safetensors, or the directory of a run.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path checkpoint;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description =
          "Pictures: digits, mnist:DIR, fashion-mnist:DIR or cifar10:DIR (default: those of the"
              + " run).")
  private @Nullable String data;

  @Option(
      names = "--holdout",
      paramLabel = "N",
      description =
          "The last N pictures of the t10k files are for testing (default: as in the run if the"
              + " data are the same, else all).")
  private @Nullable Integer holdout;

  @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors).")
  private @Nullable Integer threads;

  @Option(names = "--kernels", paramLabel = "KIND", description = "auto (default), scalar or simd.")
  private @Nullable String kernels;

  @Option(names = "--verbose", description = "Print the stack behind an error.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

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
