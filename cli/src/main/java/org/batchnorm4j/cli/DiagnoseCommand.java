package org.batchnorm4j.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.nn.deploy.Diagnosis;
import org.batchnorm4j.nn.deploy.DiagnosisLimits;
import org.batchnorm4j.nn.deploy.Finding;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code diagnose}. Used from one thread. */
final class DiagnoseCommand implements Callable<Integer> {
  /** What can be written behind it. */
  static CommandSpec spec() {
    CommandSpec command =
        CheckpointOptions.behind(
            Definition.command(
                    "batchnorm4j diagnose",
                    "Looks for what usually goes wrong with batch norm: statistics that never moved"
                        + " or are far from those of a batch, tiny variances, NaN, dead channels,"
                        + " small batches, inverted momentum, biases without effect.")
                .addOption(
                    Definition.whole(
                        "--batch-size",
                        "N",
                        "Training pictures to look at (default: a batch of the run).")));
    command
        .usageMessage()
        .footer("", "Exit codes: 0 no findings, 3 findings, 1 failure, 2 wrong usage.");
    return command;
  }

  private static final int FINDINGS = 3;

  private final Surroundings surroundings;
  private final CheckpointOptions given;
  private final @Nullable Integer batchSize;

  DiagnoseCommand(Surroundings surroundings, Given given) {
    this.surroundings = surroundings;
    this.given = new CheckpointOptions(given);
    batchSize = given.integer("--batch-size");
  }

  @Override
  public Integer call() throws Exception {
    given.check();
    if (batchSize != null && batchSize < 1) {
      throw new UsageException("batch size must be 1 or more, got " + batchSize);
    }
    if (Stage.onlyChecks()) {
      return Stage.WORK;
    }
    TrainedModel trained = given.read();
    Dataset pictures = trained.prepared(given.pictures(trained.plan()).training());
    int size = batchSize == null ? trained.plan().options().batchSize() : batchSize;
    LoaderOptions options =
        LoaderOptions.training(size, trained.plan().options().seed()).withPrefetch(0);
    try (LoaderBatches batches = new LoaderBatches(new DataLoader(pictures, options), 1)) {
      Tensor batch = batches.iterator().next();
      Diagnosis found =
          Diagnosis.diagnose(
              trained.build(), batch, DiagnosisLimits.defaults(), given.backend(surroundings));
      surroundings.out().print(text(trained, pictures, batch.axis(0), found));
      return found.findings().isEmpty() ? 0 : FINDINGS;
    }
  }

  private static String text(TrainedModel trained, Dataset pictures, int size, Diagnosis found) {
    int count = found.findings().size();
    StringBuilder text = new StringBuilder(trained.title());
    text.append("\nlooking at ").append(size).append(" training pictures of ");
    text.append(pictures.name()).append(" in ").append(found.batchNorms()).append(" batch norms\n");
    if (count > 0) {
      Table table = new Table("finding", "layer", "number", "limit");
      for (Finding finding : found.findings()) {
        table.row(
            finding.symptom().title(),
            finding.path(),
            number(finding.number()),
            number(finding.threshold()));
      }
      text.append('\n').append(table.text());
      for (Finding finding : found.findings()) {
        text.append('\n').append(finding.path()).append(": ").append(finding.symptom().title());
        text.append("\n  ").append(finding.detail());
        text.append("\n  remedy: ").append(finding.remedy()).append('\n');
      }
    }
    String end = count == 0 ? "no findings" : count == 1 ? "1 finding" : count + " findings";
    return text.append('\n').append(end).append('\n').toString();
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? String.format(Locale.ROOT, "%d", (long) value)
        : String.format(Locale.ROOT, "%.3g", value);
  }
}
