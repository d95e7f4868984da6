package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.io.Disk;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.model.Norm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.training.Checkpoint;

/**
 * A checkpoint that was read. Immutable.
 *
 * @param file where
 * @param state what it holds
 * @param plan the run it comes from
 */
record TrainedModel(Path file, Checkpoint state, RunPlan plan) {

  /** The network with the checkpoint's values. */
  Module build() throws FormatException {
    Module model = network(plan.norm());
    try {
      state.loadInto(model);
    } catch (IllegalArgumentException e) {
      throw new FormatException(file, "the checkpoint is damaged: " + e.getMessage(), e);
    }
    return model;
  }

  /** The network with first values and any norm. */
  Module network(Norm norm) {
    return plan.model()
        .build(state.data().shape(), state.data().classes(), norm, plan.options().seed());
  }

  /**
   * Pictures as the network saw its own.
   *
   * @throws UsageException if they have another shape or other classes
   */
  Dataset prepared(Dataset given) {
    Dataset pictures = state.data().normalised(given);
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
    return pictures;
  }

  /**
   * Refuses networks without batch norm.
   *
   * @param wanted what was to be done with them
   */
  void requireBatchNorm(String wanted) {
    if (!plan.norm().equals(Norm.batch())) {
      throw new IllegalArgumentException(
          file + " has norm " + plan.norm().name() + ", so there is no batch norm to " + wanted);
    }
  }

  /** Writes the checkpoint with other values for the model, whole or not at all. */
  void write(
      Path target, Disk disk, Norm norm, Map<String, Tensor> model, Map<String, Tensor> optimizer)
      throws IOException {
    RunPlan changed = new RunPlan(plan.model(), norm, plan.data(), plan.holdout(), plan.options());
    Map<String, String> labels = new LinkedHashMap<>(state.labels());
    labels.putAll(changed.labels());
    new Checkpoint(
            labels,
            state.options(),
            state.data(),
            state.position(),
            state.metrics(),
            model,
            optimizer)
        .write(target, disk);
  }

  /** File, network, data and progress, as the first line of a report. */
  String title() {
    return file
        + ": "
        + plan.model().option()
        + " (norm "
        + plan.norm().name()
        + ") trained on "
        + plan.data()
        + ", "
        + RunReport.reached(state.position());
  }
}
