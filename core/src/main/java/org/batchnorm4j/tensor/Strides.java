package org.batchnorm4j.tensor;

import java.util.Arrays;

/** Distances in storage between neighbours along each axis; derived from shape and layout. */
record Strides(int[] values) {

  static Strides of(Tensor tensor) {
    return of(tensor.shape(), tensor.layout());
  }

  static Strides of(Shape shape, Layout layout) {
    int rank = shape.rank();
    int[] strides = new int[rank];
    int next = 1;
    if (layout == Layout.CHANNELS_LAST && rank >= 3) {
      strides[1] = 1;
      next = (int) shape.axis(1);
      for (int axis = rank - 1; axis >= 2; axis--) {
        strides[axis] = next;
        next *= (int) shape.axis(axis);
      }
      strides[0] = next;
    } else {
      for (int axis = rank - 1; axis >= 0; axis--) {
        strides[axis] = next;
        next *= (int) shape.axis(axis);
      }
    }
    return new Strides(strides);
  }

  /** The axes from the slowest in storage to the fastest. */
  static int[] storageOrder(int rank, Layout layout) {
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      order[i] = i;
    }
    if (layout == Layout.CHANNELS_LAST && rank >= 3) {
      for (int i = 1; i < rank - 1; i++) {
        order[i] = i + 1;
      }
      order[rank - 1] = 1;
    }
    return order;
  }

  int position(Tensor tensor, long... index) {
    if (index.length != values.length) {
      throw new ShapeException(
          "index " + Arrays.toString(index) + " does not fit shape " + tensor.shape());
    }
    int position = tensor.offset();
    for (int axis = 0; axis < index.length; axis++) {
      if (index[axis] < 0 || index[axis] >= tensor.shape().axis(axis)) {
        throw new IndexOutOfBoundsException(
            "index "
                + Arrays.toString(index)
                + " leaves axis "
                + axis
                + " of the shape "
                + tensor.shape());
      }
      position += (int) index[axis] * values[axis];
    }
    return position;
  }

  /** The shape of {@code sizes} with a -1 worked out so that it holds as many values as before. */
  static Shape resolve(Shape before, long... sizes) {
    long[] resolved = sizes.clone();
    long known = 1;
    int open = -1;
    for (int axis = 0; axis < sizes.length; axis++) {
      if (sizes[axis] == -1) {
        if (open >= 0) {
          throw new ShapeException(
              "only one size of a new shape can be -1, got (" + text(sizes) + ")");
        }
        open = axis;
      } else {
        known *= sizes[axis];
      }
    }
    if (open >= 0 && known != 0 && before.size() % known == 0) {
      resolved[open] = before.size() / known;
    }
    if ((open >= 0 && resolved[open] == -1) || Shape.of(resolved).size() != before.size()) {
      throw new ShapeException(
          "cannot reshape "
              + before
              + " with "
              + before.size()
              + " values to ("
              + text(sizes)
              + ")");
    }
    return Shape.of(resolved);
  }

  private static String text(long[] sizes) {
    String list = Arrays.toString(sizes);
    return list.substring(1, list.length() - 1);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Strides that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return Arrays.toString(values);
  }
}
