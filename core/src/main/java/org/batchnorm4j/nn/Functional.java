package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.BatchNormalization;
import org.batchnorm4j.autograd.BatchStatistics;
import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layers as functions, for those who keep their own parameters. Safe for use by many threads, each
 * with its own pass, except where running statistics are written.
 */
public final class Functional {
  private Functional() {}

  /**
   * Batch normalisation over axis 1, as PyTorch's {@code torch.nn.functional.batch_norm}: {@code (x
   * - mean) / sqrt(var + eps) * weight + bias}. Arguments in PyTorch's order, which the examples of
   * torch.js use too.
   *
   * @param input (N, C) or (N, C, ...)
   * @param runningMean (C), or null; in training updated in place
   * @param runningVar (C), or null; in training updated in place, with the unbiased variance
   * @param weight gamma (C), or null for 1
   * @param bias beta (C), or null for 0
   * @param training whether the batch's own statistics normalise
   * @param momentum weight of the <em>new</em> batch in the running statistics
   * @param eps added to the biased variance inside the root
   * @throws IllegalArgumentException if only one of the running statistics is given, if they are
   *     missing in inference, if eps is not positive in training or negative in inference, or if
   *     momentum is NaN or infinite
   * @throws ShapeException if shapes do not fit, or in training if there is one value per channel
   */
  public static Tensor batchNorm(
      Tensor input,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      boolean training,
      double momentum,
      double eps,
      Pass pass) {
    return batchNorm(input, runningMean, runningVar, training, momentum, eps, weight, bias, pass);
  }

  /**
   * The same with the arguments in the order in which torch.js declares them.
   *
   * @throws IllegalArgumentException as above
   */
  public static Tensor batchNorm(
      Tensor input,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      boolean training,
      double momentum,
      double eps,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      Pass pass) {
    BatchNormFunctionalOptions options =
        BatchNormFunctionalOptions.defaults()
            .withTraining(training)
            .withMomentum(momentum)
            .withEps(eps);
    options = weight == null ? options : options.withWeight(weight);
    options = bias == null ? options : options.withBias(bias);
    return batchNorm(input, runningMean, runningVar, options, pass);
  }

  /**
   * The same with everything else in one value, which also chooses what is stored and what happens
   * behind.
   *
   * <p>A batch with NaN or infinity leaves the running statistics of such channels, which is said
   * each time by a warning of the {@link System.Logger} {@code org.batchnorm4j.nn}: functions
   * remember nothing.
   *
   * @param runningMean (C), or null; in training updated in place
   * @param runningVar (C), or null; in training updated in place
   * @throws IllegalArgumentException if only one of the running statistics is given, if they are
   *     missing in inference, if eps is not positive in training or negative in inference
   * @throws ShapeException if shapes do not fit, or in training if there is one value per channel
   *     and the options refuse that
   */
  public static Tensor batchNorm(
      Tensor input,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      BatchNormFunctionalOptions options,
      Pass pass) {
    Tensor weight = options.weight().orElse(null);
    Tensor bias = options.bias().orElse(null);
    checkVectors(input, runningMean, runningVar, weight, bias);
    if (!options.training()) {
      if (runningMean == null || runningVar == null) {
        throw new IllegalArgumentException(
            "batch_norm: "
                + (runningMean == null ? "running_mean" : "running_var")
                + " must be defined in evaluation mode; pass training=true to use the statistics of"
                + " the batch");
      }
      if (!(options.eps() >= 0)) {
        throw new IllegalArgumentException(
            "batch_norm: eps must be non-negative, but got " + options.eps());
      }
      return BatchNormalization.withGivenStatistics(
          input, runningMean, runningVar, weight, bias, options.eps(), options.epilogue(), pass);
    }
    if ((runningMean == null) != (runningVar == null)) {
      throw new IllegalArgumentException(
          "batch_norm: running_mean and running_var must either both be null or neither be null;"
              + " running_"
              + (runningMean == null ? "mean" : "var")
              + " is missing");
    }
    BatchStatistics statistics = BatchStatistics.of("batch_norm", input, input.axis(0), pass);
    checkBatch("batch_norm", input, statistics, options.eps(), options.batchOfOne());
    Tensor output =
        BatchNormalization.withBatchStatistics(
            input, statistics, weight, bias, options.eps(), options.epilogue(), pass);
    if (runningMean != null && runningVar != null) {
      statistics.update(runningMean, () -> move(runningMean, runningVar, statistics, options));
    }
    return output;
  }

