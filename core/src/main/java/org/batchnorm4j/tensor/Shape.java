package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * The sizes of a tensor's axes, outermost first. Immutable and safe for use by many threads.
 *
 * <p>A shape of rank 0 is that of a scalar and has one element; an axis of size 0 makes an empty
 * tensor. At most {@link #MAX_SIZE} elements, and no axis longer than that.
 */
public final class Shape {
  /** The most elements a tensor can have: the longest array that virtual machines grant. */
  public static final long MAX_SIZE = Integer.MAX_VALUE - 8L;

  private final long[] sizes;
  private final long size;

  private Shape(long[] sizes) {
    long product = 1;
    boolean empty = false;
    for (long s : sizes) {
      if (s < 0) {
        throw new ShapeException("shape " + text(sizes) + " has a negative axis");
      }
      if (s > MAX_SIZE) { // even in an empty tensor, so that every size fits an int
        throw tooLarge(sizes);
      }
      empty |= s == 0;
    }
    for (long s : sizes) {
      if (empty) {
        product = 0;
      } else if (product > MAX_SIZE / s) {
        throw tooLarge(sizes);
      } else {
        product *= s;
      }
    }
    this.sizes = sizes;
    this.size = product;
  }

  private static ShapeException tooLarge(long... sizes) {
    return new ShapeException(
        "shape "
            + text(sizes)
            + " has more than the "
            + MAX_SIZE
            + " elements that one tensor can hold; split it along axis 0");
  }

  /**
   * A shape of the given axis sizes.
   *
   * @throws ShapeException if a size is negative, or a size or the product exceeds {@link
   *     #MAX_SIZE}
   */
  public static Shape of(long... sizes) {
    return new Shape(sizes.clone());
  }

  /** Number of axes. */
  public int rank() {
    return sizes.length;
  }

  /** Number of elements: the product of the sizes. */
  public long size() {
    return size;
  }

  /**
   * Size of one axis; negative axes count from the end.
   *
   * @throws ShapeException if there is no such axis
   */
  public long axis(int axis) {
    return sizes[checkedAxis(axis)];
  }

  /**
   * The axis as a number from 0 to rank - 1; negative axes count from the end.
   *
   * @throws ShapeException if there is no such axis
   */
  public int checkedAxis(int axis) {
    int index = axis < 0 ? axis + sizes.length : axis;
    if (index < 0 || index >= sizes.length) {
      throw new ShapeException("shape " + this + " has no axis " + axis);
    }
    return index;
  }

  /** Product of the sizes of the axes {@code from} (inclusive) to {@code to} (exclusive). */
  public long span(int from, int to) {
    long product = 1;
    for (int i = from; i < to; i++) {
      product *= sizes[i];
    }
    return product;
  }

  /** The same shape with one axis replaced. */
  public Shape with(int axis, long newSize) {
    long[] changed = sizes.clone();
    changed[checkedAxis(axis)] = newSize;
    return new Shape(changed);
  }

  /** The sizes, as a new array. */
  public long[] toArray() {
    return sizes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape that && Arrays.equals(sizes, that.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /** The sizes in brackets: {@code (8, 3, 32, 32)}; {@code ()} for a scalar. */
  @Override
  public String toString() {
    return text(sizes);
  }

  private static String text(long[] sizes) {
    String list = Arrays.toString(sizes);
    return "(" + list.substring(1, list.length() - 1) + ")";
  }
}
