package org.batchnorm4j.optim;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;

/** The tensors that an optimiser keeps beside its parameters, under names for checkpoints. */
final class ParameterState {
  private final List<Parameter> parameters;
  private final List<String> paths;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Map<String, Map<Parameter, Tensor>> slots = new HashMap<>();
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
    paths = parameters.stream().map(Parameter::path).toList();
    Set<String> known = new HashSet<>();
    for (Parameter parameter : parameters) {
      if (!known.add(parameter.path())) {
        throw new IllegalArgumentException(
            "two parameters are called \""
                + parameter.path()
                + "\": give each parameter once, and put several models into one, such as a"
                + " Sequential, so that their names differ");
      }
    }
    tensors.put("step", step);
    for (String slot : slots) {
      Map<Parameter, Tensor> ofSlot = new HashMap<>();
      for (Parameter parameter : parameters) {
        Tensor value = parameter.value();
        Tensor zeros = Tensor.zeros(value.dtype(), value.shape().toArray());
        tensors.put(slot + "." + parameter.path(), zeros);
        ofSlot.put(parameter, zeros);
      }
      this.slots.put(slot, ofSlot);
    }
  }

  List<Parameter> parameters() {
    return parameters;
  }

  /**
   * Counts a step; returns its number, from 1. Nothing is counted or moved where a gradient is
   * missing or a parameter got another name.
   */
  long nextStep(Gradients gradients) {
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      if (parameter.isTrainable()) {
        gradient(gradients, parameter);
        checkName(parameter, paths.get(i));
      }
    }
    long next = step.itemAsLong() + 1;
    step.unsafeLongArray()[step.offset()] = next;
    return next;
  }

  /** What is kept for a parameter is saved under the name that it had at first. */
  private void checkName(Parameter parameter, String first) {
    if (!slots.isEmpty() && !parameter.path().equals(first)) {
      throw new IllegalStateException(
          "parameter \""
              + parameter.path()
              + "\" was called \""
              + first
              + "\" when the optimiser was made; build the whole model first");
    }
  }

  Tensor slot(String slot, Parameter parameter) {
    return Objects.requireNonNull(Objects.requireNonNull(slots.get(slot)).get(parameter));
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
    tensors.forEach((name, tensor) -> tensor.copyFrom(Objects.requireNonNull(state.get(name))));
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
