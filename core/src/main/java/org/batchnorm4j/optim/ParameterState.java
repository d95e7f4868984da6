package org.batchnorm4j.optim;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;

/** The tensors that an optimiser keeps beside its parameters, under names for checkpoints. */
final class ParameterState {
  private final List<Parameter> parameters;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Tensor step = Tensor.scalar(0L);

  ParameterState(List<Parameter> parameters, String... slots) {
    this.parameters = List.copyOf(parameters);
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("an optimiser needs at least one parameter");
    }
    for (Parameter parameter : parameters) {
      if (!parameter.value().dtype().computes()) {
        throw new IllegalArgumentException(
            "an optimiser moves float32 and float64 parameters, \""
                + parameter.path()
                + "\" is "
                + parameter.value().dtype()
                + "; keep a float32 parameter and convert it in the pass with pass.to(x, DType)");
      }
    }
    Set<String> paths = new HashSet<>();
    for (Parameter parameter : parameters) {
      if (!paths.add(parameter.path())) {
        throw new IllegalArgumentException(
            "two parameters are called \""
                + parameter.path()
                + "\": give each parameter once, and put several models into one, such as a"
                + " Sequential, so that their names differ");
      }
    }
    tensors.put("step", step);
    for (String slot : slots) {
      for (Parameter parameter : parameters) {
        Tensor value = parameter.value();
        tensors.put(
            slot + "." + parameter.path(), Tensor.zeros(value.dtype(), value.shape().toArray()));
      }
    }
  }

  List<Parameter> parameters() {
    return parameters;
  }

  /**
   * Counts a step; returns its number, from 1. Nothing is counted or moved where a gradient is
   * missing.
   */
  long nextStep(Gradients gradients) {
    for (Parameter parameter : parameters) {
      if (parameter.isTrainable()) {
        gradient(gradients, parameter);
      }
    }
    long next = step.itemAsLong() + 1;
    step.copyFrom(Tensor.scalar(next));
    return next;
  }

  Tensor slot(String slot, Parameter parameter) {
    Tensor tensor = tensors.get(slot + "." + parameter.path());
    if (tensor == null) {
      throw new IllegalStateException(
          "parameter \""
              + parameter.path()
              + "\" got another name after the optimiser was made; build the whole model first");
    }
    return tensor;
  }

  /**
   * The gradient from the start of its array on: where all arrays of a loop run along the same
   * index, it is compiled to vectors.
   */
  static Tensor gradient(Gradients gradients, Parameter parameter) {
    Tensor gradient =
        gradients
            .find(parameter.value())
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "parameter \""
                            + parameter.path()
                            + "\" has no gradient: the loss does not depend on it through recorded"
                            + " operations; compute with the pass, or freeze it with"
                            + " setTrainable(false)"))
            .to(Layout.CHANNELS_FIRST);
    return gradient.offset() == 0 ? gradient : gradient.detach();
  }

  Map<String, Tensor> stateDict() {
    return new LinkedHashMap<>(tensors);
  }

  void load(Map<String, Tensor> state) {
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      Tensor value = state.get(entry.getKey());
      if (value == null || !value.shape().equals(entry.getValue().shape())) {
        throw new IllegalArgumentException(
            "optimiser state: \""
                + entry.getKey()
                + "\" "
                + (value == null
                    ? "is missing"
                    : "has shape " + value.shape() + " instead of " + entry.getValue().shape()));
      }
    }
    for (String name : state.keySet()) {
      if (!tensors.containsKey(name)) {
        throw new IllegalArgumentException("optimiser state: \"" + name + "\" is unexpected");
      }
    }
    tensors.forEach(
        (name, tensor) -> tensor.copyFrom(java.util.Objects.requireNonNull(state.get(name))));
  }

  static double checkedRate(double learningRate) {
    return checkedSize("learning rate", learningRate);
  }

  static double checkedSize(String name, double value) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " must be finite and not negative, got " + value);
    }
    return value;
  }

  static double checkedFraction(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(name + " must be at least 0 and below 1, got " + value);
    }
    return value;
  }
}
