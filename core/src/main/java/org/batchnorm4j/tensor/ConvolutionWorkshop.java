package org.batchnorm4j.tensor;

/**
 * What all passes of a convolution work with: the array operations, the matrix product, the
 * threads, and scratch memory with the matrices that live there.
 *
 * @param <A> the array type
 * @param arrays operations on arrays of this type
 * @param multiply the matrix product
 * @param workers the threads
 * @param scratch memory that is used again
 */
record ConvolutionWorkshop<A>(
    ConvolutionArrays<A> arrays, MatrixMultiply multiply, Workers workers, Scratch<A> scratch) {

  /** {@code C = op(A) * op(B)}, or {@code C += op(A) * op(B)} if {@code add}. */
  void product(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      MatrixRange<A> a,
      MatrixRange<A> b,
      boolean add,
      MatrixRange<A> c) {
    arrays.multiply(multiply, transposeA, transposeB, m, n, k, a, b, add, c);
  }

  /**
   * A block of the patch matrix: the input itself if it serves, else unfolded into scratch memory.
   */
  Borrowed patches(ConvolutionGeometry geometry, PatchBlock block, TensorRange<A> x) {
    if (geometry.pointwise() && block.images() == 1) {
      int plane = block.image() * geometry.inChannels() + block.channel();
      int start = plane * geometry.inPositions() + block.row() * geometry.outWidth();
      return new Borrowed(x.matrix(start, geometry.inPositions()), 0);
    }
    int size = block.size(geometry);
    A array = scratch.borrow(size);
    arrays.unfold(geometry, block, x.array(), x.from(), array, 0);
    return new Borrowed(new MatrixRange<>(array, 0, block.columns(geometry)), size);
  }

  /**
   * The values of an output, or of its gradient, at the positions of a block, one row per channel
   * of the group: in place for one image, else gathered.
   */
  Borrowed outputs(ConvolutionGeometry geometry, PatchBlock block, int group, TensorRange<A> y) {
    int channels = geometry.groupOutChannels();
    int positions = geometry.outPositions();
    int first = (block.image() * geometry.outChannels() + group * channels) * positions;
    if (block.images() == 1) {
      return new Borrowed(y.matrix(first + block.row() * geometry.outWidth(), positions), 0);
    }
    int columns = block.columns(geometry);
    A array = scratch.borrow(channels * columns);
    for (int channel = 0; channel < channels; channel++) {
      for (int image = 0; image < block.images(); image++) {
        int at = y.from() + first + (image * geometry.outChannels() + channel) * positions;
        System.arraycopy(y.array(), at, array, channel * columns + image * positions, positions);
      }
    }
    return new Borrowed(new MatrixRange<>(array, 0, columns), channels * columns);
  }

  /** A matrix of which the array, if {@code size} is not 0, goes back to the scratch memory. */
  final class Borrowed implements AutoCloseable {
    final MatrixRange<A> matrix;
    private final int size;

    private Borrowed(MatrixRange<A> matrix, int size) {
      this.matrix = matrix;
      this.size = size;
    }

    @Override
    public void close() {
      if (size > 0) {
        scratch.giveBack(size, matrix.array());
      }
    }
  }
}
