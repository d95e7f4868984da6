package org.batchnorm4j.nn;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.batchnorm4j.autograd.BatchNormalization;
import org.batchnorm4j.autograd.BatchStatistics;
import org.batchnorm4j.autograd.Epilogue;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation over axis 1, {@code y = (x - mean) / sqrt(var + eps) * weight + bias}, as
 * PyTorch's modules of the same names compute it; {@link BatchNormOptions} has presets for other
 * systems and a switch for each difference.
 *
 * <ul>
 *   <li>Training: mean and <em>biased</em> variance of the batch normalise; the running averages
 *       move by {@code (1 - momentum) * running + momentum * batch} with the <em>unbiased</em>
 *       variance. Momentum is the weight of the new batch. Gradients flow through the batch
 *       statistics. {@link #freeze} changes each of the three.
 *   <li>Inference: the running statistics normalise, or those of the batch if none are tracked.
 *       Before the first training batch (or {@link #loadStateDict}) they are mean 0 and variance 1,
 *       so the layer does next to nothing: {@link #numBatchesTracked} of 0 is the first thing to
 *       look at when a trained model seems untrained.
 *   <li>eps is inside the root. A constant channel gives exactly its bias.
 *   <li>A batch without values changes no running average; it counts in {@code
 *       num_batches_tracked}. A batch that is refused counts nowhere.
 *   <li>NaN or infinity in a channel make that channel's output NaN and leave its running
 *       statistics alone; a running variance beyond float32 is stored as infinity. Either is said
 *       once per layer, by a warning of the {@link System.Logger} {@code org.batchnorm4j.nn}.
 *   <li>float16 and bfloat16 inputs go with float32 parameters and give outputs of the input's
 *       type.
 * </ul>
 *
 * <p>State: {@code weight}, {@code bias} (C), {@code running_mean}, {@code running_var} (C), {@code
 * num_batches_tracked} (int64). Source: Ioffe and Szegedy 2015, algorithms 1 and 2.
 *
 * <p>Inference is safe for use by many threads, unless it works in place; training is not, nor are
 * freezing and resetting.
 */
public abstract sealed class BatchNorm implements Module
    permits BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormNd {
  private static final int VALUES_IN_PLACE = 1 << 18; // extra memory of inference in place

  private final Members members;
  private final RankRange ranks;
  private final int numFeatures;
  private final BatchNormOptions options;
  private final BatchNormState state;
  private final EnumSet<BatchNormFreeze> frozen = EnumSet.noneOf(BatchNormFreeze.class);

  BatchNorm(RankRange ranks, int numFeatures, BatchNormOptions options) {
    this(ranks, numFeatures, options, RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  BatchNorm(RankRange ranks, int numFeatures, BatchNormOptions options, RandomStream random) {
    if (numFeatures < 1) {
      throw new IllegalArgumentException(
          ranks.kind() + " needs at least 1 channel, got " + numFeatures);
    }
    this.members = new Members(ranks.kind());
    this.ranks = ranks.within(options);
    this.numFeatures = numFeatures;
    this.options = options;
    this.state = new BatchNormState(members, numFeatures, options);
    setFrozen(options.frozen(), true);
    if (options.empty()) {
      state.empty();
    } else {
      state.reset(random);
    }
  }

  @Override
  public final Members members() {
    return members;
  }

  /**
   * Normalises each channel.
   *
   * @param input of the layer's type or half of it, (N, C) or (N, C, ...) as the layer's name says
   *     ((N, ..., C) with {@code axis = -1}), any layout
   * @return same shape, type and layout
   * @throws ShapeException if the rank or the number of channels does not fit, or if in training
   *     there is only one value per channel and the layer refuses that
   * @throws IllegalStateException if the layer has no values yet, or works in place in a pass that
   *     trains or records
   */
  @Override
  public final Tensor forward(Tensor input, Pass pass) {
    return forward(input, Epilogue.none(), pass);
  }

  /** The same with ReLU behind it, fused: {@code max(y, 0)}, in the same bits as two layers. */
  public final Tensor forwardRelu(Tensor input, Pass pass) {
    return forward(input, Epilogue.relu(), pass);
  }

  /**
   * The same with a sum and ReLU behind it, fused: {@code max(y + residual, 0)}, in the same bits
   * as three steps.
   *
   * @param residual of the shape and type of the input
   * @throws ShapeException also if the residual has another shape or type
   */
  public final Tensor forwardAddRelu(Tensor input, Tensor residual, Pass pass) {
    return forward(input, Epilogue.addRelu(residual), pass);
  }

  private Tensor forward(Tensor input, Epilogue epilogue, Pass pass) {
    String layer = describe();
    ranks.check(layer, input, numFeatures, options);
    checkResidual(input, epilogue);
    state.requireValues(layer);
    if (options.inplace()) {
      return inPlace(input, epilogue, pass);
    }
    boolean training = pass.isTraining();
    boolean moves = training && moves();
    Tensor x = channelsSecond(input, pass);
    Epilogue end = channelsSecond(epilogue, pass);
    Tensor y;
    if (usesRunningStats(training)) {
      y = normalise(x, value(state.runningMean), value(state.runningVar), end, pass);
      if (moves) {
        move(BatchStatistics.of(layer, x, input.axis(0), pass));
      }
    } else {
      BatchStatistics statistics = BatchStatistics.of(layer, x, input.axis(0), pass);
      Functional.checkBatch(layer, input, statistics, options.eps(), options.batchOfOne());
      y = normalise(x, statistics, end, pass);
      if (moves) {
        move(statistics);
      }
    }
    pass.observe(this, x, y);
    return y.shape().equals(input.shape()) ? y : pass.reshape(y, input.shape().toArray());
  }

  /** Before anything is reshaped, cut into ranges or overwritten. */
  private void checkResidual(Tensor input, Epilogue epilogue) {
    if (epilogue instanceof Epilogue.AddRelu(Tensor residual)
        && !(residual.shape().equals(input.shape()) && residual.dtype() == input.dtype())) {
      throw new ShapeException(
          describe()
              + ": what is added before the ReLU is "
              + residual.dtype()
              + residual.shape()
              + ", which does not fit the input "
              + input.dtype()
              + input.shape());
    }
  }

  /** Each part is a batch to the running statistics. */
  private void move(BatchStatistics statistics) {
    statistics.update(
        state,
        () -> {
          for (int i = 0; i < statistics.parts(); i++) {
            if (mayMove(statistics.count(i))) {
              state.move(statistics.moments(i), describe());
            }
          }
        });
  }

  private boolean usesRunningStats(boolean training) {
    return state.tracks() && (!training || frozen.contains(BatchNormFreeze.NORMALISATION));
  }

  private boolean moves() {
    return state.tracks() && !frozen.contains(BatchNormFreeze.RUNNING_STATISTICS);
  }

  private boolean mayMove(long count) {
    return count != 1 || options.batchOfOne() == BatchOfOne.ACCEPT;
  }

  private Tensor normalise(Tensor x, BatchStatistics statistics, Epilogue epilogue, Pass pass) {
    return BatchNormalization.withBatchStatistics(
        x, statistics, in(state.weight, pass), in(state.bias, pass), options.eps(), epilogue, pass);
  }

  private Tensor normalise(Tensor x, Tensor mean, Tensor variance, Epilogue epilogue, Pass pass) {
    return BatchNormalization.withGivenStatistics(
        x,
        mean,
        variance,
        in(state.weight, pass),
        in(state.bias, pass),
        options.eps(),
        epilogue,
        pass);
  }

  private static @Nullable Tensor in(@Nullable Parameter parameter, Pass pass) {
    return parameter == null ? null : parameter.in(pass);
  }

  private Tensor value(@Nullable Tensor buffer) {
    if (buffer == null) {
      throw new IllegalStateException(describe() + " tracks no running statistics");
    }
    return buffer;
  }

  /** (N, ..., C) read as (M, C), which shares memory. */
  private Tensor channelsSecond(Tensor input, Pass pass) {
    return options.axis() == 1 || input.rank() == 2
        ? input
        : pass.reshape(input, input.size() / numFeatures, numFeatures);
  }

  private Epilogue channelsSecond(Epilogue epilogue, Pass pass) {
    return epilogue instanceof Epilogue.AddRelu(Tensor residual)
        ? Epilogue.addRelu(channelsSecond(residual, pass))
        : epilogue;
  }

  /** Where warnings go instead of the logger, for tests. */
  final void warnTo(Consumer<String> lines) {
    state.warnTo(lines);
  }

  /** A range of axis 0 at a time, so that the extra memory does not grow with the batch. */
  private Tensor inPlace(Tensor input, Epilogue epilogue, Pass pass) {
    if (pass.isTraining() || pass.isRecording()) {
      throw new IllegalStateException(
          describe()
              + " works in place, which "
              + (pass.isTraining() ? "training" : "a pass that records gradients")
              + " does not allow because gradients need the input; build it with"
              + " withInplace(false), or run Pass.inference()");
    }
    Tensor mean = state.runningMean;
    Tensor variance = state.runningVar;
    if (mean == null || variance == null) {
      BatchStatistics statistics =
          BatchStatistics.of(describe(), channelsSecond(input, pass), input.axis(0), pass);
      Functional.checkBatch(describe(), input, statistics, options.eps(), options.batchOfOne());
      BatchMoments moments = statistics.moments(0); // inference has one part
      double[] variances = new double[numFeatures];
      Arrays.setAll(variances, c -> moments.variance(c, VarianceEstimator.BIASED));
      mean = Tensor.of(moments.means(), numFeatures);
      variance = Tensor.of(variances, numFeatures);
    }
    Tensor before = pass.isObserved() ? input.detach() : input;
    int rows = input.axis(0);
    int step = Math.max(1, VALUES_IN_PLACE / Math.max(1, input.size() / Math.max(1, rows)));
    for (int from = 0; from < rows; from += step) {
      int to = Math.min(rows, from + step);
      Tensor part = input.range(from, to);
      Epilogue end =
          epilogue instanceof Epilogue.AddRelu(Tensor residual)
              ? Epilogue.addRelu(residual.range(from, to))
              : epilogue;
      Tensor x = channelsSecond(part, pass);
      Tensor y = normalise(x, mean, variance, channelsSecond(end, pass), pass);
      part.copyFrom(y.reshape(part.shape().toArray()));
    }
    pass.observe(this, channelsSecond(before, pass), channelsSecond(input, pass));
    return input;
  }

  /** Kind and path, as errors name the layer; its own name if it belongs to no model. */
  private String describe() {
    return members.path().isEmpty() && options.name().isPresent()
        ? members.kind() + " \"" + options.name().get() + "\""
        : members.toString();
  }

  /** Forgets all batches: running mean 0, running variance 1, counter 0. */
  public final void resetRunningStats() {
    state.resetRunningStats();
  }

  /** Also gives gamma and beta their first values again, drawn anew if they are random. */
  public final void resetParameters() {
    resetParameters(RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /** The same with repeatable values. */
  public final void resetParameters(RandomStream random) {
    state.reset(random);
  }

  /**
   * Freezes parts of the layer; the others stay as they are.
   *
   * @throws IllegalStateException if normalisation is to be frozen and no running statistics are
   *     tracked
   */
  public final void freeze(BatchNormFreeze... parts) {
    setFrozen(List.of(parts), true);
  }

  /** Undoes {@link #freeze}. */
  public final void thaw(BatchNormFreeze... parts) {
    setFrozen(List.of(parts), false);
  }

  private void setFrozen(Iterable<BatchNormFreeze> parts, boolean value) {
    for (BatchNormFreeze part : parts) {
      if (value && part == BatchNormFreeze.NORMALISATION && !state.tracks()) {
        throw new IllegalStateException(
            describe()
                + " tracks no running statistics, so training cannot normalise with them; build it"
                + " with withTrackRunningStats(true)");
      }
      if (value) {
        frozen.add(part);
      } else {
        frozen.remove(part);
      }
      if (part == BatchNormFreeze.AFFINE) {
        parameters().forEach(parameter -> parameter.setTrainable(!value));
      }
    }
  }

  /** What is frozen by {@link #freeze} or the options. */
  public final Set<BatchNormFreeze> frozen() {
    return Set.copyOf(frozen);
  }

  /**
   * PyTorch's {@code track_running_stats} set after construction: off means that training no longer
   * moves the running statistics or counts; they stay and inference goes on using them. The same as
   * freezing {@link BatchNormFreeze#RUNNING_STATISTICS}.
   *
   * @throws IllegalStateException if it is switched on in a layer built without
   */
  public final void setTrackRunningStats(boolean value) {
    if (value && !state.tracks()) {
      throw new IllegalStateException(
          describe()
              + " was built without running statistics; build it with withTrackRunningStats(true)");
    }
    setFrozen(List.of(BatchNormFreeze.RUNNING_STATISTICS), !value);
  }

  /** Number of channels. */
  public final int numFeatures() {
    return numFeatures;
  }

  /** How this layer was built. */
  public final BatchNormOptions options() {
    return options;
  }

  /** Gamma (C). */
  public final Optional<Parameter> weight() {
    return Optional.ofNullable(state.weight);
  }

  /** Beta (C). */
  public final Optional<Parameter> bias() {
    return Optional.ofNullable(state.bias);
  }

  /** Running mean (C), the layer's own tensor. */
  public final Optional<Tensor> runningMean() {
    return Optional.ofNullable(state.runningMean);
  }

  /** Running variance (C), the layer's own tensor. */
  public final Optional<Tensor> runningVar() {
    return Optional.ofNullable(state.runningVar);
  }

  /** Number of training batches seen; 0 if none are counted. */
  public final long numBatchesTracked() {
    return state.numBatchesTracked();
  }

  /** As PyTorch prints it. */
  @Override
  public final String toString() {
    return members.kind() + "(" + numFeatures + ", " + options + ")";
  }
}
