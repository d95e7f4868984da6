package org.batchnorm4j.tensor;

/**
 * Where a matrix lies in its array: the first element and the steps to the element below and to the
 * one on the right.
 */
record MatrixPosition(int from, int down, int across) {
  static MatrixPosition of(boolean transposed, int from, int leading) {
    return transposed ? new MatrixPosition(from, 1, leading) : new MatrixPosition(from, leading, 1);
  }

  MatrixPosition transposed() {
    return new MatrixPosition(from, across, down);
  }

  int index(int row, int column) {
    return from + row * down + column * across;
  }
}
