package org.batchnorm4j.nn.deploy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.LayerObserver;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.Tensor;

/**
 * Gives the batch norms of a model the statistics of a whole population instead of running
 * averages: after weights were averaged, loaded without statistics or moved to other data.
 *
 * <p>For each channel, count, mean and M2 of every batch are merged as if all values had been seen
 * at once (Chan, Golub and LeVeque 1983), so a smaller last batch weighs what it holds. Then {@code
 * running_mean} is the mean, {@code running_var} is {@code M2 / (M - 1)} or {@code M2 / M}, as the
 * layer's options say, and {@code num_batches_tracked} the number of batches.
 *
 * <ul>
 *   <li>Nothing else changes: momentum, what is frozen, parameters and other buffers stay.
 *   <li>If anything fails, all buffers are what they were.
 *   <li>A batch norm that tracks no statistics, whose statistics are frozen, or that the batches do
 *       not reach, is left alone and named in the report.
 *   <li>A layer that the model uses in several places takes the values of all of them together.
 * </ul>
 *
 * <p>PyTorch's {@code update_bn} averages the batches' statistics without regard to their sizes,
 * leaves 0 and 1 behind if there are no batches, and the momentum lost if one fails.
 *
 * <p>Stateless; the model belongs to one thread meanwhile.
 */
public final class Recalibration {
  private final Module model;
  private final Iterable<Tensor> batches;
  private final Backend backend;
  private final BufferPool pool = new BufferPool();
  private final Map<BatchNorm, String> targets = new LinkedHashMap<>();
  private final List<KeptBatchNorm> kept = new ArrayList<>();
  private final List<RecalibrationReport.Change> changed = new ArrayList<>();
  private int count;

  private Recalibration(Module model, Iterable<Tensor> batches, Backend backend) {
    this.model = model;
    this.batches = batches;
    this.backend = backend;
  }

  /** {@link RecalibrationOrder#LAYER_BY_LAYER}, on the standard backend. */
  public static RecalibrationReport recalibrate(Module model, Iterable<Tensor> batches) {
    return recalibrate(model, batches, RecalibrationOrder.LAYER_BY_LAYER, Backend.standard());
  }

  /**
   * Takes new statistics.
   *
   * @param model whose batch norms are changed
   * @param batches inputs of the model; gone through several times if layers go one by one. Each
   *     batch is used before the next one is asked for
   * @param order layer by layer, or all at once
   * @param backend what computes
   * @throws IllegalArgumentException if there are no batches, the second time either, or a layer
   *     has too few values for its variance
   * @throws ArithmeticException if a layer's input has no finite statistics, or its type cannot
   *     hold them
   */
  public static RecalibrationReport recalibrate(
      Module model, Iterable<Tensor> batches, RecalibrationOrder order, Backend backend) {
    Recalibration work = new Recalibration(model, batches, backend);
    SavedBuffers before = new SavedBuffers(model);
    try {
      work.chooseLayers();
      switch (order) {
        case LAYER_BY_LAYER -> work.layerByLayer();
        case ONE_PASS -> work.onePass(before);
      }
      return new RecalibrationReport(work.count, work.changed, work.kept);
    } catch (RuntimeException | Error failure) {
      before.restore();
      throw failure;
    }
  }

  private void chooseLayers() {
    ModelParts.byPath(model)
        .forEach(
            (path, part) -> {
              if (part instanceof BatchNorm norm) {
                NewStatistics.reasonToKeep(norm)
                    .ifPresentOrElse(
                        reason -> kept.add(new KeptBatchNorm(path, reason)),
                        () -> targets.put(norm, path));
              }
            });
  }

  private void layerByLayer() {
    List<BatchNorm> order = new ArrayList<>();
    Map<BatchNorm, BatchMoments> found = new LinkedHashMap<>();
    int done = 0;
    do {
      int turn = done;
      found.clear();
      run(
          Pass.inference(),
          (layer, input, output) -> {
            if (layer instanceof BatchNorm norm && targets.containsKey(norm)) {
              if (!order.contains(norm)) {
                order.add(norm);
              }
              if (order.indexOf(norm) == turn) {
                found.merge(norm, backend.channelMoments(input), BatchMoments::merge);
              }
            }
          });
      found.forEach(this::store);
      done++;
    } while (done < order.size());
    keepUnreached(order);
  }

  private void onePass(SavedBuffers before) {
    Map<BatchNorm, BatchMoments> found = new LinkedHashMap<>();
    run(
        Pass.training().withoutTape(),
        (layer, input, output) -> {
          if (layer instanceof BatchNorm norm && targets.containsKey(norm)) {
            found.merge(norm, backend.channelMoments(input), BatchMoments::merge);
          }
        },
        before::restore); // also for layers that normalise with running statistics in training
    found.forEach(this::store);
    keepUnreached(found.keySet());
  }

  private void run(Pass mode, LayerObserver observer) {
    run(mode, observer, () -> {});
  }

  private void run(Pass mode, LayerObserver observer, Runnable afterEach) {
    int seen = 0;
    for (Tensor batch : batches) {
      try (Arena arena = pool.open()) {
        Pass pass = mode.withBackend(backend).withMemory(arena).withObserver(observer);
        model.forward(batch, pass);
      }
      afterEach.run();
      seen++;
    }
    if (seen == 0) {
      throw new IllegalArgumentException(
          count == 0
              ? "recalibrate: there are no batches to take statistics from; give at least one"
              : "recalibrate: the batches came "
                  + count
                  + " times and then no more; layer by layer they are gone through once per layer,"
                  + " so give a collection, or choose ONE_PASS");
    }
    count = seen;
  }

  private void store(BatchNorm norm, BatchMoments moments) {
    String path = targets.getOrDefault(norm, "");
    changed.add(NewStatistics.store(norm, path, moments, count));
  }

  private void keepUnreached(Collection<BatchNorm> reached) {
    targets.forEach(
        (norm, path) -> {
          if (!reached.contains(norm)) {
            kept.add(new KeptBatchNorm(path, "no batch came through it"));
          }
        });
  }
}
