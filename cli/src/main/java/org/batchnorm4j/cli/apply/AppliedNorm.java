package org.batchnorm4j.cli.apply;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.GroupedNormalization;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNormFunctionalOptions;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One normalisation, forward and, where a gradient of the output is given, backward.
 *
 * <p>Batch norm: in training, and where no running statistics are given, mean and <em>biased</em>
 * variance of the input normalise; otherwise the running ones. In training the running ones move
 * and the counter goes up by 1, from 0 if none is given. eps is inside the root. A batch of size 0
 * has an empty output, gradients 0 of weight and bias, and moves the counter alone.
 *
 * <p>The given tensors stay as they are. Belongs to one thread.
 */
public final class AppliedNorm {
  private final NormOptions options;
  private final NormTensors given;
  private final Pass pass;
  private final double eps;
  private final @Nullable Tensor weight;
  private final @Nullable Tensor bias;
  private final @Nullable Tensor runningMean;
  private final @Nullable Tensor runningVar;

  private AppliedNorm(NormOptions options, NormTensors given, Backend backend) {
    this.options = options;
    this.given = given;
    Pass plain = Pass.inference().withBackend(backend);
    pass = given.gradOutput() == null ? plain : plain.recording();
    eps = options.eps(given.input().dtype());
    weight = computing(given.weight());
    bias = computing(given.bias());
    runningMean = copy(given.runningMean());
    runningVar = copy(given.runningVar());
  }

  /**
   * Computes.
   *
   * @param tensors {@code input} of rank 2 or more (layer and RMS norm: 1 or more), and optionally
   *     {@code weight}, {@code bias}, {@code running_mean}, {@code running_var}, {@code
   *     num_batches_tracked}, {@code grad_output}
   * @param options what to compute
   * @param backend where
   * @return {@code output}; with a {@code grad_output} also {@code grad_input} and, if they are
   *     given, {@code grad_weight} and {@code grad_bias}, in the type of the input; and where given
   *     {@code running_mean}, {@code running_var} and {@code num_batches_tracked} as they are
   *     afterwards, in their own types
   * @throws IllegalArgumentException if tensors are missing, or do not fit each other or the norm
   */
  public static Map<String, Tensor> compute(
      Map<String, Tensor> tensors, NormOptions options, Backend backend) {
    return new AppliedNorm(options, NormTensors.of(tensors, options), backend).compute();
  }

  private Map<String, Tensor> compute() {
    Tensor x = pass.watch(given.input().to(options.layout()));
    watch(weight);
    watch(bias);
    Tensor y = forward(x);
    Map<String, Tensor> results = new LinkedHashMap<>();
    results.put("output", y);
    if (given.gradOutput() != null) {
      Gradients gradients = pass.backward(y, given.gradOutput().to(y.layout()), false);
      results.put("grad_input", gradients.of(x));
      putGradient("grad_weight", weight, gradients, results);
      putGradient("grad_bias", bias, gradients, results);
    }
    putState(results);
    return results;
  }

  private Tensor forward(Tensor x) {
    return switch (options.kind()) {
      case BATCH_NORM -> batchNorm(x);
      case LAYER_NORM ->
          Functional.layerNorm(x, given.normalizedShape(options), weight, bias, eps, pass);
      case GROUP_NORM -> groupNorm(x);
      case INSTANCE_NORM ->
          Functional.instanceNorm(
              x,
              runningMean,
              runningVar,
              weight,
              bias,
              options.training() || !given.tracks(),
              newWeight(),
              eps,
              pass);
      case RMS_NORM -> Functional.rmsNorm(x, given.normalizedShape(options), weight, eps, pass);
    };
  }

  private Tensor groupNorm(Tensor x) {
    int groups = NormTensors.groups(options);
    return given.isPerGroup(options)
        ? GroupedNormalization.ofChannels("group_norm", x, groups, pass)
            .standardised(weight, bias, eps)
        : Functional.groupNorm(x, groups, weight, bias, eps, pass);
  }

  private Tensor batchNorm(Tensor x) {
    boolean ofInput = options.training() || !given.tracks();
    BatchNormFunctionalOptions how =
        BatchNormFunctionalOptions.defaults()
            .withTraining(ofInput)
            .withMomentum(newWeight())
            .withEps(eps)
            .withRunningVariance(options.runningVariance())
            .withBatchOfOne(options.preset().options().batchOfOne());
    how = weight == null ? how : how.withWeight(weight);
    how = bias == null ? how : how.withBias(bias);
    return Functional.batchNorm(x, runningMean, runningVar, how, pass);
  }

  private double newWeight() {
    return options.averaging().newWeight(batchesBefore() + 1);
  }

  private long batchesBefore() {
    return given.batchesTracked() == null ? 0 : given.batchesTracked().itemAsLong();
  }

  private void putGradient(
      String name, @Nullable Tensor parameter, Gradients gradients, Map<String, Tensor> results) {
    if (parameter != null) {
      results.put(name, gradients.of(parameter).to(given.input().dtype()));
    }
  }

  private void putState(Map<String, Tensor> results) {
    if (runningMean != null && runningVar != null) {
      results.put("running_mean", runningMean);
      results.put("running_var", runningVar);
    }
    Tensor counter = given.batchesTracked();
    boolean batchNorm = options.kind() == NormKind.BATCH_NORM;
    if (counter != null || (batchNorm && options.training() && given.tracks())) {
      Tensor after = counter == null ? Tensor.scalar(0L) : counter.detach();
      if (batchNorm && options.training()) {
        after.copyFrom(Tensor.of(new long[] {batchesBefore() + 1}, after.shape().toArray()));
      }
      results.put("num_batches_tracked", after);
    }
  }

  private void watch(@Nullable Tensor tensor) {
    if (tensor != null) {
      pass.watch(tensor);
    }
  }

  private @Nullable Tensor computing(@Nullable Tensor parameter) {
    // weight and bias may be one tensor to the caller, but have a gradient each
    return parameter == null ? null : Objects.requireNonNull(copy(parameter)).to(given.computed());
  }

  private static @Nullable Tensor copy(@Nullable Tensor tensor) {
    return tensor == null ? null : tensor.detach();
  }
}
