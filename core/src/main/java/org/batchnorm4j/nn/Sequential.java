package org.batchnorm4j.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * Modules one after the other, named by their position: {@code 0}, {@code 1}, ... Inference is safe
 * for use by many threads; training is not.
 *
 * <p>A batch norm with a ReLU right behind it computes both at once, in the same bits.
 */
public final class Sequential implements Module {
  private final Members members = new Members("Sequential");
  private final List<Module> order = new ArrayList<>();

  /** The given modules in order. */
  public Sequential(Module... modules) {
    for (Module module : modules) {
      add(module);
    }
  }

  /** Appends a module under its own name if its options give one, else the next number. */
  public Sequential add(Module module) {
    String number = Integer.toString(members.children().size());
    return add(
        module instanceof BatchNorm norm ? norm.options().name().orElse(number) : number, module);
  }

  /** Appends a module under a name of its own; returns this. */
  public Sequential add(String name, Module module) {
    order.add(members.child(name, module));
    return this;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return forward(input, order.size(), pass);
  }

  /** The output of the first {@code modules}. */
  Tensor forward(Tensor input, int modules, Pass pass) {
    Tensor x = input;
    for (int i = 0; i < modules; i++) {
      Module module = order.get(i);
      if (module instanceof BatchNorm norm && i + 1 < modules && order.get(i + 1) instanceof ReLU) {
        x = norm.forwardRelu(x, pass);
        i++;
      } else {
        x = module.forward(x, pass);
      }
    }
    return x;
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe("");
  }

  /** The modules in order. */
  List<Module> order() {
    return Collections.unmodifiableList(order);
  }

  @Override
  public Members members() {
    return members;
  }
}
