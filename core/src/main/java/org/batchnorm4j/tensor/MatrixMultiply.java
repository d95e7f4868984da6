package org.batchnorm4j.tensor;

/**
 * Row-major matrix multiplication on one thread, {@code C = alpha * op(A) * op(B) + beta * C}: the seam behind which a native
 * library sits. The backend cuts work into tiles whose size depends on the shapes alone and calls this once per tile from its own
 * threads, so results do not depend on the number of threads.
 *
 * <p>{@code op(A)} is {@code m x k}, {@code op(B)} is {@code k x n}, {@code C} is {@code m x n}. Leading dimensions count elements
 * between the starts of adjacent stored rows. With {@code beta == 0} the old contents of C are ignored, NaN included. Implementations are safe
 * for use by many threads on disjoint outputs.
 */
public interface MatrixMultiply {

  /** The name shown to users, such as {@code "java"} or {@code "openblas 0.3.31"}. */
  String name();

  /** float32 product; see the interface for the meaning of the arguments. */
  void multiply(
      boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, float[] a, int aFrom, int lda, float[] b, int bFrom,
      int ldb, float beta, float[] c, int cFrom, int ldc);

  /** float64 product; see the interface for the meaning of the arguments. */
  void multiply(
      boolean transposeA, boolean transposeB, int m, int n, int k, double alpha, double[] a, int aFrom, int lda, double[] b,
      int bFrom, int ldb, double beta, double[] c, int cFrom, int ldc);
}
