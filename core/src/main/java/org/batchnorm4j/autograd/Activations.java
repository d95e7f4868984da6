package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.BinaryOperation;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * Activation functions of float32 and float64 tensors, with gradients of any order. The bits are
 * the same on every machine. Functions without state: safe for use by many threads.
 */
public final class Activations {
  private static final double CUBE = 0.044715; // Hendrycks and Gimpel 2016, section 2

  private Activations() {}

  /** {@code x} where it is positive, {@code slope * x} elsewhere; the gradient at 0 is slope. */
  public static Tensor leakyRelu(Tensor x, double slope, Pass pass) {
    Tensor zero = pass.filled(0, x.dtype(), Shape.of());
    Tensor positive = pass.backend().binary(BinaryOperation.GT, x, zero);
    Pass constant = pass.withoutTape();
    Tensor one = constant.to(positive, x.dtype());
    Tensor other = constant.add(constant.neg(one), 1);
    return pass.mul(x, constant.add(one, constant.mul(other, slope))); // exactly 1 or slope
  }

  /**
   * {@code x Phi(x)}, where Phi is the distribution function of the standard normal distribution.
   * Relatively precise for negative x too, where {@code (1 + erf(x / sqrt(2))) / 2} cancels.
   */
  public static Tensor gelu(Tensor x, Pass pass) {
    return pass.mul(x, Elementary.normalCdf(x, pass));
  }

  /**
   * {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2}, computed in float64 and rounded
   * once; as {@code x sigmoid(2 ...)}, which does not cancel.
   */
  public static Tensor geluTanh(Tensor x, Pass pass) {
    Tensor wide = pass.to(x, DType.FLOAT64);
    Tensor bend = pass.add(pass.mul(pass.square(wide), CUBE), 1);
    Tensor inner = pass.mul(pass.mul(wide, bend), 2 * Math.sqrt(2 / Math.PI));
    return pass.to(pass.mul(wide, pass.sigmoid(inner)), x.dtype());
  }

  /**
   * {@code e^x / sum(e^x)} along an axis.
   *
   * @param axis negative axes count from the end
   * @throws org.batchnorm4j.tensor.ShapeException if there is no such axis
   */
  public static Tensor softmax(Tensor x, int axis, Pass pass) {
    Tensor y = pass.backend().softmax(x, axis);
    // y (g - sum(g y))
    return pass.record(
        "softmax",
        y,
        new Edge(
            x,
            (g, p) -> p.mul(y, p.sub(g, Reductions.sum(p.mul(g, y), new int[] {axis}, true, p)))));
  }
}
