package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Activations;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Tensor;

/**
 * {@code x Phi(x)} of any shape, where Phi is the distribution function of the standard normal
 * distribution, or its approximation {@code x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2}
 * (Hendrycks and Gimpel 2016). Safe for use by many threads.
 */
public final class GELU implements Module {
  private final Members members = new Members("GELU");
  private final Approximation approximation;

  /** How the function is computed: PyTorch's {@code approximate}. Safe for use by many threads. */
  public enum Approximation {
    /** By the error function. */
    NONE,
    /** By the hyperbolic tangent. */
    TANH
  }

  /** The exact function. */
  public GELU() {
    this(Approximation.NONE);
  }

  /** The exact function or its approximation. */
  public GELU(Approximation approximation) {
    this.approximation = approximation;
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return switch (approximation) {
      case NONE -> Activations.gelu(input, pass);
      case TANH -> Activations.geluTanh(input, pass);
    };
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return switch (approximation) {
      case NONE -> members.describe("approximate='none'");
      case TANH -> members.describe("approximate='tanh'");
    };
  }

  @Override
  public Members members() {
    return members;
  }
}
