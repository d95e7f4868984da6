package org.batchnorm4j.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.LastBatch;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.deploy.Recalibration;
import org.batchnorm4j.nn.deploy.RecalibrationOrder;
import org.batchnorm4j.nn.deploy.RecalibrationReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code recalibrate}. Used from one thread. */
final class RecalibrateCommand implements Callable<Integer> {
  /** What can be written behind it. */
  static CommandSpec spec() {
    return CheckpointOptions.behind(
        Definition.command(
                "batchnorm4j recalibrate",
                "Gives the batch norms of a checkpoint the exact statistics of the training"
                    + " pictures.")
            .addOption(CheckpointOptions.out())
            .addOption(
                Definition.text(
                    "--order",
                    "ORDER",
                    "layers (default): each batch norm behind recalibrated ones, a pass over the"
                        + " pictures for each; one-pass: all at once, each batch normalised by"
                        + " itself."))
            .addOption(
                Definition.whole("--batch-size", "N", "Pictures at once (default: as in the run)."))
            .addOption(
                Definition.whole("--batches", "N", "Only the first N batches (default: all).")));
  }

  private final Surroundings surroundings;
  private final CheckpointOptions given;
  private final Path out;
  private final String order;
  private final @Nullable Integer batchSize;
  private final int batches;

  RecalibrateCommand(Surroundings surroundings, Given given) {
    this.surroundings = surroundings;
    this.given = new CheckpointOptions(given);
    out = given.requiredPath("--out");
    order = Objects.requireNonNullElse(given.text("--order"), "layers");
    batchSize = given.integer("--batch-size");
    batches = Objects.requireNonNullElse(given.integer("--batches"), Integer.MAX_VALUE);
  }

  @Override
  public Integer call() throws Exception {
    given.check();
    RecalibrationOrder chosen =
        switch (order) {
          case "layers" -> RecalibrationOrder.LAYER_BY_LAYER;
          case "one-pass" -> RecalibrationOrder.ONE_PASS;
          default ->
              throw new UsageException("order must be layers or one-pass, got \"" + order + "\"");
        };
    if (batches < 1 || (batchSize != null && batchSize < 1)) {
      throw new UsageException("--batches and --batch-size must be 1 or more");
    }
    if (Stage.onlyChecks()) {
      return Stage.WORK;
    }
    TrainedModel trained = given.read();
    trained.requireBatchNorm("recalibrate");
    Dataset pictures = trained.prepared(given.pictures(trained.plan()).training());
    Module model = trained.build();
    int size = batchSize == null ? trained.plan().options().batchSize() : batchSize;
    LoaderOptions each = LoaderOptions.evaluation(size);
    if (chosen == RecalibrationOrder.ONE_PASS) {
      each = each.withLastBatch(LastBatch.DROP_IF_SINGLE); // training refuses it
    }
    RecalibrationReport report;
    try (LoaderBatches source = new LoaderBatches(new DataLoader(pictures, each), batches)) {
      report = Recalibration.recalibrate(model, source, chosen, given.backend(surroundings));
    }
    trained.write(
        out,
        surroundings.disk(),
        trained.plan().norm(),
        model.stateDict(),
        trained.state().optimizer());
    surroundings.out().print(text(trained, pictures, report));
    return 0;
  }

  private String text(TrainedModel trained, Dataset pictures, RecalibrationReport report) {
    Table table = new Table("layer", "values per channel", "mean moved", "variance times");
    for (RecalibrationReport.Change change : report.changed()) {
      table.row(
          change.path(),
          String.format(Locale.ROOT, "%,d", change.values()),
          String.format(Locale.ROOT, "%.3f", change.meanShift()),
          String.format(Locale.ROOT, "%.3f", change.varianceRatio()));
    }
    return trained.title()
        + String.format(
            Locale.ROOT,
            "\n%,d batches of training pictures of %s, %s\n\n",
            report.batches(),
            pictures.name(),
            order.equals("layers") ? "layer by layer" : "in one pass")
        + table.text()
        + "\nmean moved: in new deviations, variance times: new by old; the most of any channel\n"
        + "written: "
        + out
        + "\n";
  }
}
