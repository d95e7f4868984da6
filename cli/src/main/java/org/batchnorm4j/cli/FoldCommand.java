package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.data.DataLoader;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.LoaderOptions;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.deploy.FoldedLayer;
import org.batchnorm4j.nn.deploy.FoldedModel;
import org.batchnorm4j.nn.deploy.Folding;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Tensor;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code fold}. Used from one thread. */
final class FoldCommand implements Callable<Integer> {
  /** What can be written behind it. */
  static CommandSpec spec() {
    return CheckpointOptions.behind(
        Definition.command(
                "batchnorm4j fold",
                "Folds the batch norms of a checkpoint into the layers before them, for"
                    + " inference: the new checkpoint has norm none and gives the same answers.")
            .addOption(CheckpointOptions.out()));
  }

  private static final int PROBE = 250;

  private final Surroundings surroundings;
  private final CheckpointOptions given;
  private final Path out;

  FoldCommand(Surroundings surroundings, Given given) {
    this.surroundings = surroundings;
    this.given = new CheckpointOptions(given);
    out = given.requiredPath("--out");
  }

  @Override
  public Integer call() throws Exception {
    given.check();
    if (Stage.onlyChecks()) {
      return Stage.WORK;
    }
    TrainedModel trained = given.read();
    trained.requireBatchNorm("fold");
    Module model = trained.build();
    FoldedModel folded = Folding.fold(model);
    if (!folded.kept().isEmpty()) {
      throw new IllegalArgumentException(
          trained.file()
              + ": batch norm \""
              + folded.kept().getFirst().path()
              + "\" cannot be folded: "
              + folded.kept().getFirst().reason());
    }
    String measured = deviation(trained, model, folded);
    trained
        .network(Norm.none())
        .loadStateDict(folded.model().stateDict(), true); // what evaluate will do
    trained.write(out, surroundings.disk(), Norm.none(), folded.model().stateDict(), Map.of());
    surroundings.out().print(text(trained, folded, measured));
    return 0;
  }

  /** What the folded network makes of test pictures, if there are any. */
  private String deviation(TrainedModel trained, Module model, FoldedModel folded)
      throws IOException {
    Dataset pictures;
    try {
      pictures = trained.prepared(given.pictures(trained.plan()).test());
    } catch (IOException unreadable) {
      if (given.asksForData()) {
        throw unreadable;
      }
      return "deviation not measured, for want of pictures: " + Failures.describe(unreadable);
    }
    Backend backend = given.backend(surroundings);
    DataLoader loader = new DataLoader(pictures, LoaderOptions.evaluation(PROBE).withPrefetch(0));
    try (LoaderBatches batches = new LoaderBatches(loader, 1)) {
      Tensor probe = batches.iterator().next();
      FoldedModel.Deviation found =
          folded.deviationFrom(model, probe, Pass.inference().withBackend(backend));
      return String.format(
          Locale.ROOT,
          "largest deviation, measured: %.2e of outputs up to %.3g, on %d test pictures of %s",
          found.largest(),
          found.largestOutput(),
          probe.axis(0),
          pictures.name());
    }
  }

  private String text(TrainedModel trained, FoldedModel folded, String measured) {
    Table table = new Table("layer", "into", "largest scale", "rounding");
    for (FoldedLayer layer : folded.folded()) {
      table.row(
          layer.path(),
          layer.into(),
          String.format(Locale.ROOT, "%.3g", layer.largestScale()),
          String.format(Locale.ROOT, "%.2e", layer.rounding()));
    }
    return trained.title()
        + "\n\n"
        + table.text()
        + "\nrounding: of the weights, derived: what it changes at most for inputs from -1 to 1\n"
        + measured
        + "\nwritten: "
        + out
        + "\n";
  }
}
