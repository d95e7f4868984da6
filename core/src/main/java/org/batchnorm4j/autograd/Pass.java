package org.batchnorm4j.autograd;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Memory;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The context of one computation: training or inference, the tape if gradients are wanted, the
 * backend and its memory, the random numbers, and whose statistics normalise. Handed to every
 * layer, so nothing about training hides in a model.
 *
 * <p>Operations of a pass are recorded; those of {@link Tensor} are not. {@link #inference()} is a
 * constant and safe for use by many threads; a pass that records belongs to one thread.
 */
public final class Pass {
  private static final Pass INFERENCE =
      new Pass(false, null, null, 0, 0, StatisticsReducer.local(), null);

  private final boolean training;
  private final @Nullable Tape tape;
  private final @Nullable Backend backend;
  private final long seed;
  private final long step;
  private final StatisticsReducer statistics;
  private final @Nullable LayerObserver observer;

  private Pass(
      boolean training,
      @Nullable Tape tape,
      @Nullable Backend backend,
      long seed,
      long step,
      StatisticsReducer statistics,
      @Nullable LayerObserver observer) {
    this.training = training;
    this.tape = tape;
    this.backend = backend;
    this.seed = seed;
    this.step = step;
    this.statistics = statistics;
    this.observer = observer;
  }

  /** Inference on the standard backend: running statistics, no dropout, no tape. */
  public static Pass inference() {
    return INFERENCE;
  }

  /**
   * A training pass with a tape of its own on the standard backend: batch statistics, dropout.
   * Random numbers differ from pass to pass; {@link #withRandom} makes them repeatable.
   */
  public static Pass training() {
    long seed = ThreadLocalRandom.current().nextLong();
    return new Pass(true, new Tape(), null, seed, 0, StatisticsReducer.local(), null);
  }

  /** The same pass on another backend. */
  public Pass withBackend(Backend other) {
    return new Pass(training, tape, other, seed, step, statistics, observer);
  }

  /** The same pass with results in other memory, such as an arena. */
  public Pass withMemory(Memory memory) {
    return new Pass(training, tape, backend().withMemory(memory), seed, step, statistics, observer);
  }

  /** The same pass with the random numbers of a seed and a step. */
  public Pass withRandom(long newSeed, long newStep) {
    return new Pass(training, tape, backend, newSeed, newStep, statistics, observer);
  }

  /**
   * The same pass, in which batch norm takes its statistics from more or less than the batch at
   * hand: ghost batches, micro-batches, replicas. Counts in training; inference never looks beyond
   * its batch.
   */
  public Pass withStatistics(StatisticsReducer reducer) {
    return new Pass(training, tape, backend, seed, step, reducer, observer);
  }

  /** The same pass whose observable layers show an observer what they take and give. */
  public Pass withObserver(LayerObserver other) {
    return new Pass(training, tape, backend, seed, step, statistics, other);
  }

  /**
   * The same mode with an empty tape: gradients in inference mode, for saliency or frozen layers.
   */
  public Pass recording() {
    return new Pass(training, new Tape(), backend, seed, step, statistics, observer);
  }

  /** The same pass without a tape: nothing computed on the result is recorded. */
  public Pass withoutTape() {
    return tape == null
        ? this
        : new Pass(training, null, backend, seed, step, statistics, observer);
  }

  /** Whether layers behave as in training. */
  public boolean isTraining() {
    return training;
  }

  /** Whether operations are recorded. */
  public boolean isRecording() {
    return tape != null;
  }

  /** Whether somebody observes layers. */
  public boolean isObserved() {
    return observer != null;
  }

  /** Shows the observer, if there is one, what a layer took and gave. */
  public void observe(Object layer, Tensor input, Tensor output) {
    if (observer != null) {
      observer.observe(layer, input, output);
    }
  }

  /** Where operations run. */
  public Backend backend() {
    return backend == null ? Backend.standard() : backend;
  }

  /** Whose statistics normalise; in inference always {@link StatisticsReducer#local()}. */
  public StatisticsReducer statistics() {
    return training ? statistics : StatisticsReducer.local();
  }

  /** The random numbers of one place in the model: the same for equal seed, step and path. */
  public RandomStream random(String path) {
    return RandomStream.named(path, seed, step);
  }

  /**
   * Asks for the gradient of a tensor: one made outside this pass, before it is used, or a result
   * of the pass at any time. Does nothing on a pass without a tape.
   *
   * <p>The gradient has the tensor's type. One of float16 or bfloat16 is for use through {@link
   * #to}; where several uses meet, each gradient is rounded to the half type and their sum once
   * more.
   *
   * @return the tensor
   * @throws IllegalArgumentException if the tensor does not hold floating-point numbers
   */
  public Tensor watch(Tensor tensor) {
    if (tape != null) {
      if (!tensor.dtype().isFloating()) {
        throw new IllegalArgumentException(
            "watch: gradients exist for floating-point types, the tensor of shape "
                + tensor.shape()
                + " is "
                + tensor.dtype()
                + "; convert it with to(DType.FLOAT32) and watch the result");
      }
      tape.watch(tensor);
    }
    return tensor;
  }

  /**
   * Records an operation that has just been computed, if this pass records and any input is watched
   * or depends on something watched.
   *
   * @param name shown in errors
   * @param output the result
   * @param edges the inputs, each with its derivative
   * @return the output
   */
  public Tensor record(String name, Tensor output, Edge... edges) {
    if (tape != null) {
      tape.record(name, output, edges);
    }
    return output;
  }

  /**
   * The gradients of a loss of one element for everything watched. They lie in this pass's memory:
   * with an arena, use them before it closes. A pass can be walked back any number of times; the
   * values that its operations read, such as parameters, must not be overwritten before.
   *
   * @throws IllegalStateException if this pass has no tape, the loss has several elements or
   *     depends on nothing watched
   */
  public Gradients backward(Tensor loss) {
    return backward(loss, false);
  }

  /**
   * Like {@link #backward(Tensor)}; with {@code createGraph} the gradients are recorded too and can
   * be differentiated again.
   */
  public Gradients backward(Tensor loss, boolean createGraph) {
    if (loss.size() != 1) {
      throw new IllegalStateException(
          "backward starts from one number, this tensor has shape "
              + loss.shape()
              + "; reduce it with pass.sum or pass.mean, or give the gradient of the output");
    }
    Tensor one = filled(1, loss.dtype(), loss.shape());
    return backward(loss, one, createGraph);
  }

  /**
   * The gradients of {@code sum(output * g)} for everything watched.
   *
   * @param output what to differentiate
   * @param g gradient of the output, of its shape
   * @param createGraph whether the gradients can be differentiated again
   * @throws ShapeException if g has another shape than the output
   * @throws IllegalStateException if this pass has no tape or the output depends on nothing watched
   */
  public Gradients backward(Tensor output, Tensor g, boolean createGraph) {
    if (tape == null) {
      throw new IllegalStateException(
          "backward on a pass without a tape; start from Pass.training() or"
              + " Pass.inference().recording()");
    }
    if (!g.shape().equals(output.shape())) {
      throw new ShapeException(
          "backward: the gradient of shape "
              + g.shape()
              + " does not fit the output of shape "
              + output.shape());
    }
    return new Gradients(tape.backward(output, g, createGraph ? this : withoutTape()));
  }

  /** A tensor in this pass's memory that holds one value everywhere. */
  public Tensor filled(double value, DType dtype, Shape shape) {
    return backend().memory().allocate(dtype, shape, Layout.CHANNELS_FIRST).fill(value);
  }

  // ---- recorded operations; each one's backward stands beside its forward in its own class

  /**
   * The values in another element type, rounded as {@link Tensor#to(DType)} says; x itself where
   * the type already fits. The gradient is converted back to the type of x. Integers and truth
   * values have no gradient: nothing flows through a conversion to one of them.
   */
  public Tensor to(Tensor x, DType dtype) {
    return Elementary.to(x, dtype, this);
  }

  /** {@code a + b} with broadcasting. */
  public Tensor add(Tensor a, Tensor b) {
    return Arithmetic.add(a, b, this);
  }

  /** {@code a - b} with broadcasting. */
  public Tensor sub(Tensor a, Tensor b) {
    return Arithmetic.sub(a, b, this);
  }

  /** {@code a * b} with broadcasting. */
  public Tensor mul(Tensor a, Tensor b) {
    return Arithmetic.mul(a, b, this);
  }

  /** {@code a / b} with broadcasting. */
  public Tensor div(Tensor a, Tensor b) {
    return Arithmetic.div(a, b, this);
  }

  /** {@code a + value}. */
  public Tensor add(Tensor a, double value) {
    return Arithmetic.add(a, filled(value, a.dtype(), Shape.of()), this);
  }

  /** {@code a * value}. */
  public Tensor mul(Tensor a, double value) {
    return Arithmetic.mul(a, filled(value, a.dtype(), Shape.of()), this);
  }

  /** The larger of a and b; at ties each gets half of the gradient. */
  public Tensor maximum(Tensor a, Tensor b) {
    return Arithmetic.maximum(a, b, this);
  }

  /** {@code -x}. */
  public Tensor neg(Tensor x) {
    return Elementary.neg(x, this);
  }

  /** {@code |x|}, gradient 0 at 0. */
  public Tensor abs(Tensor x) {
    return Elementary.abs(x, this);
  }

  /** {@code e^x}. */
  public Tensor exp(Tensor x) {
    return Elementary.exp(x, this);
  }

  /** Natural logarithm. */
  public Tensor log(Tensor x) {
    return Elementary.log(x, this);
  }

  /** Square root. */
  public Tensor sqrt(Tensor x) {
    return Elementary.sqrt(x, this);
  }

  /** {@code x * x}. */
  public Tensor square(Tensor x) {
    return Elementary.square(x, this);
  }

  /** Hyperbolic tangent. */
  public Tensor tanh(Tensor x) {
    return Elementary.tanh(x, this);
  }

  /** {@code 1 / (1 + e^-x)}. */
  public Tensor sigmoid(Tensor x) {
    return Elementary.sigmoid(x, this);
  }

  /** {@code max(x, 0)}, gradient 0 at 0. */
  public Tensor relu(Tensor x) {
    return Elementary.relu(x, this);
  }

  /** Sum over axes, which vanish; over all axes if none is given. */
  public Tensor sum(Tensor x, int... axes) {
    return Reductions.sum(x, axes, false, this);
  }

  /** Mean over axes, which vanish; over all axes if none is given. */
  public Tensor mean(Tensor x, int... axes) {
    return Reductions.mean(x, axes, false, this);
  }

  /** Variance over axes, which vanish; divided by M, or by M - 1 if {@code unbiased}. */
  public Tensor var(Tensor x, boolean unbiased, int... axes) {
    return Reductions.var(x, unbiased, axes, false, this);
  }

  /** The same values under another shape; one size may be -1. */
  public Tensor reshape(Tensor x, long... sizes) {
    return Shaping.reshape(x, this, sizes);
  }

  /** The axes in another order. */
  public Tensor permute(Tensor x, int... order) {
    return Shaping.permute(x, this, order);
  }

  /** Rows {@code from} (inclusive) to {@code to} (exclusive) of axis 0, which share memory. */
  public Tensor range(Tensor x, int from, int to) {
    return Shaping.range(x, from, to, this);
  }

  /** Tensors of one type, equal in all axes but axis 0, one after the other along that axis. */
  public Tensor concatenate(List<Tensor> parts) {
    return Shaping.concatenate(parts, this);
  }

  /** Repeats axes of size 1 and missing leading ones until the tensor has the given shape. */
  public Tensor expand(Tensor x, Shape shape) {
    return Shaping.expand(x, shape, this);
  }

  /** Matrix product of (..., M, K) and (K, N), or of equal leading axes. */
  public Tensor matmul(Tensor a, Tensor b) {
    return Products.matmul(a, b, false, false, this);
  }
}
