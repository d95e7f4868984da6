package org.batchnorm4j.tensor;

/**
 * Where a contiguous tensor lies.
 *
 * @param <A> the array type
 * @param array the array
 * @param from index of the first element
 */
record TensorRange<A>(A array, int from) {

  /** The matrix that starts {@code offset} elements into the tensor. */
  MatrixRange<A> matrix(int offset, int leading) {
    return new MatrixRange<>(array, from + offset, leading);
  }
}
