package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.UnaryOperation;

/** Element-wise operations of one operand. */
final class Elementary {
  private Elementary() {}

  static Tensor to(Tensor x, DType dtype, Pass pass) {
    Tensor y = pass.backend().to(x, dtype);
    if (y == x || !dtype.isFloating()) {
      return y;
    }
    return pass.record("to", y, new Edge(x, (g, p) -> p.to(g, x.dtype())));
  }

  /** {@code a + b} of two gradients of one tensor; half types are added in float32. */
  static Tensor addGradients(Tensor a, Tensor b, Pass pass) {
    DType dtype = a.dtype();
    if (dtype.computes()) {
      return pass.add(a, b);
    }
    Tensor wide = pass.add(pass.to(a, DType.FLOAT32), pass.to(b, DType.FLOAT32));
    return pass.to(wide, dtype);
  }

  static Tensor neg(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.NEG, x);
    return pass.record("neg", y, new Edge(x, (g, p) -> p.neg(g)));
  }

  static Tensor abs(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.ABS, x);
    return pass.record(
        "abs", y, new Edge(x, (g, p) -> p.mul(g, p.backend().unary(UnaryOperation.SIGN, x))));
  }

  static Tensor exp(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.EXP, x);
    return pass.record("exp", y, new Edge(x, (g, p) -> p.mul(g, y)));
  }

  static Tensor log(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.LOG, x);
    return pass.record("log", y, new Edge(x, (g, p) -> p.div(g, x)));
  }

  static Tensor sqrt(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.SQRT, x);
    return pass.record("sqrt", y, new Edge(x, (g, p) -> p.div(p.mul(g, 0.5), y)));
  }

  static Tensor square(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.SQUARE, x);
    return pass.record("square", y, new Edge(x, (g, p) -> p.mul(p.mul(g, x), 2)));
  }

  static Tensor tanh(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.TANH, x);
    // 1 - y^2
    return pass.record("tanh", y, new Edge(x, (g, p) -> p.mul(g, p.add(p.neg(p.square(y)), 1))));
  }

  static Tensor sigmoid(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.SIGMOID, x);
    // y (1 - y)
    return pass.record("sigmoid", y, new Edge(x, (g, p) -> p.mul(g, p.mul(y, p.add(p.neg(y), 1)))));
  }

  static Tensor normalCdf(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.NORMAL_CDF, x);
    return pass.record("normal cdf", y, new Edge(x, (g, p) -> p.mul(g, normalPdf(x, p))));
  }

  private static Tensor normalPdf(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.NORMAL_PDF, x);
    // -x y
    return pass.record("normal pdf", y, new Edge(x, (g, p) -> p.neg(p.mul(g, p.mul(x, y)))));
  }

  static Tensor relu(Tensor x, Pass pass) {
    Tensor y = pass.backend().unary(UnaryOperation.RELU, x);
    return pass.record("relu", y, new Edge(x, (g, p) -> whereActive(y, g, p)));
  }

  /** g where y is positive, 0 elsewhere; linear in g. */
  static Tensor whereActive(Tensor y, Tensor g, Pass pass) {
    return pass.record(
        "relu backward",
        pass.backend().reluGradient(y, g),
        new Edge(g, (gg, p) -> whereActive(y, gg, p)));
  }
}
