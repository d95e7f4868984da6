package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BinaryOperation;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/** Element-wise operations of two operands; gradients are summed over what was broadcast. */
final class Arithmetic {
  private Arithmetic() {}

  static Tensor add(Tensor a, Tensor b, Pass pass) {
    return pass.record(
        "add",
        pass.backend().binary(BinaryOperation.ADD, a, b),
        new Edge(a, (g, p) -> Shaping.sumTo(g, a.shape(), p)),
        new Edge(b, (g, p) -> Shaping.sumTo(g, b.shape(), p)));
  }

  static Tensor sub(Tensor a, Tensor b, Pass pass) {
    return pass.record(
        "sub",
        pass.backend().binary(BinaryOperation.SUB, a, b),
        new Edge(a, (g, p) -> Shaping.sumTo(g, a.shape(), p)),
        new Edge(b, (g, p) -> Shaping.sumTo(p.neg(g), b.shape(), p)));
  }

  static Tensor mul(Tensor a, Tensor b, Pass pass) {
    return pass.record(
        "mul",
        pass.backend().binary(BinaryOperation.MUL, a, b),
        new Edge(a, (g, p) -> Shaping.sumTo(p.mul(g, b), a.shape(), p)),
        new Edge(b, (g, p) -> Shaping.sumTo(p.mul(g, a), b.shape(), p)));
  }

  static Tensor div(Tensor a, Tensor b, Pass pass) {
    Tensor y = pass.backend().binary(BinaryOperation.DIV, a, b);
    return pass.record(
        "div",
        y,
        new Edge(a, (g, p) -> Shaping.sumTo(p.div(g, b), a.shape(), p)),
        // d(a/b)/db = -(a/b)/b
        new Edge(b, (g, p) -> Shaping.sumTo(p.neg(p.div(p.mul(g, y), b)), b.shape(), p)));
  }

  static Tensor maximum(Tensor a, Tensor b, Pass pass) {
    return pass.record(
        "maximum",
        pass.backend().binary(BinaryOperation.MAX, a, b),
        new Edge(a, (g, p) -> Shaping.sumTo(p.mul(g, share(a, b, p)), a.shape(), p)),
        new Edge(b, (g, p) -> Shaping.sumTo(p.mul(g, share(b, a, p)), b.shape(), p)));
  }

  /** 1 where a wins, a half at ties, 0 where b wins; constant almost everywhere. */
  private static Tensor share(Tensor a, Tensor b, Pass pass) {
    Backend backend = pass.backend();
    Tensor wins = backend.to(backend.binary(BinaryOperation.GT, a, b), a.dtype());
    Tensor ties = backend.to(backend.binary(BinaryOperation.EQ, a, b), a.dtype());
    Tensor half = pass.filled(0.5, a.dtype(), Shape.of());
    return backend.binary(
        BinaryOperation.ADD, wins, backend.binary(BinaryOperation.MUL, ties, half));
  }
}
