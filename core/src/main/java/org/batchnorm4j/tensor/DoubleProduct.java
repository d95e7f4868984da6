package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * Workspace and loops of a float64 matrix product on one thread; the twin of {@link FloatProduct}.
 *
 * <p>Every sum starts at 0 and runs {@code sum = fma(a, b, sum)} over {@code k} in order, however
 * the work is blocked. Rows of B and of the sums are arrays of their own, all read and written at
 * the same index: the compiler can then prove that they do not overlap and turns the inner loop
 * into vector instructions. Not safe for use by many threads.
 */
final class DoubleProduct {
  static final int ROWS = 256;
  static final int COLUMNS = 128;
  static final int DEPTH = 64;

  private final double[][] sums = new double[ROWS][COLUMNS];
  private final double[][] right = new double[DEPTH][COLUMNS];
  private final double[] left = new double[ROWS * DEPTH];

  /**
   * Computes {@code C = alpha * A * B + beta * C}. Element (i, j) of each matrix lies at {@code
   * from + i * down + j * across}.
   */
  void multiply(
      int m,
      int n,
      int k,
      double alpha,
      double[] a,
      MatrixPosition atA,
      double[] b,
      MatrixPosition atB,
      double beta,
      double[] c,
      MatrixPosition atC) {
    for (int j = 0; j < n; j += COLUMNS) {
      int columns = Math.min(COLUMNS, n - j);
      for (int i = 0; i < m; i += ROWS) {
        int rows = Math.min(ROWS, m - i);
        clearSums(rows, columns);
        for (int p = 0; p < k; p += DEPTH) {
          int depth = Math.min(DEPTH, k - p);
          packLeft(a, atA.index(i, p), atA.down(), atA.across(), rows, depth);
          packRight(b, atB.index(p, j), atB.down(), atB.across(), depth, columns);
          accumulate(rows, columns, depth);
        }
        store(rows, columns, alpha, beta, c, atC.index(i, j), atC.down(), atC.across());
      }
    }
  }

  private void clearSums(int rows, int columns) {
    for (int i = 0; i < rows || i % 4 != 0; i++) {
      Arrays.fill(sums[i], 0, columns, 0.0);
    }
  }

  /** Copies A in squares of 4 by 4, row by row inside a square; what lies beyond the edge is 0. */
  private void packLeft(double[] a, int from, int down, int across, int rows, int depth) {
    int at = 0;
    for (int i = 0; i < rows; i += 4) {
      for (int p = 0; p < depth; p += 4) {
        if (i + 4 <= rows && p + 4 <= depth) {
          packSquare(a, from + i * down + p * across, down, across, at);
        } else {
          packCorner(
              a,
              from + i * down + p * across,
              down,
              across,
              Math.min(4, rows - i),
              Math.min(4, depth - p),
              at);
        }
        at += 16;
      }
    }
  }

  private void packSquare(double[] a, int from, int down, int across, int at) {
    for (int i = 0; i < 4; i++) {
      int row = from + i * down;
      left[at + 4 * i] = a[row];
      left[at + 4 * i + 1] = a[row + across];
      left[at + 4 * i + 2] = a[row + 2 * across];
      left[at + 4 * i + 3] = a[row + 3 * across];
    }
  }

  private void packCorner(double[] a, int from, int down, int across, int rows, int depth, int at) {
    for (int i = 0; i < 4; i++) {
      for (int p = 0; p < 4; p++) {
        left[at + 4 * i + p] = i < rows && p < depth ? a[from + i * down + p * across] : 0.0;
      }
    }
  }

  private void packRight(double[] b, int from, int down, int across, int depth, int columns) {
    if (across == 1) {
      for (int p = 0; p < depth; p++) {
        System.arraycopy(b, from + p * down, right[p], 0, columns);
      }
    } else {
      packRightTransposed(b, from, down, across, depth, columns);
    }
    for (int p = depth; p % 4 != 0; p++) {
      Arrays.fill(right[p], 0, columns, 0.0);
    }
  }

  private void packRightTransposed(
      double[] b, int from, int down, int across, int depth, int columns) {
    int p = 0;
    for (; p + 4 <= depth; p += 4) {
      double[] r0 = right[p];
      double[] r1 = right[p + 1];
      double[] r2 = right[p + 2];
      double[] r3 = right[p + 3];
      int at = from + p * down;
      for (int j = 0; j < columns; j++) {
        r0[j] = b[at];
        r1[j] = b[at + down];
        r2[j] = b[at + 2 * down];
        r3[j] = b[at + 3 * down];
        at += across;
      }
    }
    for (; p < depth; p++) {
      double[] row = right[p];
      int at = from + p * down;
      for (int j = 0; j < columns; j++) {
        row[j] = b[at];
        at += across;
      }
    }
  }

  private void accumulate(int rows, int columns, int depth) {
    int at = 0;
    for (int i = 0; i < rows; i += 4) {
      for (int p = 0; p < depth; p += 4) {
        addSquare(
            sums[i],
            sums[i + 1],
            sums[i + 2],
            sums[i + 3],
            right[p],
            right[p + 1],
            right[p + 2],
            right[p + 3],
            left,
            at,
            columns);
        at += 16;
      }
    }
  }

  /** Adds a 4 by 4 square of A times 4 rows of B to 4 rows of sums. */
  private static void addSquare(
      double[] c0,
      double[] c1,
      double[] c2,
      double[] c3,
      double[] b0,
      double[] b1,
      double[] b2,
      double[] b3,
      double[] a,
      int at,
      int columns) {
    double a00 = a[at];
    double a01 = a[at + 1];
    double a02 = a[at + 2];
    double a03 = a[at + 3];
    double a10 = a[at + 4];
    double a11 = a[at + 5];
    double a12 = a[at + 6];
    double a13 = a[at + 7];
    double a20 = a[at + 8];
    double a21 = a[at + 9];
    double a22 = a[at + 10];
    double a23 = a[at + 11];
    double a30 = a[at + 12];
    double a31 = a[at + 13];
    double a32 = a[at + 14];
    double a33 = a[at + 15];
    for (int j = 0; j < columns; j++) {
      double x0 = b0[j];
      double x1 = b1[j];
      double x2 = b2[j];
      double x3 = b3[j];
      c0[j] = Math.fma(a03, x3, Math.fma(a02, x2, Math.fma(a01, x1, Math.fma(a00, x0, c0[j]))));
      c1[j] = Math.fma(a13, x3, Math.fma(a12, x2, Math.fma(a11, x1, Math.fma(a10, x0, c1[j]))));
      c2[j] = Math.fma(a23, x3, Math.fma(a22, x2, Math.fma(a21, x1, Math.fma(a20, x0, c2[j]))));
      c3[j] = Math.fma(a33, x3, Math.fma(a32, x2, Math.fma(a31, x1, Math.fma(a30, x0, c3[j]))));
    }
  }

  private void store(
      int rows,
      int columns,
      double alpha,
      double beta,
      double[] c,
      int from,
      int down,
      int across) {
    boolean plain = alpha == 1.0 && beta == 0.0;
    for (int i = 0; i < rows; i++) {
      double[] row = sums[i];
      int at = from + i * down;
      if (plain && across == 1) {
        System.arraycopy(row, 0, c, at, columns);
      } else if (beta == 0.0) {
        for (int j = 0; j < columns; j++) {
          c[at + j * across] = alpha * row[j];
        }
      } else {
        for (int j = 0; j < columns; j++) {
          c[at + j * across] = alpha * row[j] + beta * c[at + j * across];
        }
      }
    }
  }
}
