package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code relu(body(x) + shortcut(x))} (He et al. 2016). Parts are named {@code body} and {@code
 * shortcut}. Inference is safe for use by many threads; training is not.
 *
 * <p>A batch norm at the end of the body computes sum and ReLU too, in the same bits. Neither way
 * can start with one that works in place: the other one needs the input.
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
   * @throws IllegalArgumentException if one of them starts with a batch norm that works in place
   */
  public Residual(Module body, @Nullable Module shortcut) {
    this.body = members.child("body", body);
    this.shortcut = shortcut == null ? null : members.child("shortcut", shortcut);
    checkInPlace("body", body, "shortcut");
    if (shortcut != null) {
      checkInPlace("shortcut", shortcut, "body");
    }
  }

  /** Both ways read the input, and a body may hand it on to its end. */
  private static void checkInPlace(String part, Module module, String other) {
    BatchNorm first = overwriting(module);
    if (first != null) {
      throw new IllegalArgumentException(
          "Residual: the "
              + part
              + " starts with "
              + first.members()
              + ", which works in place and would overwrite the input that the "
              + other
              + " still needs; build it with withInplace(false)");
    }
  }

  /** The layer that would write into the input of a module. */
  private static @Nullable BatchNorm overwriting(Module module) {
    return switch (module) {
      case BatchNorm norm -> norm.options().inplace() ? norm : null;
      case BatchNormReLU fused -> overwriting(fused.norm());
      case BatchNormAddReLU fused -> overwriting(fused.norm());
      case Sequential chain -> {
        BatchNorm found = null;
        for (Module part : chain.order()) {
          found = overwriting(part);
          if (found != null || !handsOn(part)) {
            break;
          }
        }
        yield found;
      }
      default -> null;
    };
  }

  /** Whether a module may return its input or a view of it, which what follows may overwrite. */
  private static boolean handsOn(Module module) {
    return module instanceof Flatten
        || module instanceof Dropout
        || (module instanceof Sequential chain
            && chain.order().stream().allMatch(Residual::handsOn));
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    BatchNorm tail = tail();
    Tensor longWay = tail == null ? body.forward(input, pass) : beforeTail(input, pass);
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
    return tail == null
        ? pass.relu(pass.add(longWay, shortWay))
        : tail.forwardAddRelu(longWay, shortWay, pass);
  }

  /** The batch norm that ends the body, with which sum and ReLU are fused. */
  private @Nullable BatchNorm tail() {
    if (body instanceof BatchNorm norm) {
      return norm;
    }
    return body instanceof Sequential chain
            && !chain.order().isEmpty()
            && chain.order().getLast() instanceof BatchNorm norm
        ? norm
        : null;
  }

  private Tensor beforeTail(Tensor input, Pass pass) {
    return body instanceof Sequential chain
        ? chain.forward(input, chain.order().size() - 1, pass)
        : input;
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
