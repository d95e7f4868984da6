package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Random first values of weights, float32 if no type is given: equal draws in either type, of which
 * float32 takes the nearest. Shapes are (out, in) for linear layers and (out, in / groups, Kh, Kw)
 * for convolutions; fan-in is in times the window, fan-out is out times the window.
 *
 * <p>Functions without state: safe for use by many threads, each with its own random numbers.
 */
public final class Initialization {
  private Initialization() {}

  /**
   * Uniform on ±sqrt(6 / ((1 + a^2) fanIn)) (He et al. 2015).
   *
   * @param a slope of the leaky ReLU behind; 0 for ReLU, sqrt(5) is PyTorch's default for layers
   */
  public static Tensor kaimingUniform(RandomStream random, double a, long... shape) {
    return kaimingUniform(DType.FLOAT32, random, a, shape);
  }

  /** {@link #kaimingUniform(RandomStream, double, long...)} in float32 or float64. */
  public static Tensor kaimingUniform(DType dtype, RandomStream random, double a, long... shape) {
    double bound = Math.sqrt(6 / ((1 + a * a) * fanIn(shape)));
    return Tensor.uniform(dtype, random, -bound, bound, shape);
  }

  /** Normal with deviation sqrt(2 / fanIn) (He et al. 2015, equation 10). */
  public static Tensor kaimingNormal(RandomStream random, long... shape) {
    return kaimingNormal(DType.FLOAT32, random, shape);
  }

  /** {@link #kaimingNormal(RandomStream, long...)} in float32 or float64. */
  public static Tensor kaimingNormal(DType dtype, RandomStream random, long... shape) {
    return normal(dtype, random, Math.sqrt(2.0 / fanIn(shape)), shape);
  }

  /** Uniform on ±sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010, equation 16). */
  public static Tensor xavierUniform(RandomStream random, long... shape) {
    return xavierUniform(DType.FLOAT32, random, shape);
  }

  /** {@link #xavierUniform(RandomStream, long...)} in float32 or float64. */
  public static Tensor xavierUniform(DType dtype, RandomStream random, long... shape) {
    double bound = Math.sqrt(6.0 / (fanIn(shape) + fanOut(shape)));
    return Tensor.uniform(dtype, random, -bound, bound, shape);
  }

  /** Normal with deviation sqrt(2 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
  public static Tensor xavierNormal(RandomStream random, long... shape) {
    return xavierNormal(DType.FLOAT32, random, shape);
  }

  /** {@link #xavierNormal(RandomStream, long...)} in float32 or float64. */
  public static Tensor xavierNormal(DType dtype, RandomStream random, long... shape) {
    return normal(dtype, random, Math.sqrt(2.0 / (fanIn(shape) + fanOut(shape))), shape);
  }

  private static Tensor normal(DType dtype, RandomStream random, double deviation, long... shape) {
    if (!dtype.computes()) {
      return Tensor.randn(dtype, random, shape); // refuses the type
    }
    return Tensor.randn(DType.FLOAT64, random, shape).mul(deviation).to(dtype);
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
