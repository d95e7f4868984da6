package org.batchnorm4j.optim;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.deploy.Recalibration;
import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * The average of a model's weights over training: {@code average = (1 - f) * average + f * weights}
 * at each {@link #update}, where f is what an {@link AveragingRule} says for the n-th update and 1
 * for the first. {@code cumulative()} is stochastic weight averaging (SWA), {@code decay(0.999)} an
 * exponential moving average (EMA), {@code decaying(1, 0.001)} an EMA that begins as a plain mean.
 *
 * <ul>
 *   <li>Kept in float64, so that small weights f lose nothing, and rounded once by {@link
 *       #applyTo}.
 *   <li>What happens to running statistics has to be chosen: {@link AveragedStatistics}.
 *   <li>A parameter that two places share is averaged under each of its names.
 *   <li>The state can be saved and loaded, so that a resumed run goes on with the same bits.
 * </ul>
 *
 * <p>Not safe for use by several threads.
 */
public final class AveragedWeights {
  private static final String UPDATES = "updates";
  private static final String AVERAGE = "average.";
  private static final String COPY = "copy.";

  private final Module model;
  private final AveragingRule rule;
  private final AveragedStatistics statistics;
  private final Tensor updates = Tensor.scalar(0L);
  private final Map<String, Tensor> averages = new LinkedHashMap<>();
  private final Map<String, Tensor> copies = new LinkedHashMap<>();

  /**
   * An average of nothing yet.
   *
   * @param model whose weights are averaged; it is only read
   * @param rule weight of each update
   * @param statistics what becomes of running statistics and other buffers
   */
  public AveragedWeights(Module model, AveragingRule rule, AveragedStatistics statistics) {
    this.model = model;
    this.rule = rule;
    this.statistics = statistics;
    Set<Tensor> weights = Collections.newSetFromMap(new IdentityHashMap<>());
    model.parameters().forEach(parameter -> weights.add(parameter.value()));
    model
        .stateDict()
        .forEach(
            (name, tensor) -> {
              boolean averaged =
                  weights.contains(tensor)
                      || (statistics == AveragedStatistics.AVERAGED && tensor.dtype().isFloating());
              DType dtype = averaged ? DType.FLOAT64 : tensor.dtype();
              (averaged ? averages : copies)
                  .put(name, Tensor.zeros(dtype, tensor.shape().toArray()));
            });
  }

  /** Takes the model's weights into the average; call it after a step of the optimiser. */
  public void update() {
    Map<String, Tensor> now = model.stateDict();
    long number = updates() + 1;
    double weight = number == 1 ? 1 : rule.newWeight(number);
    averages.forEach((name, average) -> move(average, of(now, name), weight));
    copies.forEach((name, copy) -> copy.copyFrom(of(now, name)));
    updates.copyFrom(Tensor.scalar(number));
  }

  private static void move(Tensor average, Tensor newest, double weight) {
    double[] values = newest.toDoubles();
    if (weight != 1) {
      double[] before = average.toDoubles();
      for (int i = 0; i < values.length; i++) {
        values[i] = (1 - weight) * before[i] + weight * values[i];
      }
    }
    average.copyFrom(Tensor.of(values, average.shape().toArray()));
  }

  private static Tensor of(Map<String, Tensor> state, String name) {
    Tensor tensor = state.get(name);
    if (tensor == null) {
      throw new IllegalStateException(
          "averaged weights: the model has no \""
              + name
              + "\" any more; build the whole model first");
    }
    return tensor;
  }

  /** How many times weights were taken in. */
  public long updates() {
    return updates.itemAsLong();
  }

  /**
   * Overwrites a model with the average.
   *
   * @param target a model of the same names and shapes, or the one that is averaged
   * @throws IllegalStateException if nothing was averaged yet, or the statistics are to be
   *     recalibrated, which needs batches
   * @throws IllegalArgumentException if names or shapes differ; the target is then unchanged
   */
  public void applyTo(Module target) {
    if (statistics == AveragedStatistics.RECALIBRATED) {
      throw new IllegalStateException(
          "averaged weights: the statistics are to be recalibrated, which needs batches; call"
              + " applyTo(model, batches), or choose AVERAGED or COPIED");
    }
    overwrite(target);
  }

  /**
   * Overwrites a model with the average and takes its statistics anew from batches.
   *
   * @param target a model of the same names and shapes, or the one that is averaged
   * @param batches inputs of the model, gone through once for each batch norm
   * @throws IllegalStateException if nothing was averaged yet, or the statistics are not to be
   *     recalibrated
   * @throws IllegalArgumentException if names or shapes differ, or batches are missing; the target
   *     is then what it was, as after any failure
   */
  public void applyTo(Module target, Iterable<Tensor> batches) {
    if (statistics != AveragedStatistics.RECALIBRATED) {
      throw new IllegalStateException(
          "averaged weights: the statistics are "
              + statistics
              + ", so batches have no use; call applyTo(model), or choose RECALIBRATED");
    }
    Map<String, Tensor> before = new LinkedHashMap<>();
    target.stateDict().forEach((name, tensor) -> before.put(name, tensor.detach()));
    try {
      overwrite(target);
      Recalibration.recalibrate(target, batches);
    } catch (RuntimeException | Error failure) {
      target.loadStateDict(before, true);
      throw failure;
    }
  }

  private void overwrite(Module target) {
    if (updates() == 0) {
      throw new IllegalStateException(
          "averaged weights: nothing was averaged yet; call update() after steps of the optimiser");
    }
    Map<String, Tensor> state = new LinkedHashMap<>(averages);
    state.putAll(copies);
    target.loadStateDict(state, true);
  }

  /** Everything that the next update depends on, by name; the tensors are this object's own. */
  public Map<String, Tensor> stateDict() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    state.put(UPDATES, updates);
    averages.forEach((name, tensor) -> state.put(AVERAGE + name, tensor));
    copies.forEach((name, tensor) -> state.put(COPY + name, tensor));
    return state;
  }

  /**
   * Overwrites the state.
   *
   * @throws IllegalArgumentException if a name is missing or unexpected, or a shape differs;
   *     nothing is changed then
   */
  public void loadStateDict(Map<String, Tensor> state) {
    Map<String, Tensor> own = stateDict();
    if (!own.keySet().equals(state.keySet())) {
      throw new IllegalArgumentException(
          "averaged weights: the state has the names "
              + state.keySet()
              + " instead of "
              + own.keySet()
              + "; it may be that of another model or of other statistics");
    }
    own.forEach(
        (name, tensor) -> {
          if (!of(state, name).shape().equals(tensor.shape())) {
            throw new IllegalArgumentException(
                "averaged weights: \""
                    + name
                    + "\" has shape "
                    + of(state, name).shape()
                    + " instead of "
                    + tensor.shape());
          }
        });
    own.forEach((name, tensor) -> tensor.copyFrom(of(state, name)));
  }
}
