package org.batchnorm4j.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Tensor;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A case as we and as libtorch compute it: {@code output}, {@code grad_} of each input by its
 * number and {@code grad_} of each parameter by its name.
 */
final class LayerRuns {
  private LayerRuns() {}

  /** The shape of our output. */
  static long[] outputShape(LayerCase drawn, Backend backend) {
    return ours(drawn, Pass.inference().withBackend(backend)).shape().toArray();
  }

  private static Tensor ours(LayerCase drawn, Pass pass) {
    return drawn
        .ours()
        .apply(drawn.inputs().stream().map(i -> i.tensor(drawn.setting())).toList(), pass);
  }

  static Map<String, double[]> ours(LayerCase drawn, Numbers gradient, Backend backend) {
    Pass pass = Pass.inference().recording().withBackend(backend);
    List<Tensor> inputs = drawn.inputs().stream().map(i -> i.tensor(drawn.setting())).toList();
    for (int i = 0; i < inputs.size(); i++) {
      if (!drawn.inputs().get(i).whole()) {
        pass.watch(inputs.get(i));
      }
    }
    Tensor y = drawn.ours().apply(inputs, pass);
    Gradients gradients = pass.backward(y, gradient.tensor(drawn.setting()), false);
    Map<String, double[]> results = new LinkedHashMap<>();
    results.put("output", y.toDoubles());
    for (int i = 0; i < inputs.size(); i++) {
      if (!drawn.inputs().get(i).whole()) {
        results.put("grad_" + i, gradients.of(inputs.get(i)).toDoubles());
      }
    }
    for (Map.Entry<String, Parameter> entry : drawn.layer().namedParameters().entrySet()) {
      results.put("grad_" + entry.getKey(), gradients.of(entry.getValue().value()).toDoubles());
    }
    return results;
  }

  /** In float64; without gradients for a gradient of null. */
  static Map<String, double[]> theirs(LayerCase drawn, @Nullable Numbers gradient) {
    return theirs(drawn, gradient, v -> v, Map.of());
  }

  /** The same with other numbers for some parameters. */
  static Map<String, double[]> theirs(
      LayerCase drawn, Numbers gradient, Map<String, double[]> parameters) {
    return theirs(drawn, gradient, v -> v, parameters);
  }

  /**
   * The sums of the absolute values of all summands, for layers that are linear in their inputs and
   * in their parameters, with other numbers for some of these.
   */
  static Map<String, double[]> magnitudes(
      LayerCase drawn, Numbers gradient, Map<String, double[]> parameters) {
    return theirs(drawn, gradient, Math::abs, parameters);
  }

  /** The results for numbers that are all 1. */
  static Map<String, double[]> ones(LayerCase drawn, Numbers gradient) {
    return theirs(drawn, gradient, v -> 1, Map.of());
  }

  private static Map<String, double[]> theirs(
      LayerCase drawn,
      @Nullable Numbers gradient,
      DoubleUnaryOperator change,
      Map<String, double[]> parameters) {
    try (PointerScope _ = new PointerScope()) {
      Map<String, org.bytedeco.pytorch.Tensor> watched = new LinkedHashMap<>();
      List<org.bytedeco.pytorch.Tensor> inputs = new ArrayList<>();
      for (Numbers numbers : drawn.inputs()) {
        ScalarType type = numbers.whole() ? ScalarType.Long : ScalarType.Double;
        double[] values = numbers.whole() ? numbers.values() : changed(numbers.values(), change);
        org.bytedeco.pytorch.Tensor tensor = Libtorch.tensor(values, type, numbers.shape());
        inputs.add(tensor);
        if (!numbers.whole()) {
          watched.put("grad_" + (inputs.size() - 1), Libtorch.watched(tensor));
        }
      }
      Map<String, org.bytedeco.pytorch.Tensor> state = new LinkedHashMap<>();
      drawn
          .layer()
          .namedParameters()
          .forEach(
              (name, own) -> {
                double[] given = parameters.getOrDefault(name, own.value().toDoubles());
                double[] values = changed(given, change);
                long[] shape = own.value().shape().toArray();
                org.bytedeco.pytorch.Tensor tensor =
                    Libtorch.watched(Libtorch.tensor(values, ScalarType.Double, shape));
                state.put(name, tensor);
                watched.put("grad_" + name, tensor);
              });
      org.bytedeco.pytorch.Tensor y = drawn.theirs().apply(inputs, state);
      Map<String, double[]> results = new LinkedHashMap<>();
      results.put("output", Libtorch.values(y));
      if (gradient != null) {
        double[] g = changed(gradient.values(), change);
        Libtorch.backward(y, Libtorch.tensor(g, ScalarType.Double, gradient.shape()));
        watched.forEach((name, tensor) -> results.put(name, Libtorch.gradient(tensor)));
      }
      return results;
    }
  }

  private static double[] changed(double[] values, DoubleUnaryOperator change) {
    return Arrays.stream(values).map(change).toArray();
  }
}
