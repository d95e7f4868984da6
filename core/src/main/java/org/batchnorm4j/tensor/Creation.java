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

  static Tensor randn(RandomStream random, long... shape) {
    Tensor result = Tensor.zeros(shape);
    float[] values = result.unsafeFloatArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return result;
  }

  static Tensor uniform(RandomStream random, double low, double high, long... shape) {
    Tensor result = Tensor.zeros(shape);
    float[] values = result.unsafeFloatArray();
    float below = Math.nextDown((float) high); // rounding to float32 must not reach the open end
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.min((float) (low + (high - low) * random.nextDouble()), below);
    }
    return result;
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