  private static void move(
      Tensor runningMean,
      Tensor runningVar,
      BatchStatistics statistics,
      BatchNormFunctionalOptions options) {
    for (int i = 0; i < statistics.parts(); i++) {
      BatchMoments moments = statistics.moments(i);
      if (moments.count() != 1 || options.batchOfOne() == BatchOfOne.ACCEPT) {
        VarianceEstimator estimator =
            moments.count() == 1 ? VarianceEstimator.BIASED : options.runningVariance();
        RunningStatistics.report(
            "batch_norm",
            RunningStatistics.update(
                runningMean, runningVar, moments, estimator, options.momentum()));
      }
    }
  }

  private static void checkVectors(
      Tensor input,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      @Nullable Tensor weight,
      @Nullable Tensor bias) {
    if (input.rank() < 2) {
      throw new ShapeException(
          "batch_norm expected at least 2D input (N, C), got shape " + input.shape());
    }
    checkVector("running_mean", runningMean, input);
    checkVector("running_var", runningVar, input);
    checkVector("weight", weight, input);
    checkVector("bias", bias, input);
    RunningStatistics.checkType("batch_norm", "running_mean", runningMean, input);
    RunningStatistics.checkType("batch_norm", "running_var", runningVar, input);
  }

  private static void checkVector(String name, @Nullable Tensor vector, Tensor input) {
    if (vector != null && (vector.rank() != 1 || vector.axis(0) != input.axis(1))) {
      throw new ShapeException(
          "batch_norm: "
              + name
              + " should contain "
              + input.axis(1)
              + " elements, one per channel of the input "
              + input.shape()
              + ", but has shape "
              + vector.shape());
    }
  }

  /** Refuses an eps that is not positive, and one value per channel where the policy does. */
  static void checkBatch(
      String who, Tensor input, BatchStatistics statistics, double eps, BatchOfOne policy) {
    if (!(eps > 0)) {
      throw new IllegalArgumentException(
          who + ": eps must be positive during training, but got " + eps);
    }
    for (int i = 0; i < statistics.parts() && policy == BatchOfOne.REFUSE; i++) {
      if (statistics.count(i) == 1 && statistics.moments(i).channels() > 0) {
        throw new ShapeException(
            who
                + ": expected more than 1 value per channel when training, got input shape "
                + input.shape()
                + (statistics.parts() == 1 ? "" : " in " + statistics.parts() + " parts")
                + "; use a larger batch, drop the last partial batch of an epoch, or run this pass"
                + " in inference");
      }
    }
  }

  /** {@code max(x, 0)}. */
  public static Tensor relu(Tensor x, Pass pass) {
    return pass.relu(x);
  }

