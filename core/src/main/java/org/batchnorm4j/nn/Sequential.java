package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * Modules one after the other, named by their position: {@code 0}, {@code 1}, ... Inference is safe
 * for use by many threads; training is not.
 */
public final class Sequential implements Module {
  private final Members members = new Members("Sequential");

  /** The given modules in order. */
  public Sequential(Module... modules) {
    for (Module module : modules) {
      add(module);
    }
  }

  /** Appends a module under the next number; returns this. */
  public Sequential add(Module module) {
    return add(Integer.toString(members.children().size()), module);
  }

  /** Appends a module under a name of its own; returns this. */
  public Sequential add(String name, Module module) {
    members.child(name, module);
    return this;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    Tensor x = input;
    for (Module module : members.children().values()) {
      x = module.forward(x, pass);
    }
    return x;
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("");
  }

  @Override
  public Members members() {
    return members;
  }
}
