package org.batchnorm4j.tensor;

import java.util.function.Consumer;

/** Tensors to test with, and walks over their positions that share no code with the library. */
final class Samples {
  private Samples() {}

  /**
   * Standard normal values behind a range of axis 0, so that the offset is not 0; NaN around it.
   */
  static Tensor gaussian(RandomStream random, DType dtype, Layout layout, long... shape) {
    Tensor values = Tensor.randn(random, shape).to(layout).to(dtype);
    if (shape.length == 0) {
      return values;
    }
    long[] larger = shape.clone();
    larger[0] += 3;
    double around = dtype.isFloating() ? Double.NaN : -77;
    Tensor part = Tensor.full(around, dtype, larger).to(layout).range(2, 2 + (int) shape[0]);
    part.copyFrom(values);
    return part;
  }

  /** Small integers in any type, with many equal ones. */
  static Tensor integers(RandomStream random, DType dtype, Layout layout, long... shape) {
    Tensor values = gaussian(random, DType.FLOAT64, layout, shape);
    double[] array = values.unsafeDoubleArray();
    for (int i = 0; i < values.size(); i++) {
      array[values.offset() + i] = random.nextInt(4);
    }
    return values.to(dtype);
  }

  static Layout layout(RandomStream random) {
    return Layout.values()[random.nextInt(2)];
  }

  /** A shape of the given rank whose sizes are 1 to {@code most}, now and then 0. */
  static long[] sizes(RandomStream random, int rank, int most) {
    long[] sizes = new long[rank];
    for (int axis = 0; axis < rank; axis++) {
      sizes[axis] = random.nextInt(25) == 0 ? 0 : 1 + random.nextInt(most);
    }
    return sizes;
  }

  /** Every index of a shape in row-major order; the array is used again. */
  static void forEachIndex(Shape shape, Consumer<long[]> visitor) {
    if (shape.size() == 0) {
      return;
    }
    long[] index = new long[shape.rank()];
    while (true) {
      visitor.accept(index);
      int axis = shape.rank() - 1;
      while (axis >= 0 && ++index[axis] == shape.axis(axis)) {
        index[axis--] = 0;
      }
      if (axis < 0) {
        return;
      }
    }
  }
}
