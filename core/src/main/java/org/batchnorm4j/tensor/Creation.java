package org.batchnorm4j.tensor;

/** New tensors over arrays, and of numbers that follow a rule. */
final class Creation {
  private Creation() {}

  /** A tensor over all of a storage. */
  static Tensor over(Storage storage, DType dtype, Layout layout, long... sizes) {
    Shape shape = Shape.of(sizes);
    if (shape.size() != storage.length()) {
      throw new ShapeException(
          storage.length() + " values do not fill shape " + shape + ", which has " + shape.size());
    }
    return new Tensor(storage, 0, dtype, shape, layout, null);
  }

  static Tensor arange(int count) {
    Tensor result = Tensor.zeros(count);
    float[] values = result.unsafeFloatArray();
    for (int i = 0; i < count; i++) {
      values[i] = i;
    }
    return result;
  }

  /** The same draws in every type, each rounded once. */
  static Tensor randn(DType dtype, RandomStream random, long... shape) {
    Tensor result = drawn("randn", dtype, shape);
    for (int i = 0; i < result.size(); i++) {
      Conversion.set(result.storage(), dtype, i, random.nextGaussian());
    }
    return result;
  }

  /** The same draws in every type, each rounded once. */
  static Tensor uniform(DType dtype, RandomStream random, double low, double high, long... shape) {
    Tensor result = drawn("uniform", dtype, shape);
    // rounding must not reach the open end
    double below = dtype == DType.FLOAT32 ? Math.nextDown((float) high) : Math.nextDown(high);
    for (int i = 0; i < result.size(); i++) {
      double value = low + (high - low) * random.nextDouble();
      double rounded = dtype == DType.FLOAT32 ? (float) value : value;
      Conversion.set(result.storage(), dtype, i, Math.min(rounded, below));
    }
    return result;
  }

  private static Tensor drawn(String what, DType dtype, long... shape) {
    if (!dtype.computes()) {
      throw new IllegalArgumentException(
          what
              + " draws float32 or float64 numbers, got "
              + dtype
              + "; convert the tensor afterwards with to(DType)");
    }
    return Tensor.zeros(dtype, shape);
  }

  /**
   * A scalar of the given type.
   *
   * @throws IllegalArgumentException if an integer type is to hold a fraction
   */
  static Tensor number(String what, double value, DType dtype) {
    if (!dtype.isFloating() && value != Math.rint(value)) {
      throw new IllegalArgumentException(
          what
              + " of a tensor of "
              + dtype
              + " and "
              + value
              + ", which is no integer: convert the tensor with to(DType.FLOAT32)");
    }
    return Tensor.full(value, dtype);
  }
}
