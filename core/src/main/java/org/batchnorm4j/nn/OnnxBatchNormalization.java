package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.BatchNormalization;
import org.batchnorm4j.autograd.BatchStatistics;
import org.batchnorm4j.autograd.Epilogue;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The operator {@code BatchNormalization} of ONNX: a function of five tensors that gives new
 * running statistics instead of changing the old ones.
 *
 * <ul>
 *   <li>{@code running = input * momentum + batch * (1 - momentum)}: momentum, 0.9, is the weight
 *       of the <em>old</em> value, the opposite of PyTorch's.
 *   <li>The <em>biased</em> variance both normalises and is stored ("population size N").
 *   <li>Training is {@code training_mode=1} from opset 14 on, five outputs in opsets 7 and 9,
 *       {@code is_test=0} in 1 and 6 (opset 1's {@code consumed_inputs} concerns memory alone). One
 *       value per channel is allowed; its variance is 0.
 *   <li>{@code spatial=0}, which opset 9 removed, keeps statistics for each feature (C, D1, ...)
 *       over the batch alone.
 *   <li>From opset 15 on scale and B may have another floating type than X; they are rounded to
 *       that of X, or to float32 beside a half type. Mean and variance may in any opset.
 *   <li>X of rank 1 has one channel. No values leave the statistics as they are.
 *   <li>NaN or infinity leaves the statistics of its channel, which is said each time by a warning
 *       of the {@link System.Logger} {@code org.batchnorm4j.nn}: the operator remembers nothing.
 * </ul>
 *
 * <p>Immutable and safe for use by many threads. Source: the operator's schema, versions 1, 6, 7,
 * 9, 14 and 15.
 */
public final class OnnxBatchNormalization {
  private final int opset;
  private final double epsilon;
  private final double momentum;
  private final boolean training;
  private final boolean spatial;

  private OnnxBatchNormalization(
      int opset, double epsilon, double momentum, boolean training, boolean spatial) {
    this.opset = opset;
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.training = training;
    this.spatial = spatial;
  }

  /**
   * The operator with its defaults: epsilon 1e-5, momentum 0.9, inference.
   *
   * @param opset version of the default operator set of a model; the schema in force there counts
   * @throws IllegalArgumentException if it is less than 1
   */
  public static OnnxBatchNormalization ofOpset(int opset) {
    if (opset < 1) {
      throw new IllegalArgumentException("an ONNX opset is 1 or more, got " + opset);
    }
    return new OnnxBatchNormalization(opset, 1e-5, 0.9, false, true);
  }

  /**
   * Attribute {@code epsilon}, added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number
   */
  public OnnxBatchNormalization withEpsilon(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException(
          "BatchNormalization epsilon must be non-negative, but got " + value);
    }
    return new OnnxBatchNormalization(opset, value, momentum, training, spatial);
  }

  /**
   * Attribute {@code momentum}: weight of the <em>old</em> value.
   *
   * @throws IllegalArgumentException if it is NaN or infinite
   */
  public OnnxBatchNormalization withMomentum(double weightOfOldValue) {
    RunningStatistics.checkMomentum("BatchNormalization", weightOfOldValue);
    return new OnnxBatchNormalization(opset, epsilon, weightOfOldValue, training, spatial);
  }

  /** Whether the batch's own statistics normalise, however the opset says so. */
  public OnnxBatchNormalization withTraining(boolean value) {
    return new OnnxBatchNormalization(opset, epsilon, momentum, value, spatial);
  }

  /**
   * Attribute {@code spatial}.
   *
   * @throws IllegalArgumentException if it is false and the opset no longer has it
   */
  public OnnxBatchNormalization withSpatial(boolean value) {
    if (!value && opset >= 9) {
      throw new IllegalArgumentException(
          "BatchNormalization of opset "
              + opset
              + " has no spatial=0; opset 8 is the last with it");
    }
    return new OnnxBatchNormalization(opset, epsilon, momentum, training, value);
  }

  /**
   * What the operator gives.
   *
   * @param y the normalised tensor, of the shape and type of X
   * @param runningMean new running mean in training, null in inference
   * @param runningVar new running variance in training, null in inference
   * @param savedMean mean of the batch in training before opset 14, null otherwise
   * @param savedVar biased variance of the batch in training before opset 14, null otherwise
   */
  public record Outputs(
      Tensor y,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      @Nullable Tensor savedMean,
      @Nullable Tensor savedVar) {}

  /**
   * Computes the outputs; gradients flow to X, scale and B.
   *
   * @param x (N, C, ...), or (N) with one channel
   * @param scale (C), or (C, D1, ...) if not spatial
   * @param b like scale
   * @param inputMean like scale
   * @param inputVar like scale
   * @throws ShapeException if a vector does not fit X, or has several axes although spatial
   */
  public Outputs apply(
      Tensor x, Tensor scale, Tensor b, Tensor inputMean, Tensor inputVar, Pass pass) {
    Tensor rows = rows(x, pass);
    int channels = rows.axis(1);
    Tensor gamma = inTypeOfX(vector("scale", scale, channels, x, pass), x, pass);
    Tensor beta = inTypeOfX(vector("B", b, channels, x, pass), x, pass);
    Tensor mean = vector("input_mean", inputMean, channels, x, pass);
    Tensor variance = vector("input_var", inputVar, channels, x, pass);
    if (!training) {
      Tensor y =
          BatchNormalization.withGivenStatistics(
              rows, mean, variance, gamma, beta, epsilon, false, pass);
      return new Outputs(shaped(y, x.shape(), pass), null, null, null, null);
    }
    BatchStatistics statistics = BatchStatistics.of("BatchNormalization", rows, rows.axis(0), pass);
    Tensor y =
        BatchNormalization.withBatchStatistics(
            rows, statistics, gamma, beta, epsilon, Epilogue.none(), pass);
    Tensor newMean = inputMean.to(Layout.CHANNELS_FIRST).detach();
    Tensor newVar = inputVar.to(Layout.CHANNELS_FIRST).detach();
    Tensor flatMean = newMean.reshape(channels);
    Tensor flatVar = newVar.reshape(channels);
    BatchMoments whole = statistics.moments(0);
    for (int i = 0; i < statistics.parts(); i++) {
      BatchMoments moments = statistics.moments(i);
      whole = i == 0 ? moments : whole.merge(moments);
      RunningStatistics.report(
          "BatchNormalization",
          RunningStatistics.update(
              flatMean, flatVar, moments, VarianceEstimator.BIASED, 1 - momentum));
    }
    boolean saves = opset < 14;
    return new Outputs(
        shaped(y, x.shape(), pass),
        newMean,
        newVar,
        saves ? saved(whole, false, inputMean) : null,
        saves ? saved(whole, true, inputVar) : null);
  }

  private static Tensor saved(BatchMoments moments, boolean variance, Tensor like) {
    double[] values = moments.means();
    for (int c = 0; c < values.length && variance && moments.count() > 0; c++) {
      values[c] = moments.variance(c, VarianceEstimator.BIASED);
    }
    return Tensor.of(values, like.shape().toArray()).to(like.dtype());
  }

  private Tensor rows(Tensor x, Pass pass) {
    if (x.rank() < 1) {
      throw new ShapeException("BatchNormalization: X has no axes; it needs (N, C, ...) or (N)");
    }
    if (x.rank() == 1) {
      return pass.reshape(x, x.size(), 1);
    }
    return spatial || x.rank() == 2 ? x : pass.reshape(x, x.axis(0), x.shape().span(1, x.rank()));
  }

  private static Tensor shaped(Tensor y, Shape shape, Pass pass) {
    return y.shape().equals(shape) ? y : pass.reshape(y, shape.toArray());
  }

  private Tensor inTypeOfX(Tensor parameter, Tensor x, Pass pass) {
    return opset < 15
        ? parameter
        : pass.to(parameter, x.dtype().computes() ? x.dtype() : DType.FLOAT32);
  }

  private Tensor vector(String name, Tensor values, int channels, Tensor x, Pass pass) {
    if (spatial && values.rank() != 1) {
      throw new ShapeException(
          "BatchNormalization: "
              + name
              + " has shape "
              + values.shape()
              + ", but the schema wants one axis; reshape it to ("
              + channels
              + ")");
    }
    if (values.size() != channels) {
      throw new ShapeException(
          "BatchNormalization: "
              + name
              + " has shape "
              + values.shape()
              + ", but X of shape "
              + x.shape()
              + " needs "
              + channels
              + (channels == 1 ? " value" : " values"));
    }
    return values.rank() == 1 ? values : pass.reshape(values, channels);
  }
}
