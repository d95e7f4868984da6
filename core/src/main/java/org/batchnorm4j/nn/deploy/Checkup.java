package org.batchnorm4j.nn.deploy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormFreeze;
import org.batchnorm4j.nn.Conv1d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.ConvTranspose2d;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Tensor;

/** One look at a model. Not safe for use by several threads. */
final class Checkup {
  private final Module model;
  private final DiagnosisLimits limits;
  private final Backend backend;
  private final Map<BatchNorm, NormSight> seen = new LinkedHashMap<>();
  private final Map<BatchNorm, String> paths = new LinkedHashMap<>();
  private final List<Finding> findings = new ArrayList<>();

  Checkup(Module model, DiagnosisLimits limits, Backend backend) {
    this.model = model;
    this.limits = limits;
    this.backend = backend;
    ModelParts.byPath(model)
        .forEach(
            (path, part) -> {
              if (part instanceof BatchNorm norm) {
                paths.put(norm, path);
              }
            });
  }

  Diagnosis of(Tensor batch) {
    model.stateDict().forEach(this::checkFinite);
    checkFinite("input", batch);
    Pass pass =
        Pass.inference()
            .withBackend(backend)
            .withObserver(
                (layer, input, output) -> {
                  if (layer instanceof BatchNorm norm && !seen.containsKey(norm)) {
                    seen.put(norm, NormSight.of(backend.channelMoments(input), input, output));
                  }
                });
    Tensor output = model.forward(batch, pass);
    if (!firstWrongInput() && findings.isEmpty()) {
      checkFinite("output", output);
    }
    paths.forEach(
        (norm, path) -> {
          checkMomentum(path, norm);
          checkStatistics(path, norm);
        });
    seen.forEach((norm, sight) -> checkOutput(paths.getOrDefault(norm, ""), norm, sight));
    checkSamples();
    Succession.of(model, this::checkBias);
    return new Diagnosis(seen.size(), findings);
  }

  private void add(
      Symptom symptom, String path, double number, double limit, String detail, String remedy) {
    findings.add(new Finding(symptom, path, number, limit, detail, remedy));
  }

  private void checkFinite(String path, Tensor tensor) {
    if (!tensor.dtype().isFloating()) {
      return;
    }
    long wrong = NormSight.countOfWrong(tensor);
    if (wrong > 0) {
      add(
          Symptom.NOT_FINITE,
          path,
          (double) wrong,
          0,
          wrong + " of " + tensor.size() + " values are NaN or infinite",
          switch (path) {
            case "input" -> "look at how the data are read and scaled";
            case "output" -> "look at the layers behind the last batch norm";
            default ->
                "go back to a state from before; a smaller learning rate or clipped gradients keep"
                    + " training from it";
          });
    }
  }

  /** Whether a batch norm was given NaN or infinity; the first one in the order of use counts. */
  private boolean firstWrongInput() {
    for (Map.Entry<BatchNorm, NormSight> entry : seen.entrySet()) {
      NormSight sight = entry.getValue();
      if (sight.wrongInputs() > 0) {
        add(
            Symptom.NOT_FINITE,
            paths.getOrDefault(entry.getKey(), ""),
            (double) sight.wrongInputs(),
            0,
            sight.wrongInputs() + " values that reach it are NaN or infinite",
            "look at the batch and at the layers between here and the batch norm before");
        return true;
      }
    }
    return false;
  }

  private void checkMomentum(String path, BatchNorm norm) {
    AveragingRule rule = norm.options().averaging();
    double weight =
        switch (rule) {
          case AveragingRule.Exponential(double constant) -> constant;
          case AveragingRule.Cumulative() -> 0;
          case AveragingRule.Decaying(double _, double least) -> least;
        };
    if (weight >= limits.mostMomentum() && norm.runningMean().isPresent()) {
      add(
          Symptom.INVERTED_MOMENTUM,
          path,
          weight,
          limits.mostMomentum(),
          String.format(
              Locale.ROOT, "each new batch weighs %s, all before it %.3g", weight, 1 - weight),
          "momentum is the weight of the new batch: use 1 - "
              + weight
              + ", or withDecay("
              + weight
              + ") for a weight of the old value, and recalibrate");
    }
  }

  private void checkStatistics(String path, BatchNorm norm) {
    Optional<Tensor> running = norm.runningMean();
    if (running.isEmpty()) {
      return;
    }
    double[] mean = running.get().toDoubles();
    double[] variance = norm.runningVar().orElseThrow().toDoubles();
    boolean fresh = true;
    int least = 0;
    for (int c = 0; c < mean.length; c++) {
      fresh &= mean[c] == 0 && variance[c] == 1;
      least = variance[c] < variance[least] ? c : least;
    }
    if (fresh) {
      add(
          Symptom.NEVER_UPDATED,
          path,
          (double) norm.numBatchesTracked(),
          1,
          "running mean 0 and variance 1 in every channel, "
              + norm.numBatchesTracked()
              + " batches counted",
          "load the statistics with the weights, train, or recalibrate");
      return;
    }
    if (variance[least] <= norm.options().eps()) {
      add(
          Symptom.TINY_VARIANCE,
          path,
          variance[least],
          norm.options().eps(),
          String.format(
              Locale.ROOT, "channel %d has running variance %.3g", least, variance[least]),
          "find out why that channel hardly varies (a dead unit before it, a constant input); such"
              + " channels magnify noise and lose digits when they are folded or quantised");
    }
    NormSight sight = seen.get(norm);
    if (sight != null && sight.moments().count() > 0) {
      checkDistance(path, norm, sight, mean, variance);
    }
  }

