package org.batchnorm4j.cli.apply;

import java.util.LinkedHashMap;
import java.util.Map;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The named tensors that a norm reads, checked: {@code input}, and where given {@code weight},
 * {@code bias}, {@code running_mean}, {@code running_var}, {@code num_batches_tracked}, {@code
 * grad_output}. Shapes are logical: (N, C, ...).
 *
 * @param input what is normalised
 * @param weight gamma, or null
 * @param bias beta, or null
 * @param runningMean running mean, or null
 * @param runningVar running variance, or null
 * @param batchesTracked batches so far, or null
 * @param gradOutput gradient of the output, or null
 */
record NormTensors(
    Tensor input,
    @Nullable Tensor weight,
    @Nullable Tensor bias,
    @Nullable Tensor runningMean,
    @Nullable Tensor runningVar,
    @Nullable Tensor batchesTracked,
    @Nullable Tensor gradOutput) {

  private static final String EXPECTED = "expected.";

  /**
   * Picks the tensors by their names; those under {@code expected.} are left aside.
   *
   * @throws IllegalArgumentException if {@code input} is missing, a name is unknown, a type or a
   *     shape does not fit, or the norm has no use for a tensor
   */
  static NormTensors of(Map<String, Tensor> named, NormOptions options) {
    Map<String, Tensor> rest = new LinkedHashMap<>(named);
    rest.keySet().removeIf(name -> name.startsWith(EXPECTED));
    Tensor input = rest.remove("input");
    if (input == null) {
      throw new IllegalArgumentException(
          "there is no tensor \"input\", the values to normalise; there are " + named.keySet());
    }
    NormTensors tensors =
        new NormTensors(
            input,
            rest.remove("weight"),
            rest.remove("bias"),
            rest.remove("running_mean"),
            rest.remove("running_var"),
            rest.remove("num_batches_tracked"),
            rest.remove("grad_output"));
    if (!rest.isEmpty()) {
      throw new IllegalArgumentException(
          "there is no use for the tensor "
              + FormatException.quote(rest.keySet().iterator().next())
              + "; known are input, weight, bias, running_mean, running_var, num_batches_tracked,"
              + " grad_output and those that begin with expected.");
    }
    tensors.check(options);
    return tensors;
  }

  private void check(NormOptions options) {
    requireFloating("input", input);
    Shape parameters = parameterShape(options);
    checkParameter("weight", weight, parameters);
    checkParameter("bias", bias, parameters);
    checkStatistics(options);
    if (gradOutput != null) {
      if (gradOutput.dtype() != input.dtype()) {
        throw new IllegalArgumentException(
            "grad_output is " + gradOutput.dtype() + ", but the input is " + input.dtype());
      }
      requireShape("grad_output", gradOutput, input.shape());
    }
  }

  /** The shape of weight and bias. */
  Shape parameterShape(NormOptions options) {
    return switch (options.kind()) {
      case BATCH_NORM, GROUP_NORM, INSTANCE_NORM -> {
        if (input.rank() < 2) {
          throw new ShapeException(
              options.kind() + " needs an input (N, C) or (N, C, ...), got shape " + input.shape());
        }
        yield Shape.of(isPerGroup(options) ? groups(options) : input.axis(1));
      }
      case LAYER_NORM, RMS_NORM -> normalizedShape(options);
    };
  }

  /** Whether weight and bias have a value per group of channels, as in ONNX up to opset 20. */
  boolean isPerGroup(NormOptions options) {
    Tensor parameter = weight == null ? bias : weight;
    return options.kind() == NormKind.GROUP_NORM
        && options.preset() == Preset.ONNX
        && parameter != null
        && parameter.shape().equals(Shape.of(groups(options)));
  }

  /**
   * How many groups of channels a sample has.
   *
   * @throws IllegalArgumentException if that was not said
   */
  static int groups(NormOptions options) {
    Integer groups = options.groups();
    if (groups == null) {
      throw new IllegalArgumentException("group_norm needs the number of groups");
    }
    return groups;
  }

  /** The last axes that make a group. */
  Shape normalizedShape(NormOptions options) {
    Shape shape = options.normalizedShape();
    if (shape != null) {
      return shape;
    }
    if (weight == null) {
      throw new IllegalArgumentException(
          options.kind()
              + " needs a normalized shape, or a weight of that shape: the last axes of the input "
              + input.shape());
    }
    return weight.shape();
  }

  /** The type in which sums and parameters are kept: that of the input, float32 for a half one. */
  DType computed() {
    return input.dtype() == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
  }

  /** Whether running statistics are given. */
  boolean tracks() {
    return runningMean != null && runningVar != null;
  }

  private void checkParameter(String name, @Nullable Tensor parameter, Shape expected) {
    if (parameter == null) {
      return;
    }
    requireFloating(name, parameter);
    requireShape(name, parameter, expected);
    if (parameter.dtype() != input.dtype()
        && !(isHalf(input) && parameter.dtype() == DType.FLOAT32)) {
      throw new IllegalArgumentException(
          name
              + " is "
              + parameter.dtype()
              + ", but the input is "
              + input.dtype()
              + (isHalf(input) ? ", beside which float32 may stand" : "")
              + "; convert one of them");
    }
  }

  private static boolean isHalf(Tensor tensor) {
    return tensor.dtype() == DType.FLOAT16 || tensor.dtype() == DType.BFLOAT16;
  }

  /** A running statistic has the type of the input or a wider one. */
  private void checkStatistic(String name, Tensor statistic) {
    requireFloating(name, statistic);
    requireShape(name, statistic, Shape.of(input.axis(1)));
    boolean fits =
        switch (statistic.dtype()) {
          case FLOAT64 -> true;
          case FLOAT32 -> input.dtype() != DType.FLOAT64;
          case FLOAT16, BFLOAT16, INT64, INT32, UINT8, BOOL -> statistic.dtype() == input.dtype();
        };
    if (!fits) {
      throw new IllegalArgumentException(
          name
              + " is "
              + statistic.dtype()
              + ", but the input is "
              + input.dtype()
              + ", beside which running statistics are of the same or a wider type; convert one of"
              + " them");
    }
  }

  private void checkStatistics(NormOptions options) {
    boolean perChannel =
        options.kind() == NormKind.BATCH_NORM || options.kind() == NormKind.INSTANCE_NORM;
    if (!perChannel && (runningMean != null || runningVar != null || batchesTracked != null)) {
      throw new IllegalArgumentException(options.kind() + " has no running statistics");
    }
    if (options.kind() == NormKind.RMS_NORM && bias != null) {
      throw new IllegalArgumentException("rms_norm has no bias");
    }
    if ((runningMean == null) != (runningVar == null)) {
      throw new IllegalArgumentException(
          "running_mean and running_var must either both be given or neither, only "
              + (runningMean == null ? "running_var" : "running_mean")
              + " is");
    }
    if (runningMean != null && runningVar != null) {
      checkStatistic("running_mean", runningMean);
      checkStatistic("running_var", runningVar);
    }
    if (batchesTracked != null) {
      if (batchesTracked.dtype() != DType.INT64 && batchesTracked.dtype() != DType.INT32) {
        throw new IllegalArgumentException(
            "num_batches_tracked is " + batchesTracked.dtype() + ", expected int64");
      }
      if (batchesTracked.size() != 1 || batchesTracked.itemAsLong() < 0) {
        throw new IllegalArgumentException(
            "num_batches_tracked must be one number, 0 or more, got " + batchesTracked);
      }
    }
  }

  private static void requireFloating(String name, Tensor tensor) {
    if (!tensor.dtype().isFloating()) {
      throw new IllegalArgumentException(
          name + " is " + tensor.dtype() + ", expected float32, float64, float16 or bfloat16");
    }
  }

  private void requireShape(String name, Tensor tensor, Shape expected) {
    if (!tensor.shape().equals(expected)) {
      throw new ShapeException(
          name
              + " has shape "
              + tensor.shape()
              + ", expected "
              + expected
              + " for the input "
              + input.shape());
    }
  }
}
