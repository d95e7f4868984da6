package org.batchnorm4j.tensor;

/**
 * Cuts a matrix product into tiles of C and computes them on many threads. The tiles follow from m,
 * n and k alone and no sum is cut, so results have equal bits for any number of threads. Safe for
 * use by many threads on disjoint outputs.
 */
final class TiledMatrixMultiply {
  private final MatrixMultiply multiply;
  private final Workers workers;

  TiledMatrixMultiply(MatrixMultiply multiply, Workers workers) {
    this.multiply = multiply;
    this.workers = workers;
  }

  /** float32 product; see {@link MatrixMultiply} for the meaning of the arguments. */
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
      int ldc) {
    Tiles tiles = Tiles.of(m, n, k);
    if (tiles.count() <= 1) {
      multiply.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
      return;
    }
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
    workers.run(
        tiles.count(),
        tile -> {
          int i = tiles.row(tile);
          int j = tiles.column(tile);
          multiply.multiply(
              transposeA,
              transposeB,
              tiles.rows(tile),
              tiles.columns(tile),
              k,
              alpha,
              a,
              aFrom + (transposeA ? i : i * lda),
              lda,
              b,
              bFrom + (transposeB ? j * ldb : j),
              ldb,
              beta,
              c,
              cFrom + i * ldc + j,
              ldc);
        });
  }

  /** float64 product; see {@link MatrixMultiply} for the meaning of the arguments. */
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
      int ldc) {
    Tiles tiles = Tiles.of(m, n, k);
    if (tiles.count() <= 1) {
      multiply.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
      return;
    }
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
    workers.run(
        tiles.count(),
        tile -> {
          int i = tiles.row(tile);
          int j = tiles.column(tile);
          multiply.multiply(
              transposeA,
              transposeB,
              tiles.rows(tile),
              tiles.columns(tile),
              k,
              alpha,
              a,
              aFrom + (transposeA ? i : i * lda),
              lda,
              b,
              bFrom + (transposeB ? j * ldb : j),
              ldb,
              beta,
              c,
              cFrom + i * ldc + j,
              ldc);
        });
  }

  /** The cut of an m by n result into tiles of at most {@code high} by {@code wide}. */
  record Tiles(int m, int n, int high, int wide) {
    private static final long PRODUCTS =
        1 << 22; // about 0.1 ms: enough that handing it over costs little
    private static final int SIDE = 128;
    private static final int MOST = 32;
    private static final int ROUND = 16;

    static Tiles of(int m, int n, int k) {
      int down = 1;
      int across = 1;
      while (down * across < MOST) {
        long high = Math.ceilDiv(m, down);
        long wide = Math.ceilDiv(n, across);
        if (Math.max(high, wide) <= SIDE || high * wide * k <= PRODUCTS) {
          break;
        }
        if (high > wide) {
          down *= 2;
        } else {
          across *= 2;
        }
      }
      return new Tiles(m, n, side(m, down), side(n, across));
    }

    private static int side(int size, int cuts) {
      return cuts == 1 ? Math.max(size, 1) : Math.ceilDiv(Math.ceilDiv(size, cuts), ROUND) * ROUND;
    }

    int count() {
      return Math.ceilDiv(m, high) * Math.ceilDiv(n, wide);
    }

    int row(int tile) {
      return tile / Math.ceilDiv(n, wide) * high;
    }

    int column(int tile) {
      return tile % Math.ceilDiv(n, wide) * wide;
    }

    int rows(int tile) {
      return Math.min(high, m - row(tile));
    }

    int columns(int tile) {
      return Math.min(wide, n - column(tile));
    }
  }
}
