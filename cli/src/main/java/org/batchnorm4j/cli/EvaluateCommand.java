package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.batchnorm4j.data.DataSource;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.training.Checkpoint;
import org.batchnorm4j.training.Evaluation;
import org.batchnorm4j.training.Evaluator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code evaluate}. Used from one thread. */
@Command(
    name = "evaluate",
    description = "Tests a trained network: accuracy, loss and which classes it confuses.",
    sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
  private static final int MOST_THREADS = 1024;

  private final Surroundings surroundings;

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
          "Test pictures of digits, mnist:DIR, fashion-mnist:DIR or cifar10:DIR (default: those of"
              + " the run).")
  private @Nullable String data;

  @Option(
      names = "--holdout",
      paramLabel = "N",
      description =
          "The last N pictures of the t10k files only (default: as in the run if the data are the"
              + " same, else all).")
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

  EvaluateCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    KernelPreference preference = preference();
    int count = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    if (count < 1 || count > MOST_THREADS) {
      throw new UsageException("threads must be from 1 to " + MOST_THREADS + ", got " + count);
    }
    if (Stage.onlyChecks()) {
      return Stage.WORK;
    }
    Path file = CheckpointFiles.resolve(checkpoint);
    Checkpoint state = Checkpoint.read(file);
    RunPlan plan = RunPlan.of(state, file);
    Dataset pictures = state.data().normalised(test(plan));
    if (pictures.classes() != state.data().classes()
        || !pictures.shape().equals(state.data().shape())) {
      throw new UsageException(
          file
              + " reads pictures "
              + state.data().shape()
              + " of "
              + state.data().classes()
              + " classes, but these are "
              + pictures);
    }
    CpuBackend backend =
        CpuBackend.of(
            preference, count, line -> surroundings.err().println("batchnorm4j: " + line));
    Module model =
        plan.model()
            .build(pictures.shape(), pictures.classes(), plan.norm(), plan.options().seed());
    load(state, model, file);
    Evaluation evaluation = new Evaluator(backend).evaluate(model, pictures);
    surroundings
        .out()
        .print(new EvaluationReport(file, plan, state.position(), pictures, evaluation).text());
    return 0;
  }

  private KernelPreference preference() {
    try {
      if (data != null) {
        DataSource.parse(data);
      }
      return kernels == null ? KernelPreference.AUTO : KernelPreference.named(kernels);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private static void load(Checkpoint state, Module model, Path file) throws FormatException {
    try {
      state.loadInto(model);
    } catch (IllegalArgumentException e) {
      throw new FormatException(file, "the checkpoint is damaged: " + e.getMessage(), e);
    }
  }

  private Dataset test(RunPlan plan) throws IOException {
    try {
      if (data == null || RunPlan.sameData(data, plan.data().toString())) {
        return plan.data().loadTest(holdout == null ? plan.holdout() : holdout);
      }
      return DataSource.parse(data).loadTest(holdout == null ? 0 : holdout);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }
}
