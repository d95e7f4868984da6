package org.batchnorm4j.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The registry of one module: its kind, its place in the tree, its parameters, buffers and parts by
 * name. Filled by the module's constructor. Not safe for use by many threads while it is filled.
 */
public final class Members {
  private final String kind;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, Tensor> buffers = new LinkedHashMap<>();
  private final Map<String, Module> children = new LinkedHashMap<>();
  private @Nullable Members parent;
  private String name = "";

  /**
   * An empty registry.
   *
   * @param kind what errors call the module: {@code BatchNorm2d}
   */
  public Members(String kind) {
    this.kind = kind;
  }

  /**
   * Registers a parameter.
   *
   * @throws IllegalArgumentException if the name is taken, empty or has a dot
   */
  public Parameter parameter(String newName, Tensor initial) {
    checkNew(newName);
    Parameter parameter = new Parameter(this, newName, initial);
    parameters.put(newName, parameter);
    return parameter;
  }

  /** Registers a tensor that is saved but not trained; returns it. */
  public Tensor buffer(String newName, Tensor initial) {
    checkNew(newName);
    buffers.put(newName, initial);
    return initial;
  }

  /** Registers a part; returns it. A part that belongs to another module already keeps its path. */
  public <M extends Module> M child(String newName, M module) {
    checkNew(newName);
    Members part = module.members();
    for (Members ancestor = this; ancestor != null; ancestor = ancestor.parent) {
      if (ancestor == part) {
        throw new IllegalArgumentException(this + " cannot contain itself as \"" + newName + "\"");
      }
    }
    children.put(newName, module);
    if (part.parent == null) {
      part.parent = this;
      part.name = newName;
    }
    return module;
  }

  private void checkNew(String newName) {
    if (newName.isEmpty() || newName.indexOf('.') >= 0) {
      throw new IllegalArgumentException(
          "a name in " + this + " must be non-empty and have no dot, got \"" + newName + "\"");
    }
    if (parameters.containsKey(newName)
        || buffers.containsKey(newName)
        || children.containsKey(newName)) {
      throw new IllegalArgumentException(this + " already has a \"" + newName + "\"");
    }
  }

  /** The kind given to the constructor. */
  public String kind() {
    return kind;
  }

  /** The place in the tree: names from the root joined by dots, empty for the root. */
  public String path() {
    return parent == null ? "" : parent.join(name);
  }

  String join(String part) {
    String path = path();
    return path.isEmpty() ? part : path + "." + part;
  }

  /** The parts by name, in order of registration. */
  public Map<String, Module> children() {
    return Collections.unmodifiableMap(children);
  }

  Map<String, Parameter> namedParameters() {
    Map<String, Parameter> found = new LinkedHashMap<>();
    collect("", found, null, Collections.newSetFromMap(new IdentityHashMap<>()));
    return found;
  }

  /** All buffers by path. */
  public Map<String, Tensor> namedBuffers() {
    Map<String, Tensor> found = state();
    found.keySet().removeAll(namedParameters().keySet());
    return found;
  }

  Map<String, Tensor> state() {
    Map<String, Tensor> found = new LinkedHashMap<>();
    collect("", null, found, Collections.newSetFromMap(new IdentityHashMap<>()));
    return found;
  }

  /** Shared parts are listed under each of their names in a state, once among the parameters. */
  private void collect(
      String prefix,
      @Nullable Map<String, Parameter> into,
      @Nullable Map<String, Tensor> state,
      Set<Parameter> seen) {
    for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
      if (into != null && seen.add(entry.getValue())) {
        into.put(prefix + entry.getKey(), entry.getValue());
      }
      if (state != null) {
        state.put(prefix + entry.getKey(), entry.getValue().value());
      }
    }
    if (state != null) {
      buffers.forEach((key, tensor) -> state.put(prefix + key, tensor));
    }
    for (Map.Entry<String, Module> entry : children.entrySet()) {
      entry.getValue().members().collect(prefix + entry.getKey() + ".", into, state, seen);
    }
  }

  StateMismatch load(Map<String, Tensor> source, boolean strict) {
    Map<String, Tensor> own = state();
    List<String> missing = new ArrayList<>(own.keySet());
    missing.removeAll(source.keySet());
    List<String> unexpected = new ArrayList<>(source.keySet());
    unexpected.removeAll(own.keySet());
    List<String> problems = new ArrayList<>();
    if (strict && !missing.isEmpty()) {
      problems.add("missing " + String.join(", ", missing));
    }
    if (strict && !unexpected.isEmpty()) {
      problems.add("unexpected " + String.join(", ", unexpected));
    }
    own.forEach(
        (key, target) -> {
          Tensor value = source.get(key);
          if (value != null && !value.shape().equals(target.shape())) {
            problems.add(key + " has shape " + value.shape() + " instead of " + target.shape());
          }
        });
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(
          "the state does not fit "
              + this
              + ": "
              + String.join("; ", problems)
              + (strict ? "; strict=false accepts missing and unexpected names" : ""));
    }
    own.forEach(
        (key, target) -> {
          Tensor value = source.get(key);
          if (value != null) {
            target.copyFrom(value);
          }
        });
    return new StateMismatch(missing, unexpected);
  }

  /**
   * What a module's {@code toString} returns, as PyTorch prints it: {@code Linear(in_features=2,
   * out_features=3, bias=True)}, and for a module with parts one line for each, indented.
   *
   * @param arguments what stands in the parentheses, empty for nothing
   */
  public String describe(String arguments) {
    if (children.isEmpty()) {
      return kind + "(" + arguments + ")";
    }
    StringBuilder text = new StringBuilder(kind).append("(\n");
    if (!arguments.isEmpty()) {
      text.append("  ").append(arguments).append('\n');
    }
    children.forEach(
        (key, module) ->
            text.append("  (")
                .append(key)
                .append("): ")
                .append(module.toString().replace("\n", "\n  "))
                .append('\n'));
    return text.append(')').toString();
  }

  /** Refuses element types that parameters cannot have. */
  static void checkParameterType(String kind, DType dtype) {
    if (!dtype.computes()) {
      throw new IllegalArgumentException(
          kind + " parameters must be float32 or float64, got " + dtype);
    }
  }

  /** Refuses an input of another type than a parameter. */
  void checkInputType(Tensor input, Parameter parameter) {
    DType own = parameter.value().dtype();
    if (input.dtype() != own) {
      throw new IllegalArgumentException(
          this
              + " has "
              + own
              + " parameters, but the input of shape "
              + input.shape()
              + " is "
              + input.dtype()
              + "; convert it with pass.to(input, DType."
              + own.name()
              + ")"
              + (input.dtype().computes()
                  ? " or build the layer for DType." + input.dtype().name()
                  : ""));
    }
  }

  /** The kind and the quoted path, as errors name a layer: {@code BatchNorm2d "layer1.bn"}. */
  @Override
  public String toString() {
    String path = path();
    return path.isEmpty() ? kind : kind + " \"" + path + "\"";
  }
}
