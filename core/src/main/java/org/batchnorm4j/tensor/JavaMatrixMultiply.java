package org.batchnorm4j.tensor;

import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Matrix multiplication in plain Java. It needs no native library, no incubating module and no
 * flag.
 *
 * <p>Each element of the product is {@code alpha * s + beta * c} with {@code s = fma(a[p], b[p],
 * s)} for p = 0 .. k - 1 from s = 0, on every machine and for every shape: results have equal bits
 * everywhere (a sum that is zero may differ in sign). {@link Math#fma} rounds once wherever it
 * runs; processors without the instruction (x86 before 2013) compute it in software, very slowly.
 *
 * <p>Safe for use by many threads. Each thread at work holds a workspace of about 0.4 MB, which is
 * kept for later calls.
 */
public final class JavaMatrixMultiply implements MatrixMultiply {
  private static final int NARROW = 32;

  private final ConcurrentLinkedQueue<FloatProduct> floats = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<DoubleProduct> doubles = new ConcurrentLinkedQueue<>();

  /** Creates a multiplication that has no workspace yet. */
  public JavaMatrixMultiply() {}

  @Override
  public String name() {
    return "java";
  }

  @Override
  public void multiply(
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
      int ldc) {
    MatrixMultiply.check(
        transposeA,
        transposeB,
        m,
        n,
        k,
        a.length,
        aFrom,
        lda,
        b.length,
        bFrom,
        ldb,
        c.length,
        cFrom,
        ldc);
    MatrixPosition atA = MatrixPosition.of(transposeA, aFrom, lda);
    MatrixPosition atB = MatrixPosition.of(transposeB, bFrom, ldb);
    MatrixPosition atC = MatrixPosition.of(false, cFrom, ldc);
    int depth = alpha == 0f ? 0 : k;
    @Nullable FloatProduct kept = floats.poll();
    FloatProduct product = kept == null ? new FloatProduct() : kept;
    if (narrow(m, n)) {
      product.multiply(
          n, m, depth, alpha, b, atB.transposed(), a, atA.transposed(), beta, c, atC.transposed());
    } else {
      product.multiply(m, n, depth, alpha, a, atA, b, atB, beta, c, atC);
    }
    floats.add(product);
  }

  @Override
  public void multiply(
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
      int ldc) {
    MatrixMultiply.check(
        transposeA,
        transposeB,
        m,
        n,
        k,
        a.length,
        aFrom,
        lda,
        b.length,
        bFrom,
        ldb,
        c.length,
        cFrom,
        ldc);
    MatrixPosition atA = MatrixPosition.of(transposeA, aFrom, lda);
    MatrixPosition atB = MatrixPosition.of(transposeB, bFrom, ldb);
    MatrixPosition atC = MatrixPosition.of(false, cFrom, ldc);
    int depth = alpha == 0.0 ? 0 : k;
    @Nullable DoubleProduct kept = doubles.poll();
    DoubleProduct product = kept == null ? new DoubleProduct() : kept;
    if (narrow(m, n)) {
      product.multiply(
          n, m, depth, alpha, b, atB.transposed(), a, atA.transposed(), beta, c, atC.transposed());
    } else {
      product.multiply(m, n, depth, alpha, a, atA, b, atB, beta, c, atC);
    }
    doubles.add(product);
  }

  /**
   * Whether the transposed product suits the inner loop, which runs along n, better. The sums are
   * the same either way.
   */
  private static boolean narrow(int m, int n) {
    return n < NARROW && m > n;
  }

  @Override
  public String toString() {
    return name();
  }
}