  /**
   * In training zeroes each value with probability p and multiplies the others by {@code 1 / (1 -
   * p)}; in inference returns x itself.
   *
   * @param x any floating type; float16 and bfloat16 are computed in float32 and rounded once
   * @param path names the random numbers, see {@link Pass#random}
   * @throws IllegalArgumentException if p is not from 0 to 1, or in training if x holds integers
   */
  public static Tensor dropout(Tensor x, double p, String path, Pass pass) {
    if (!(p >= 0 && p <= 1)) {
      throw new IllegalArgumentException("dropout probability must be from 0 to 1, got " + p);
    }
    if (!pass.isTraining() || p == 0) {
      return x;
    }
    if (!x.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "dropout needs floating-point values, got "
              + x.dtype()
              + " of shape "
              + x.shape()
              + "; convert it with to(DType.FLOAT32)");
    }
    RandomStream random = pass.random(path);
    DType computing = x.dtype().computes() ? x.dtype() : DType.FLOAT32;
    Tensor mask = pass.backend().memory().allocate(computing, x.shape(), Layout.CHANNELS_FIRST);
    double[] values = new double[x.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextDouble() < p ? 0 : 1 / (1 - p);
    }
    mask.copyFrom(Tensor.of(values, x.shape().toArray()));
    return pass.to(pass.mul(pass.to(x, computing), mask), x.dtype());
  }

  /**
   * Mean over the batch of {@code -log softmax(logits)[label]}, as a scalar.
   *
   * @param logits (N, K) scores
   * @param labels (N), int64, int32 or uint8, 0 to K - 1
   */
  public static Tensor crossEntropy(Tensor logits, Tensor labels, Pass pass) {
    return Objectives.crossEntropy(logits, labels, pass);
  }

  /** Mean of {@code (prediction - target)^2} over all values, as a scalar. */
  public static Tensor mseLoss(Tensor prediction, Tensor target, Pass pass) {
    if (!prediction.shape().equals(target.shape())) {
      throw new ShapeException(
          "mse_loss: prediction "
              + prediction.shape()
              + " and target "
              + target.shape()
              + " must have the same shape");
    }
    return Objectives.meanSquaredError(prediction, target, pass);
  }

  // ---- norms that do not look across the batch

  /**
   * Layer normalisation over the last axes, as PyTorch's {@code layer_norm}: {@code (x - mean) /
   * sqrt(var + eps) * weight + bias} with mean and <em>biased</em> variance of each position of the
   * leading axes. One value alone gives its bias.
   *
   * @param input (..., normalized shape), any floating type and layout
   * @param normalizedShape the axes at the end that are normalised together, at least one
   * @param weight of the normalized shape, or null for 1
   * @param bias of the normalized shape, or null for 0
   * @param eps added to the variance inside the root
   * @throws ShapeException if the shapes do not fit
   */
  public static Tensor layerNorm(
      Tensor input,
      Shape normalizedShape,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Pass pass) {
    return SampleNorms.layerNorm("layer_norm", input, normalizedShape, weight, bias, eps, pass);
  }

  /**
   * Group normalisation, as PyTorch's {@code group_norm}: the channels of each sample in {@code
   * numGroups} groups, each normalised by its mean and <em>biased</em> variance, then {@code *
   * weight + bias} per channel.
   *
   * @param input (N, C, ...), any floating type and layout
   * @param numGroups a divisor of C
   * @param weight (C), or null for 1
   * @param bias (C), or null for 0
   * @param eps added to the variance inside the root
   * @throws ShapeException if the shapes do not fit, or a batch of one sample has one value per
   *     group
   */
  public static Tensor groupNorm(
      Tensor input,
      int numGroups,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      double eps,
      Pass pass) {
    return SampleNorms.groupNorm("group_norm", input, numGroups, weight, bias, eps, pass);
  }

  /**
   * Instance normalisation, as PyTorch's {@code instance_norm}: each channel of each sample by its
   * own mean and <em>biased</em> variance, or by the running statistics.
   *
   * @param input (N, C, ...), any floating type and layout
   * @param runningMean (C), or null; with {@code useInputStats} updated in place with the mean over
   *     the batch of the means
   * @param runningVar (C), or null; with {@code useInputStats} updated in place with the mean over
   *     the batch of the <em>unbiased</em> variances
   * @param weight (C), or null for 1
   * @param bias (C), or null for 0
   * @param useInputStats whether the input's own statistics normalise
   * @param momentum weight of the <em>new</em> batch in the running statistics
   * @param eps added to the variance inside the root
   * @throws IllegalArgumentException if only one of the running statistics is given, if they are
   *     missing without {@code useInputStats}, or if momentum is NaN or infinite
   * @throws ShapeException if the shapes do not fit, or with {@code useInputStats} if there is one
   *     value per channel and sample
   */
  public static Tensor instanceNorm(
      Tensor input,
      @Nullable Tensor runningMean,
      @Nullable Tensor runningVar,
      @Nullable Tensor weight,
      @Nullable Tensor bias,
      boolean useInputStats,
      double momentum,
      double eps,
      Pass pass) {
    return SampleNorms.instanceNorm(
        "instance_norm",
        input,
        runningMean,
        runningVar,
        weight,
        bias,
        useInputStats,
        momentum,
        eps,
        pass);
  }

  /**
   * Root-mean-square normalisation over the last axes, as PyTorch's {@code rms_norm}: {@code x /
   * sqrt(mean(x^2) + eps) * weight}.
   *
   * @param input (..., normalized shape), any floating type and layout
   * @param normalizedShape the axes at the end that are normalised together, at least one
   * @param weight of the normalized shape, or null for 1
   * @param eps added to the mean square inside the root; null for the machine epsilon of the type
   *     that is computed in: 2^-23 for float32 and the half types, 2^-52 for float64
   * @throws ShapeException if the shapes do not fit
   */
  public static Tensor rmsNorm(
      Tensor input,
      Shape normalizedShape,
      @Nullable Tensor weight,
      @Nullable Double eps,
      Pass pass) {
    return SampleNorms.rmsNorm("rms_norm", input, normalizedShape, weight, eps, pass);
  }

  /**
   * Local response normalisation across channels, as PyTorch's {@code local_response_norm}: {@code
   * x / (k + alpha / size * s)^beta}, where s is the sum of squares over {@code size} channels: the
   * own one, {@code size / 2} before it and {@code (size - 1) / 2} behind it, as far as they exist.
   *
   * @param input (N, C, ...) of rank 3 or more, any floating type and layout
   * @param size number of channels in the window, at least 1
   * @param alpha factor of the mean square
   * @param beta exponent
   * @param k added to it
   * @throws IllegalArgumentException if size is below 1
   * @throws ShapeException if the rank is below 3
   */
  public static Tensor localResponseNorm(
      Tensor input, int size, double alpha, double beta, double k, Pass pass) {
    return SampleNorms.localResponseNorm("local_response_norm", input, size, alpha, beta, k, pass);
  }
}
