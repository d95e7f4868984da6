package org.batchnorm4j.tensor;

/**
 * The walk of an element-wise operation over its operands: a number of runs along which every
 * operand moves with one fixed stride, 0 where its value repeats. Axes of size 1 are left out, and
 * neighbouring axes join into one run where all operands allow it.
 */
final class Broadcast {
  private final int[] sizes; // of the joined axes, outermost first; the last one is the run
  private final int[][] strides; // per operand: result, a, b
  private final int[] offsets;
  private final int runs;

  private Broadcast(int[] sizes, int[][] strides, int[] offsets) {
    this.sizes = sizes;
    this.strides = strides;
    this.offsets = offsets;
    int product = 1;
    for (int i = 0; i < sizes.length - 1; i++) {
      product *= sizes[i];
    }
    runs = sizes[sizes.length - 1] == 0 ? 0 : product;
  }

  static Broadcast of(Tensor result, Tensor a, Tensor b) {
    Shape shape = result.shape();
    return joined(
        result,
        new int[][] {Strides.of(result).values(), repeated(shape, a), repeated(shape, b)},
        new int[] {result.offset(), a.offset(), b.offset()});
  }

  /** A walk over one operand whose stride along each axis of the result is given. */
  static Broadcast of(Tensor result, int[] strides, int offset) {
    return joined(
        result,
        new int[][] {Strides.of(result).values(), strides, strides},
        new int[] {result.offset(), offset, offset});
  }

  /** The shape two operands broadcast to. */
  static Shape shape(String what, Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    long[] sizes = new long[rank];
    for (int i = 1; i <= rank; i++) {
      long sa = i <= a.rank() ? a.axis(-i) : 1;
      long sb = i <= b.rank() ? b.axis(-i) : 1;
      if (sa != sb && sa != 1 && sb != 1) {
        throw new ShapeException(
            what
                + " of shapes "
                + a
                + " and "
                + b
                + ": axis "
                + -i
                + " has "
                + sa
                + " and "
                + sb
                + ", but sizes must be equal or 1");
      }
      sizes[rank - i] = sa == 1 ? sb : sa;
    }
    return Shape.of(sizes);
  }

  private static int[] repeated(Shape shape, Tensor operand) {
    int[] own = Strides.of(operand).values();
    int[] strides = new int[shape.rank()];
    int shift = shape.rank() - operand.rank();
    for (int axis = 0; axis < operand.rank(); axis++) {
      strides[axis + shift] = operand.axis(axis) == 1 ? 0 : own[axis];
    }
    return strides;
  }

  private static Broadcast joined(Tensor result, int[][] strides, int[] offsets) {
    int rank = result.rank();
    int[] order = Strides.storageOrder(rank, result.layout());
    int[] sizes = new int[Math.max(1, rank)];
    int[][] kept = new int[strides.length][Math.max(1, rank)];
    int count = 0;
    for (int axis : order) {
      int size = result.axis(axis);
      if (size == 1) {
        continue; // no step is ever taken along it
      }
      boolean join = count > 0;
      for (int operand = 0; operand < strides.length && join; operand++) {
        join = kept[operand][count - 1] == strides[operand][axis] * size;
      }
      if (join) {
        sizes[count - 1] *= size;
      } else {
        sizes[count++] = size;
      }
      for (int operand = 0; operand < strides.length; operand++) {
        kept[operand][count - 1] = strides[operand][axis];
      }
    }
    if (count == 0) {
      sizes[count++] = 1;
    }
    int[][] trimmed = new int[strides.length][];
    for (int operand = 0; operand < strides.length; operand++) {
      trimmed[operand] = java.util.Arrays.copyOf(kept[operand], count);
    }
    return new Broadcast(java.util.Arrays.copyOf(sizes, count), trimmed, offsets);
  }

  int runs() {
    return runs;
  }

  int runLength() {
    return sizes[sizes.length - 1];
  }

  int strideA() {
    return strides[1][sizes.length - 1];
  }

  int strideB() {
    return strides[2][sizes.length - 1];
  }

  /** Storage positions of result, a and b at the start of a run; not to be written to. */
  int[] starts(int run) {
    if (sizes.length == 1) {
      return offsets;
    }
    int[] starts = offsets.clone();
    int rest = run;
    for (int i = sizes.length - 2; i >= 0; i--) {
      int index = rest % sizes[i];
      rest /= sizes[i];
      for (int operand = 0; operand < starts.length; operand++) {
        starts[operand] += index * strides[operand][i];
      }
    }
    return starts;
  }
}
