package org.batchnorm4j.cli;

import java.util.concurrent.Callable;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.training.Evaluation;
import org.batchnorm4j.training.Evaluator;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code evaluate}. Used from one thread. */
final class EvaluateCommand implements Callable<Integer> {
  /** What can be written behind it. */
  static CommandSpec spec() {
    return CheckpointOptions.behind(
        Definition.command(
            "batchnorm4j evaluate",
            "Tests a trained network: accuracy, loss and which classes it confuses."));
  }

  private final Surroundings surroundings;
  private final CheckpointOptions given;

  EvaluateCommand(Surroundings surroundings, Given given) {
    this.surroundings = surroundings;
    this.given = new CheckpointOptions(given);
  }

  @Override
  public Integer call() throws Exception {
    given.check();
    if (Stage.onlyChecks()) {
      return Stage.WORK;
    }
    TrainedModel trained = given.read();
    Dataset pictures = trained.prepared(given.pictures(trained.plan()).test());
    CpuBackend backend = given.backend(surroundings);
    Evaluation evaluation = new Evaluator(backend).evaluate(trained.build(), pictures);
    surroundings.out().print(new EvaluationReport(trained, pictures, evaluation).text());
    return 0;
  }
}
