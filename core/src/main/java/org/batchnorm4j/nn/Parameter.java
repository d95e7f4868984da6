package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * A tensor that training changes. Its values change in place, so the tensor stays the same object.
 * Reading is safe for use by many threads as long as nobody trains, loads or freezes; writing
 * belongs to one thread.
 */
public final class Parameter {
  private final Members owner;
  private final String name;
  private final Tensor value;
  private boolean trainable = true;

  Parameter(Members owner, String name, Tensor value) {
    this.owner = owner;
    this.name = name;
    this.value = value;
  }

  /** The current values. */
  public Tensor value() {
    return value;
  }

  /** The values for use in a pass, which gives their gradient if the parameter is trainable. */
  public Tensor in(Pass pass) {
    return trainable ? pass.watch(value) : value;
  }

  /** Whether gradients are taken and optimisers move it; true at first. */
  public boolean isTrainable() {
    return trainable;
  }

  /** Freezes the parameter or thaws it. */
  public void setTrainable(boolean newValue) {
    trainable = newValue;
  }

  /** The name with the path of its layer: {@code layer1.bn.weight}. */
  public String path() {
    return owner.join(name);
  }

  @Override
  public String toString() {
    return path() + " " + value.shape();
  }
}