  private void checkDistance(
      String path, BatchNorm norm, NormSight sight, double[] mean, double[] variance) {
    double chance = 1 / Math.sqrt(sight.samples());
    double eps = norm.options().eps();
    int far = 0;
    int worst = 0;
    double most = 0;
    for (int c = 0; c < mean.length; c++) {
      double own = sight.moments().variance(c, VarianceEstimator.BIASED);
      double shift = Math.abs(sight.moments().mean(c) - mean[c]) / Math.sqrt(variance[c] + eps);
      double spread = Math.abs(Math.log((own + eps) / (variance[c] + eps))) / 2;
      double distance = Math.max(shift / (0.5 + 4 * chance), spread / (Math.log(2) + 2 * chance));
      if (distance > 1) {
        far++;
      }
      if (distance > most) {
        most = distance;
        worst = c;
      }
    }
    double share = (double) far / mean.length;
    if (far > 0 && share >= limits.farShare()) {
      add(
          Symptom.FAR_STATISTICS,
          path,
          share,
          limits.farShare(),
          String.format(
              Locale.ROOT,
              "%d of %d channels; channel %d of the batch has mean %.3g and variance %.3g, running"
                  + " %.3g and %.3g",
              far,
              mean.length,
              worst,
              sight.moments().mean(worst),
              sight.moments().variance(worst, VarianceEstimator.BIASED),
              mean[worst],
              variance[worst]),
          "prepare the data as in training; if they are right, recalibrate, or train longer or"
              + " with a larger momentum");
    }
  }

  private void checkOutput(String path, BatchNorm norm, NormSight sight) {
    double share = (double) sight.deadChannels() / norm.numFeatures();
    if (sight.deadChannels() > 0 && share >= limits.deadShare()) {
      add(
          Symptom.DEAD_CHANNELS,
          path,
          share,
          limits.deadShare(),
          sight.deadChannels()
              + " of "
              + norm.numFeatures()
              + " channels give one number for the whole batch, channel "
              + sight.firstDead()
              + " first",
          "a smaller learning rate or warm-up keeps units alive; weight decay on gamma and beta"
              + " kills them; prune them if the model is good enough");
    }
  }

  /** Only the layer that sees fewest samples: the batch is the same for all. */
  private void checkSamples() {
    BatchNorm worst = null;
    NormSight least = null;
    for (Map.Entry<BatchNorm, NormSight> entry : seen.entrySet()) {
      boolean ownStatistics = !entry.getKey().frozen().contains(BatchNormFreeze.NORMALISATION);
      NormSight sight = entry.getValue();
      if (ownStatistics && (least == null || sight.samples() < least.samples())) {
        worst = entry.getKey();
        least = sight;
      }
    }
    if (worst != null && least != null && least.samples() < limits.leastSamples()) {
      add(
          Symptom.SMALL_BATCH,
          paths.getOrDefault(worst, ""),
          least.samples(),
          limits.leastSamples(),
          least.samples()
              + (least.samples() == 1 ? " sample, " : " samples, ")
              + least.moments().count()
              + " values per channel",
          (least.rank() > 2 ? "use GroupNorm" : "use LayerNorm")
              + ", which needs no batch, larger batches, or frozen statistics for fine-tuning");
    }
  }

  private void checkBias(String path, Module layer, BatchNorm norm) {
    Optional<Parameter> bias =
        switch (layer) {
          case Conv1d line -> line.bias();
          case Conv2d conv -> conv.bias();
          case Conv3d cube -> cube.bias();
          case ConvTranspose2d up -> up.bias();
          case Linear linear -> linear.bias();
          default -> Optional.empty();
        };
    NormSight sight = seen.get(norm);
    boolean lastAxis = layer instanceof Linear; // that of a convolution is axis 1
    boolean sameAxis =
        norm.options().axis() == 1 ? !lastAxis || (sight != null && sight.rank() == 2) : lastAxis;
    boolean ownStatistics = !norm.frozen().contains(BatchNormFreeze.NORMALISATION);
    if (bias.isPresent() && sameAxis && ownStatistics) {
      int values = bias.get().value().size();
      add(
          Symptom.CANCELLED_BIAS,
          path,
          values,
          0,
          values
              + " values that "
              + norm.members().kind()
              + " \""
              + paths.getOrDefault(norm, "")
              + "\" takes away with the mean",
          "build the layer without a bias; the norm's own does its work");
    }
  }
}
