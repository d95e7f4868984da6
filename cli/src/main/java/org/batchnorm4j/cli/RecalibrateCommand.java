package org.batchnorm4j.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.LastBatch;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.deploy.Recalibration;
import org.batchnorm4j.nn.deploy.RecalibrationOrder;
import org.batchnorm4j.nn.deploy.RecalibrationReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code recalibrate}. Used from one thread. */
@Command(
    name = "recalibrate",
    description =
        "Gives the batch norms of a checkpoint the exact statistics of the training pictures.",
    sortOptions = false)
final class RecalibrateCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "Where the new checkpoint goes; written whole or not at all.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path out;

  @Option(
      names = "--order",
      paramLabel = "ORDER",
      description =
          "layers (default): each batch norm behind recalibrated ones, a pass over the pictures for"
              + " each; one-pass: all at once, each batch normalised by itself.")
  private String order = "layers";

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Pictures at once (default: as in the run).")
  private @Nullable Integer batchSize;

  @Option(
      names = "--batches",
      paramLabel = "N",
      description = "Only the first N batches (default: all).")
  private int batches = Integer.MAX_VALUE;

  @Mixin private final CheckpointOptions given = new CheckpointOptions();

  RecalibrateCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
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
