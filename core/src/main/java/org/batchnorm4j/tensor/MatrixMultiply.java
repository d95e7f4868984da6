package org.batchnorm4j.tensor;

/**
 * Row-major matrix multiplication on one thread, {@code C = alpha * op(A) * op(B) + beta * C}: the
 * seam behind which a native library sits. The backend cuts work into tiles whose size depends on
 * the shapes alone and calls this once per tile from its own threads, so results do not depend on
 * the number of threads.
 *
 * <p>{@code op(A)} is {@code m x k}, {@code op(B)} is {@code k x n}, {@code C} is {@code m x n}.
 * Leading dimensions count elements between the starts of adjacent stored rows. With {@code beta ==
 * 0} the old contents of C are ignored, NaN included. Implementations are safe for use by many
 * threads on disjoint outputs.
 */
public interface MatrixMultiply {

  /** The name shown to users, such as {@code "java"} or {@code "openblas 0.3.31"}. */
  String name();

  /** float32 product; see the interface for the meaning of the arguments. */
  void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      int aFrom,
      int lda,
      float[] b,
      int bFrom,
      int ldb,
      float beta,
      float[] c,
      int cFrom,
      int ldc);

  /** float64 product; see the interface for the meaning of the arguments. */
  void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      double alpha,
      double[] a,
      int aFrom,
      int lda,
      double[] b,
      int bFrom,
      int ldb,
      double beta,
      double[] c,
      int cFrom,
      int ldc);

  /**
   * Checks the arguments of a product against the lengths of the arrays. Every implementation calls
   * this first, so that wrong arguments end in an exception and native code never leaves its
   * arrays.
   *
   * @throws IllegalArgumentException if a size or offset is negative, a leading dimension is
   *     shorter than a stored row, or a matrix does not fit its array; the message names the matrix
   */
  static void check(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      int aLength,
      int aFrom,
      int lda,
      int bLength,
      int bFrom,
      int ldb,
      int cLength,
      int cFrom,
      int ldc) {
    if (m < 0 || n < 0 || k < 0) {
      throw new IllegalArgumentException(
          "matrix product: sizes must not be negative, but are m=" + m + ", n=" + n + ", k=" + k);
    }
    checkMatrix("A", transposeA ? k : m, transposeA ? m : k, aLength, aFrom, lda);
    checkMatrix("B", transposeB ? n : k, transposeB ? k : n, bLength, bFrom, ldb);
    checkMatrix("C", m, n, cLength, cFrom, ldc);
  }

  private static void checkMatrix(
      String name, int rows, int columns, int length, int from, int leading) {
    if (leading < columns) {
      throw new IllegalArgumentException(
          "matrix product: the leading dimension of "
              + name
              + " is "
              + leading
              + ", less than its stored rows of "
              + columns);
    }
    long end = rows == 0 || columns == 0 ? from : from + (rows - 1L) * leading + columns;
    if (from < 0 || end > length) {
      throw new IllegalArgumentException(
          "matrix product: "
              + name
              + " ("
              + rows
              + " stored rows of "
              + columns
              + ", leading dimension "
              + leading
              + ") needs elements "
              + from
              + " to "
              + end
              + " of an array of "
              + length);
    }
  }
}
