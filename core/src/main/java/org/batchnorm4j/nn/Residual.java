package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code relu(body(x) + shortcut(x))} (He et al. 2016). Parts are named {@code body} and {@code
 * shortcut}. Inference is safe for use by many threads; training is not.
 */
public final class Residual implements Module {
  private final Members members = new Members("Residual");
  private final Module body;
  private final @Nullable Module shortcut;

  /** A block whose input joins unchanged. */
  public Residual(Module body) {
    this(body, null);
  }

  /**
   * A block whose input joins through a shortcut.
   *
   * @param body the long way
   * @param shortcut the short way, for where shapes change; null for the input itself
   */
  public Residual(Module body, @Nullable Module shortcut) {
    this.body = members.child("body", body);
    this.shortcut = shortcut == null ? null : members.child("shortcut", shortcut);
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    Tensor longWay = body.forward(input, pass);
    Tensor shortWay = shortcut == null ? input : shortcut.forward(input, pass);
    if (!longWay.shape().equals(shortWay.shape())) {
      throw new ShapeException(
          members
              + ": the body gives shape "
              + longWay.shape()
              + " and the shortcut "
              + shortWay.shape()
              + "; give a shortcut that changes shape as the body does");
    }
    return pass.relu(pass.add(longWay, shortWay));
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
