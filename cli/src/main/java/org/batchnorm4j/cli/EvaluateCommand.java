package org.batchnorm4j.cli;

import java.util.concurrent.Callable;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.training.Evaluation;
import org.batchnorm4j.training.Evaluator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code evaluate}. Used from one thread. */
@Command(
    name = "evaluate",
    description = "Tests a trained network: accuracy, loss and which classes it confuses.",
    sortOptions = false)
final class EvaluateCommand implements Callable<Integer> {
  private final Surroundings surroundings;

  @Mixin private final CheckpointOptions given = new CheckpointOptions();

  EvaluateCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
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
