package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Random first values of weights. Shapes are (out, in) for linear layers and (out, in / groups, Kh,
 * Kw) for convolutions; fan-in is in times the window, fan-out is out times the window. Stateless.
 */
public final class Initialization {
  private Initialization() {}

  /**
   * Uniform on ±sqrt(6 / ((1 + a^2) fanIn)) (He et al. 2015).
   *
   * @param a slope of the leaky ReLU behind; 0 for ReLU, sqrt(5) is PyTorch's default for layers
   */
  public static Tensor kaimingUniform(RandomStream random, double a, long... shape) {
    double bound = Math.sqrt(6 / ((1 + a * a) * fanIn(shape)));
    return Tensor.uniform(random, -bound, bound, shape);
  }

  /** Normal with deviation sqrt(2 / fanIn) (He et al. 2015, equation 10). */
  public static Tensor kaimingNormal(RandomStream random, long... shape) {
    return Tensor.randn(random, shape).mul(Math.sqrt(2.0 / fanIn(shape)));
  }

  /** Uniform on ±sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010, equation 16). */
  public static Tensor xavierUniform(RandomStream random, long... shape) {
    double bound = Math.sqrt(6.0 / (fanIn(shape) + fanOut(shape)));
    return Tensor.uniform(random, -bound, bound, shape);
  }

  /** Normal with deviation sqrt(2 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
  public static Tensor xavierNormal(RandomStream random, long... shape) {
    return Tensor.randn(random, shape).mul(Math.sqrt(2.0 / (fanIn(shape) + fanOut(shape))));
  }

  static long fanIn(long... shape) {
    long window = window(shape);
    return shape[1] * window;
  }

  private static long fanOut(long... shape) {
    long window = window(shape);
    return shape[0] * window;
  }

  private static long window(long... shape) {
    if (shape.length < 2) {
      throw new IllegalArgumentException(
          "fan-in and fan-out need a weight of at least 2 axes (out, in), got " + shape.length);
    }
    long product = 1;
    for (int i = 2; i < shape.length; i++) {
      product *= shape[i];
    }
    return product;
  }
}
